"""Changes of the agent's loop: what it asks, keeps, drops and waits for."""

from __future__ import annotations

from dgm.gateway.builtin.catalogue.change import Code, Edits, Entry, Files, entry, find

_FOR_TURN = r"^\s+for turn in "
_NO_CALLS = r"^\s+if not calls:$"
_RESULTS = r'^\s+messages\.append\(\{"role": "user", "content": results\}\)$'

_REMIND = """\
if not calls and reminders and is_unchanged(context.workspace):
    reminders -= 1
    messages.append({"role": "assistant", "content": content or [NOTHING]})
    messages.append({"role": "user", "content": "The repository is unchanged. Please go on."})
    continue
"""
_IS_UNCHANGED = '''\
NOTHING = {"type": "text", "text": "(nothing)"}


def is_unchanged(workspace):
    """Say whether git sees no change."""
    output, exit_code = shell.run("git status --porcelain", workspace, 10)
    return exit_code == 0 and not output.strip()
'''
_FORGET = '''\
def forget(messages, keep=7):
    """Drop the text of old tool results."""
    for message in messages[1:-keep]:
        for block in message["content"]:
            if isinstance(block, dict) and len(block.get("content", "")) > 200:
                block["content"] = "[dropped]"
'''


def _loop(files: Files) -> tuple[str, Code]:
    path = find(files, _FOR_TURN, _RESULTS)
    return path, Code(files[path])


def _ask_again(files: Files) -> Edits:
    path, code = _loop(files)
    find(files, r"^def run\(command, folder, timeout\)")
    code = code.without("is_unchanged").before(_FOR_TURN, "reminders = 1")
    return {
        path: code.before(_NO_CALLS, _REMIND).importing("shell").ending_with(_IS_UNCHANGED).text
    }


def _forget_results(files: Files) -> Edits:
    path, code = _loop(files)
    code = code.without("forget(").after(_RESULTS, "forget(messages)")
    return {path: code.ending_with(_FORGET).text}


def _cut_history(files: Files) -> Edits:
    path, code = _loop(files)
    return {path: code.without("del messages").after(_RESULTS, "del messages[1:-5]").text}


def _ask_through_errors(files: Files) -> Edits:
    path, code = _loop(files)
    code = code.without("patience").before(_FOR_TURN, "patience = 2")
    lines = "if patience:\n    patience -= 1\n    continue"
    return {path: code.before(r'^\s+print\(f"model error', lines).text}


def _pause(files: Files) -> Edits:
    path, code = _loop(files)
    code = code.without("time.sleep").before(r"^        try:$", "time.sleep(0.5)")
    return {path: code.importing("time").text}


def _one_call_a_turn(files: Files) -> Edits:
    path, code = _loop(files)
    return {path: code.replacing(r'(if block\["type"\] == "tool_use"\])$', r"\1[:1]").text}


def _stop_at_errors(files: Files) -> Edits:
    path, code = _loop(files)
    lines = 'if any(result.get("is_error") for result in results):\n    return turn, "finished"'
    return {path: code.without("any(result.get").after(_RESULTS, lines).text}


def _count_down(files: Files) -> Edits:
    path, code = _loop(files)
    left = 'left = {"type": "text", "text": f"{max_turns - turn} turns left"}'
    return {path: code.without("turns left").before(_RESULTS, f"{left}\nresults.append(left)").text}


ENTRIES: tuple[Entry, ...] = (
    entry(
        "When the model stops but the repository is unchanged, ask it once more",
        "empty patch edit made nothing early go",
        _ask_again,
    ),
    entry(
        "Drop the text of old tool results from the history",
        "budget token context long save",
        _forget_results,
    ),
    entry("Keep only the newest messages", "budget token context long history", _cut_history),
    entry("Go on after a model error", "retry connection fail", _ask_through_errors),
    entry("Wait a moment before each turn", "rate limit overload slow", _pause),
    entry("Run one tool call a turn", "step careful order mistake", _one_call_a_turn),
    entry("Stop when a tool fails", "error edit wrong exit", _stop_at_errors),
    entry("Tell the model how many turns are left", "turn limit ran out", _count_down),
)
