"""Changes of the agent's tools: what they show, what they can do, new ones, and fewer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from dgm.gateway.builtin.catalogue.change import (
    Change,
    Code,
    Edits,
    Entry,
    Files,
    NotApplicableError,
    entry,
    find,
    words_of,
)

_TEMPLATES = Path(__file__).parent / "templates"
_SPEC = r"^SPEC = \{$"
_TOOL = r"^def run\(arguments, context\):$"
_SHELL = r"^def run\(command, folder, timeout\):$"
_CONTENT = r'^\s+"content": \{"type": "string"'

_REPLACE_CALL = """\
if action == "replace":
    return replace(path, arguments["old"], arguments["new"])
"""
_REPLACE = """\
def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"old occurs {text.count(old)} times, not once")
    return write(path, text.replace(old, new))
"""
_VIEW_CALL = r'return view(path, context.settings["view_lines"], arguments)'
_VIEW = """\
def view(path, limit, arguments):
    lines = path.read_text(encoding="utf-8").splitlines()
    first = arguments.get("start_line", 1)
    part = lines[first - 1 : arguments.get("end_line")]
    shown = [f"{number:6}\\t{line}" for number, line in enumerate(part[:limit], first)]
    if len(part) > limit:
        shown.append(f"[clipped: {limit} of {len(lines)} lines shown]")
    return "\\n".join(shown)
"""
_HEAD_AND_TAIL = '''\
def clip(text, limit):
    """Keep the beginning and the end of a long text."""
    if len(text) <= limit:
        return text
    half = limit // 2
    note = f"[clipped: {2 * half} of {len(text)} characters shown]"
    return f"{text[:half]}\\n{note}\\n{text[-half:]}"
'''
_TAIL = '''\
def clip(text, limit):
    """Keep the end of a long text."""
    if len(text) <= limit:
        return text
    return f"[clipped: {limit} of {len(text)} characters shown]\\n{text[-limit:]}"
'''


def _file_tool(files: Files) -> tuple[str, Code]:
    path = find(files, _TOOL, r'"enum": \["view"', r"^def view\(")
    return path, Code(files[path])


def _replace_action(files: Files) -> Edits:
    path, code = _file_tool(files)
    code = code.without('"replace"').replacing(r'("enum": \["view"[^\]]*)\]', r'\1, "replace"]')
    fields = '"old": {"type": "string", "description": "occurs once"},\n"new": {"type": "string"},'
    code = code.after(_CONTENT, fields).before(r"^    raise ValueError\(f\"there", _REPLACE_CALL)
    return {path: code.ending_with(_REPLACE).text}


def _view_by_lines(files: Files) -> Edits:
    path, code = _file_tool(files)
    fields = '"start_line": {"type": "integer"},\n"end_line": {"type": "integer"},'
    code = code.without("start_line").before(_CONTENT, fields).redefining("view", _VIEW)
    return {path: code.replacing(r"return view\(path, [^\n]*\)$", _VIEW_CALL).text}


def _clipping(source: str, files: Files) -> Edits:
    path = find(files, _TOOL, r"^def clip\(text, limit\):$")
    return {path: Code(files[path]).without(source).redefining("clip", source).text}


def _no_exit_code(files: Files) -> Edits:
    path = find(files, _TOOL, r"\[exit code \{exit_code\}\]")
    return {path: Code(files[path]).replacing(r"\\n\[exit code \{exit_code\}\]", "").text}


def _new_tool(template: str, files: Files) -> Edits:
    folder = find(files, _TOOL, _SPEC).rpartition("/")[0]
    path = f"{folder}/{template}.py"
    text = _template(template)
    if "import shell\n" in text:
        find(files, _SHELL)
    return {_new(path, files): text}


def _locator(files: Files) -> Edits:
    tracer = _new("tracer/sitecustomize.py", files)
    return {**_new_tool("locate", files), tracer: _template("sitecustomize")}


def _new(path: str, files: Files) -> str:
    if path in files:
        raise NotApplicableError(f"{path} is there already")
    return path


def _template(name: str) -> str:
    return (_TEMPLATES / f"{name}.py.txt").read_text(encoding="utf-8")


def remove_a_tool(files: Files) -> Iterator[Change]:
    """Offer to remove each of the tools."""
    for path in sorted(files):
        code = files[path]
        if "\nSPEC = {\n" in code and "\ndef run(arguments, context):\n" in code:
            yield Change(f"Remove {path}", words_of("simple fewer tools choice"), {path: None})


ENTRIES: tuple[Entry, ...] = (
    entry(
        "Let the file tool replace a passage",
        "edit long file overwrite old new string fail clipped",
        _replace_action,
    ),
    entry("Let the file tool view a range of lines", "clipped long start end", _view_by_lines),
    entry(
        "Show the head and the tail of long output",
        "clipped cut bash shell end beginning failing",
        partial(_clipping, _HEAD_AND_TAIL),
    ),
    entry("Show only the tail of long output", "clipped cut bash end", partial(_clipping, _TAIL)),
    entry("Leave the exit code out of the results", "shorter output token", _no_exit_code),
    entry(
        "Add a tool that tries several edits with one command",
        "candidate turn more many each call attempt test",
        partial(_new_tool, "try_edits"),
    ),
    entry(
        "Add a tool that locates suspicious lines",
        "fault find wrong place failing test trace rank candidate",
        _locator,
    ),
    entry("Add a tool that counts words", "long file size view", partial(_new_tool, "count")),
    entry("Add a tool that lists files", "find path repository", partial(_new_tool, "list_files")),
    remove_a_tool,
)
