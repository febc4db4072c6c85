"""Every attack is tried on every driver that promises to hold it; the fixtures are those of
`tests/sandbox`."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal

import pytest

from dgm.gateway.builtin import BuiltinProvider
from tests.machine import Machine, write_benchmark
from tests.sandbox.conftest import DRIVERS, enter, inside, out, sandbox, spec
from tests.security.host_processes import marked

__all__ = ["enter", "inside", "out", "sandbox", "spec"]

STRONG = tuple(name for name in DRIVERS if name != "process")


@pytest.fixture(scope="session", params=STRONG)
def driver(request):
    """Each strong driver in turn."""
    make, why_not = DRIVERS[request.param]
    if reason := why_not():
        pytest.skip(reason)
    with make() as opened:
        yield opened


@pytest.fixture
def machine(tmp_path, driver):
    """Real parts in a fresh place, around each strong driver in turn."""
    write_benchmark(tmp_path / "benchmark")
    return Machine(tmp_path, driver, BuiltinProvider())


@pytest.fixture
def mark():
    """A word no other process has; whatever still carries it in the end is killed."""
    word = f"mark-{secrets.token_hex(8)}"
    yield word
    while left := marked(word):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
