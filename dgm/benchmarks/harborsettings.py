"""`task.toml` of a Harbor task: what is understood, and what is refused by name."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgm.errors import BenchmarkError

_SECTIONS = ("agent", "verifier", "metadata", "environment", "solution", "task")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*", re.IGNORECASE)
_MB = {"K": 1 / 1024, "": 1 / (1 << 20), "M": 1.0, "G": 1024.0, "T": 1024.0 * 1024}
_MOST_MEMORY_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class HarborSettings:
    """What a `task.toml` says. Sizes are MiB, times seconds; 0 and "" where it says nothing.

    `is_separate`: hidden tests run in an environment of their own. `notes` are what is ignored.
    """

    name: str
    difficulty: str
    agent_s: float
    verifier_s: float
    build_s: float
    memory_mb: int
    cpus: float
    image: str
    is_separate: bool
    variables: Mapping[str, str]
    verifier_variables: Mapping[str, str]
    solution_variables: Mapping[str, str]
    notes: tuple[str, ...]


def read_settings(folder: Path) -> HarborSettings:
    """Read a task's settings. Raises: BenchmarkError naming the task, the setting and its value."""
    return _Reader(folder.name, _tree(folder)).settings()


def _tree(folder: Path) -> Mapping[str, Any]:
    try:
        tree = tomllib.loads((folder / "task.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"task {folder.name}: task.toml: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"task {folder.name}: task.toml is not valid TOML: {error}") from None
    for section in _SECTIONS:
        if not isinstance(tree.get(section, {}), dict):
            raise BenchmarkError(f"task {folder.name}: task.toml: [{section}] must be a section")
    return tree


@dataclass(frozen=True, slots=True)
class _Reader:
    task: str
    tree: Mapping[str, Any]

    def settings(self) -> HarborSettings:
        self._refuse_what_cannot_be_done()
        environment, verifier = self._section("environment"), self._section("verifier")
        mode = verifier.get("environment_mode")
        return HarborSettings(
            name=str(self._section("task").get("name", "")),
            difficulty=str(self._section("metadata").get("difficulty", "")),
            agent_s=self._seconds("agent", "timeout_sec", 120.0),
            verifier_s=self._seconds("verifier", "timeout_sec", 60.0),
            build_s=self._seconds("environment", "build_timeout_sec", 600.0),
            memory_mb=self._memory_mb(environment),
            cpus=self._cpus(environment),
            image=str(environment.get("docker_image") or ""),
            is_separate=mode == "separate" or (mode is None and "environment" in verifier),
            variables=self._variables("environment"),
            verifier_variables=self._variables("verifier"),
            solution_variables=self._variables("solution"),
            notes=tuple(self._notes(environment)),
        )

    def _section(self, name: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self.tree.get(name, {})
        return section

    def _fault(self, words: str) -> BenchmarkError:
        return BenchmarkError(f"task {self.task}: {words}")

    def _refuse_what_cannot_be_done(self) -> None:
        environment = self._section("environment")
        if self.tree.get("steps"):
            raise self._fault("it has several steps; only tasks of one step can be used")
        if str(environment.get("os", "linux")) != "linux":
            raise self._fault(f"it wants {environment['os']}; sandboxes are Linux")
        for name in ("gpus", "tpu", "mcp_servers", "healthcheck"):
            if environment.get(name):
                raise self._fault(f"[environment] {name} = {environment[name]!r} cannot be had")
        if artifacts := self.tree.get("artifacts"):
            raise self._fault(
                f"artifacts = {str(artifacts)[:60]}: only what lies in its working folder reaches "
                "the tests"
            )

    def _notes(self, environment: Mapping[str, Any]) -> list[str]:
        sections = (environment, self._section("agent"), self._section("verifier"))
        wants_network = any(
            section.get("allow_internet") or section.get("network_mode") in ("public", "allowlist")
            for section in sections
        )
        notes = ["it wants the internet, which no sandbox has"] if wants_network else []
        if environment.get("storage_mb") or environment.get("storage"):
            notes.append("storage is not raised: a workspace lies in memory, by sandbox.limits")
        return notes

    def _seconds(self, section: str, name: str, default: float) -> float:
        value = self._section(section).get(name, default)
        if value is None:
            return default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < value < math.inf:
            raise self._fault(f"[{section}] {name} = {value!r}; give seconds above 0")
        return float(value)

    def _cpus(self, environment: Mapping[str, Any]) -> float:
        value = environment.get("cpus") or 0
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= 1024:
            raise self._fault(f"[environment] cpus = {value!r}; give a number")
        return float(value)

    def _memory_mb(self, environment: Mapping[str, Any]) -> int:
        value = environment.get("memory_mb") or environment.get("memory") or 0
        if isinstance(value, str):
            found = _SIZE.fullmatch(value)
            value = float(found[1]) * _MB[found[2].upper()] if found else -1
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= _MOST_MEMORY_MB:
            raise self._fault("[environment] memory must be MiB, or a size as in '2G'")
        return math.ceil(value)

    def _variables(self, section: str) -> Mapping[str, str]:
        found = self._section(section).get("env", {})
        if not isinstance(found, dict):
            raise self._fault(f"[{section}] env must be a section")
        for name, value in found.items():
            if not isinstance(value, str) or "${" in value:
                raise self._fault(
                    f"[{section}] env.{name} = {value!r}: only plain text; nothing of the host's "
                    "environment reaches a sandbox"
                )
        return found
