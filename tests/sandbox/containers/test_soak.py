"""Many rollouts leave nothing behind: a short version of `tests/bench/soak.py`."""

from __future__ import annotations

import pytest

from tests.bench.soak import soak


@pytest.mark.slow
def test_rollouts_in_a_row_and_side_by_side_leave_nothing(client):
    checks = soak("docker", rollouts=8, workers=6)
    assert {name for name, holds in checks.items() if not holds} == set()
