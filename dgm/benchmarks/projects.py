"""Which Python package a workspace is the source of, read from its files; nothing of it is run."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from dgm import syntax


@dataclass(frozen=True, slots=True)
class Project:
    """A package: its name as indexes compare it, and its version if that can be told."""

    name: str
    version: str | None


def project_of(workspace: Path) -> Project | None:
    """Read from a workspace which Python package it is the source of."""
    for read in (_from_pyproject, _from_setup_cfg, _from_setup_py):
        name, version = read(workspace)
        if name:
            return Project(canonicalize_name(name), version or _own_version(workspace, name))
    return None


def _from_pyproject(workspace: Path) -> tuple[str, str]:
    try:
        settings = tomllib.loads(_text(workspace / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return "", ""
    tool = settings.get("tool", {})
    poetry = tool.get("poetry", {}) if isinstance(tool, dict) else {}
    for section in (settings.get("project", {}), poetry):
        if isinstance(section, dict) and isinstance(section.get("name"), str):
            return section["name"], str(section.get("version") or "")
    return "", ""


def _from_setup_cfg(workspace: Path) -> tuple[str, str]:
    text = _text(workspace / "setup.cfg")
    name = re.search(r"^name\s*=\s*(\S+)\s*$", text, re.MULTILINE)
    version = re.search(r"^version\s*=\s*(\d\S*)\s*$", text, re.MULTILINE)
    return (name[1] if name else ""), (version[1] if version else "")


def _from_setup_py(workspace: Path) -> tuple[str, str]:
    try:
        module = syntax.parse(_text(workspace / "setup.py"))
    except (SyntaxError, ValueError, RecursionError):
        return "", ""
    said = {
        word.arg: word.value.value
        for call in ast.walk(module)
        if isinstance(call, ast.Call)
        for word in call.keywords
        if word.arg in ("name", "version") and isinstance(word.value, ast.Constant)
    }
    return str(said.get("name") or ""), str(said.get("version") or "")


def _own_version(workspace: Path, name: str) -> str | None:
    module = name.replace("-", "_")
    for place in (module, f"src/{module}", module.lower(), f"src/{module.lower()}"):
        for file in ("__init__.py", "_version.py", "__about__.py", "version.py"):
            text = _text(workspace / place / file)
            found = re.search(r"^__version__\s*=\s*['\"](\d[^'\"]*)['\"]", text, re.MULTILINE)
            if found:
                return found[1]
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return ""
