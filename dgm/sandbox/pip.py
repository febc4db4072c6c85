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

from dgm.errors import ConfigError
from dgm.processes import run
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


def install(
    requirements: Sequence[str],
    python: Interpreter,
    into: Path,
    report: Path,
    environment: Mapping[str, str],
) -> tuple[Installed, ...]:
    """Lay wheels and all they need out in the folder `into`; return them, by name.

    Of `environment` pip gets what is meant for it: its settings, proxies, certificates.
    Raises: ConfigError, one line, if pip cannot; ProcessFailedError.
    """
    words = (
        *(sys.executable, "-P", "-m", "pip", "install", "--quiet", "--no-input"),
        *("--disable-pip-version-check", "--only-binary", ":all:", "--no-compile"),
        *("--target", str(into), "--report", str(report)),
        *("--implementation", "cp", "--python-version", python.version),
        *(word for platform in python.platforms for word in ("--platform", platform)),
        *("--", *requirements),
    )
    passed_on = {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}
    finished = run(words, env=passed_on, timeout_s=_TIMEOUT_S)
    if finished.code != 0:
        raise _explained(finished.stderr.decode(errors="replace"), python)
    for script in (into / "bin").glob("*"):
        _start_by_path(script)
    return tuple(sorted(_read(report), key=lambda installed: installed.name.lower()))


def _read(report: Path) -> Iterator[Installed]:
    for entry in json.loads(report.read_bytes())["install"]:
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
