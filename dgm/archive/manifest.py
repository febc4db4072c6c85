"""`agent.toml`: what makes a folder an agent (docs/agent-contract.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dgm.errors import AgentFormatError
from dgm.records import AgentManifest
from dgm.requirements import checked, checked_names

MANIFEST_NAME = "agent.toml"
_MAX_BYTES = 64 * 1024


def read_manifest(folder: Path) -> AgentManifest:
    """Read how to start and to test the agent in a folder the host owns, and what it imports.

    Raises: AgentFormatError, one line that names what is wrong.
    """
    path = folder / MANIFEST_NAME
    if path.is_symlink() or not path.is_file():
        raise AgentFormatError(
            f"{path.parent} is not an agent: it has no {MANIFEST_NAME}; see docs/agent-contract.md"
        )
    if path.stat().st_size > _MAX_BYTES:
        raise AgentFormatError(f"{path} is larger than {_MAX_BYTES // 1024} KiB")
    return parse_manifest(path.read_bytes(), path)


def parse_manifest(content: bytes, path: Path) -> AgentManifest:
    """Read a manifest that lies at `path`, or did. Raises: AgentFormatError."""
    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # numbers too long are mere ValueErrors
        raise AgentFormatError(f"{path} is not valid TOML: {_one_line(error)}") from error
    agent = document.get("agent")
    if not isinstance(agent, dict):
        raise AgentFormatError(
            f"{path} has no [agent] table; write [agent], and below it command and tests "
            "(docs/agent-contract.md)"
        )
    name = agent.get("name", "agent")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise AgentFormatError(f"{path}: name must be a line of text")
    return AgentManifest(
        _words(agent, "command", path),
        _words(agent, "tests", path),
        name,
        _packages(agent, "packages", path, checked),
        _packages(agent, "without", path, checked_names),
    )


def _packages(
    agent: Mapping[str, Any],
    key: str,
    path: Path,
    check: Callable[[Sequence[str]], tuple[str, ...]],
) -> tuple[str, ...]:
    texts = agent.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise AgentFormatError(f'{path}: {key} must be a list like ["NAME"], not {texts!r:.60}')
    try:
        return check(texts)
    except ValueError as error:
        raise AgentFormatError(f"{path}: {key}: {error}") from error


def _words(agent: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    words = agent.get(key)
    if words is None:
        raise AgentFormatError(f'{path}: {key} is missing; write {key} = ["python3", ...]')
    if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
        raise AgentFormatError(f"{path}: {key} must be a list of words, not {words!r:.60}")
    if not words[0].strip() or any("\0" in word for word in words):
        raise AgentFormatError(f"{path}: {key} holds an empty or impossible word")
    return tuple(words)


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
