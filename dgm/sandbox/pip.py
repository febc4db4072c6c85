"""pip(1), asked to lay out packages for another Python, and what its complaints mean.

Covered: wheels only, so that no code of a package runs on the host; nothing is imported from what
was laid out. Not covered: markers (`; python_version < "3.12"`) are judged by the Python that runs
pip, see `packages`.

Source: pip's installation report, version 1.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from dgm.errors import ConfigError
from dgm.processes import run
from dgm.sandbox.closure import reached
from dgm.sandbox.interpreter import Interpreter

_TIMEOUT_S = 1800.0
_UNREACHABLE = ("connection", "temporary failure", "timed out", "certificate", "proxy")
_PASSED_ON = re.compile(
    r"(?i:PIP_(?!NO_BINARY|REQUIREMENT|EDITABLE).*|https?_proxy|all_proxy|no_proxy)"
    r"|HOME|PATH|NETRC|XDG_(CACHE|CONFIG)_HOME|XDG_CONFIG_DIRS|SSL_CERT_(FILE|DIR)"
    r"|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
)
_PYTHON_LINE = re.compile(rb"#!(?:[^\n]*python[^\n]*|/bin/sh\n'''exec' [^\n]*\n' ''')\n")


@dataclass(frozen=True, slots=True)
class Installed:
    """One package as it was laid out. `url` is empty unless it was asked for by its address."""

    name: str
    version: str
    sha256: str
    url: str = ""

    @property
    def pin(self) -> str:
        """The requirement that nothing but this meets."""
        return f"{self.name} @ {self.url}#sha256={self.sha256}" if self.url else (
            f"{self.name}=={self.version}"
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What to lay out: requirements and all they need, `without` some (canonical names)."""

    requirements: tuple[str, ...]
    without: tuple[str, ...]
    python: Interpreter

    def __str__(self) -> str:
        """Name what is fetched."""
        left_out = f" without {', '.join(self.without)}" if self.without else ""
        return f"{', '.join(self.requirements)}{left_out}"


def install(
    order: Order, into: Path, report: Path, environment: Mapping[str, str]
) -> tuple[Installed, ...]:
    """Lay wheels and all they need out in the folder `into`; return them, by name.

    Of `environment` pip gets what is meant for it: its settings, proxies, certificates.
    Raises: ConfigError, one line, if pip cannot; ProcessFailedError.
    """
    words = ["--target", str(into), "--report", str(report)]
    requirements: Sequence[str] = order.requirements
    if order.without:
        _call([*words, "--dry-run", "--", *requirements], order.python, environment)
        requirements = _kept(_entries(report), order)
        words.append("--no-deps")
    _call([*words, "--", *requirements], order.python, environment)
    for script in (into / "bin").glob("*"):
        _start_by_path(script)
    return tuple(sorted(_read(_entries(report)), key=lambda installed: installed.name.lower()))


def _call(words: Sequence[str], python: Interpreter, environment: Mapping[str, str]) -> None:
    """Have pip install for a Python that is not its own, as `words` say."""
    command = (
        *(sys.executable, "-P", "-m", "pip", "install", "--quiet", "--no-input"),
        *("--disable-pip-version-check", "--only-binary", ":all:", "--no-compile"),
        *("--implementation", "cp", "--python-version", python.version),
        *(word for platform in python.platforms for word in ("--platform", platform)),
        *words,
    )
    passed_on = {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}
    finished = run(command, env=passed_on, timeout_s=_TIMEOUT_S)
    if finished.code != 0:
        raise _explained(finished.stderr.decode(errors="replace"), python)


def _kept(entries: Sequence[Mapping[str, Any]], order: Order) -> tuple[str, ...]:
    """Return the exact versions of what is needed when some packages are left out."""
    needs: Mapping[str, Sequence[str]] = {
        canonicalize_name(entry["metadata"]["name"]): entry["metadata"].get("requires_dist", ())
        for entry in entries
    }
    names = reached(order.requirements, needs, order.without, order.python)
    return tuple(each.pin for each in _read(entries) if canonicalize_name(each.name) in names)


def _entries(report: Path) -> Sequence[Mapping[str, Any]]:
    entries: Sequence[Mapping[str, Any]] = json.loads(report.read_bytes())["install"]
    return entries


def _read(entries: Sequence[Mapping[str, Any]]) -> Iterator[Installed]:
    for entry in entries:
        about: Mapping[str, Any] = entry["metadata"]
        download: Mapping[str, Any] = entry["download_info"]
        yield Installed(
            about["name"],
            about["version"],
            download["archive_info"]["hashes"]["sha256"],
            download["url"].partition("#")[0] if entry["is_direct"] else "",
        )


def _start_by_path(script: Path) -> None:
    """Have a script start the Python of its sandbox, not the one that ran pip."""
    content = script.read_bytes()
    if found := _PYTHON_LINE.match(content):
        script.write_bytes(b"#!/usr/bin/env python3\n" + content[found.end() :])


def _explained(complaint: str, python: Interpreter) -> ConfigError:
    if "No module named pip" in complaint or "no such option" in complaint:
        return ConfigError(
            f"sandbox.packages needs pip 22.2 or later in {sys.prefix}; "
            f"{sys.executable} -m ensurepip --upgrade"
        )
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = next(iter(errors), lines[-1] if lines else "no reason given").rstrip(".")
    if any(sign in line.lower() for line in lines for sign in _UNREACHABLE):
        remedy = (
            "a package index must be reachable; pip's own settings name another (PIP_INDEX_URL)"
        )
    else:
        remedy = "take versions that have wheels, or name a wheel: 'NAME @ file:///PATH.whl'"
    return ConfigError(
        f"sandbox.packages cannot be had as wheels for Python {python.version} on "
        f"{python.machine}: {reason[:300]}; {remedy}"
    )
