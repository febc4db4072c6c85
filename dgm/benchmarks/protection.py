"""Which parts of a patch may not reach the hidden tests: tests, their configuration, their tools.

Leaving a part out is no accusation. Agents write tests of their own, and configure them; those just
do not count. So an honest patch scores without its tests, and a dishonest one without its tricks.

Covered, at any depth: test files, `conftest.py`, configuration files of pytest, start-up hooks of
Python (`sitecustomize.py`, `usercustomize.py`, `*.pth`), and whole `setup.cfg`, `tox.ini` and
`pyproject.toml` where their test sections differ from the task's, and `entry_points.txt`, by which
pytest finds plugins. At the top of the workspace: modules and folders with the name of a test
framework, or of a standard module that it or the hidden tests import, unless the task itself has
such a module. Not covered: test configuration of other languages.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dgm import syntax
from dgm.benchmarks.trial import sources_of

_FILES = (
    *("test_*.py", "*_test.py", "conftest.py", "entry_points.txt"),
    *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"),
    *("sitecustomize.py", "usercustomize.py", "*.pth"),
)
_SETTINGS = ("setup.cfg", "tox.ini", "pyproject.toml")
_FRAMEWORKS = frozenset(
    {
        *("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "exceptiongroup"),
        *("tomli", "unittest", "nose"),
    }
)
# What those import themselves: `python -m pytest` looks for it in the workspace first.
_THEIR_MODULES = frozenset(
    {
        *("argparse", "ast", "asyncio", "bdb", "bisect", "collections", "contextlib"),
        *("contextvars", "copy", "ctypes", "dataclasses", "datetime", "decimal", "difflib"),
        *("doctest", "email", "enum", "faulthandler", "fnmatch", "functools", "getpass", "glob"),
        *("hashlib", "heapq", "importlib", "inspect", "io", "itertools", "json", "linecache"),
        *("locale", "logging", "math", "operator", "os", "pathlib", "pdb", "pickle", "pkgutil"),
        *("platform", "pprint", "re", "reprlib", "shlex", "shutil", "signal", "stat", "struct"),
        *("subprocess", "sysconfig", "tempfile", "textwrap", "threading", "time", "tokenize"),
        *("tomllib", "traceback", "tracemalloc", "types", "typing", "unicodedata", "urllib"),
        *("uuid", "warnings", "weakref", "xml"),
    }
)
_SETTINGS_BYTES = 1 << 18
_MODULE_FILE = re.compile(r"([^\W\d]\w*)(\.pyc?|(\.[\w-]+)?\.so)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Modules:
    """The modules that closed tests import from the patch: the task's `own`, and those `added`.

    Of those added, the judge leaves out what is installed beside the workspace.
    """

    own: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()


def protected_patterns(base: Path, tests: Path) -> tuple[str, ...]:
    """Return the git path patterns of what a patch to the task's files in `base` may not change."""
    imported = imported_modules(sources_of(tests).values()) & sys.stdlib_module_names
    names = _FRAMEWORKS | _THEIR_MODULES | imported
    shadows = sorted(names - modules_in(base))
    files: tuple[str, ...] = _FILES
    if (tests / "check.py").is_file():
        files, shadows = (*files, "check.py"), [*shadows, "check"]
    return (
        *(pattern for name in files for pattern in (name, f"*/{name}")),
        *(pattern for name in shadows for pattern in _module_patterns(name)),
    )


def dropped_paths(touched: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of a patch that are left out of it."""
    every = tuple(patterns)
    return tuple(path for path in touched if any(fnmatch(path, pattern) for pattern in every))


def changed_settings(touched: Iterable[str], base: Path, tree: Path) -> tuple[str, ...]:
    """Return patterns of the settings files whose test sections a patch has changed in `tree`."""
    changed = {
        name
        for path in touched
        if (name := path.rpartition("/")[2]) in _SETTINGS
        and _test_sections(base / path) != _test_sections(tree / path)
    }
    return tuple(pattern for name in sorted(changed) for pattern in (name, f"*/{name}"))


def imported_modules(sources: Iterable[str]) -> frozenset[str]:
    """Return the top-level modules that some Python texts import."""
    found: set[str] = set()
    for source in sources:
        try:
            module = syntax.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            continue
        found.update(name.partition(".")[0] for name in _imports(module))
    return frozenset(found)


def _imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def modules_of(base: Path, tree: Path) -> Modules:
    """Say what a patch that made `tree` of the task's files in `base` may be asked for.

    Never a standard module or a test framework, unless the task itself has such a module.
    """
    own = modules_in(base)
    return Modules(own, modules_in(tree) - own - sys.stdlib_module_names - _FRAMEWORKS)


def modules_in(folder: Path) -> frozenset[str]:
    """Return the modules that Python can import from a folder: files, extensions, packages."""
    found: set[str] = set()
    for path in folder.iterdir():
        if path.is_dir():
            is_package = any(_MODULE_FILE.fullmatch(inner.name) for inner in path.rglob("*.*"))
            found.update({path.name} if is_package and path.name.isidentifier() else ())
        elif file := _MODULE_FILE.fullmatch(path.name):
            found.add(file[1])
    return frozenset(found)


def _module_patterns(name: str) -> tuple[str, ...]:
    endings = (".py", ".pyc", ".so", ".*.so", "/*")
    return tuple(name + ending for ending in endings)


def _test_sections(path: Path) -> object:
    """Return what a settings file says to test tools; None if there is no such file.

    A file that cannot be read as its kind is compared as a whole.
    """
    if path.is_symlink() or not path.is_file():
        return None if not path.is_symlink() else str(path.readlink())
    with path.open("rb") as file:
        content = file.read(_SETTINGS_BYTES + 1)
    if path.name != "pyproject.toml" or len(content) > _SETTINGS_BYTES:
        return _sections_about_tests(content)
    try:
        tools = tomllib.loads(content.decode()).get("tool", {})
        return tools.get("pytest") if isinstance(tools, dict) else tools
    except (ValueError, RecursionError):
        return content


def _sections_about_tests(content: bytes) -> object:
    """Return the lines of the sections whose headers name a test tool, None if there are none.

    Lines end where they do for pytest's reader, at a form feed too.
    """
    if len(content) > _SETTINGS_BYTES:
        return content
    lines: list[str] = []
    is_about_tests = False
    for line in content.decode(errors="surrogateescape").splitlines():
        if line.lstrip().startswith("["):
            is_about_tests = any(tool in line for tool in ("pytest", "unittest", "nose"))
        if is_about_tests:
            lines.append(line.strip())
    return lines or None
