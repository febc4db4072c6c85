"""Every attack is tried on every driver that promises to hold it; the fixtures are those of
`tests/sandbox`."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import DRIVERS, enter, inside, out, sandbox, spec

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
