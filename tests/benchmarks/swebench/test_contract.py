"""What every benchmark promises, of two rows in the two splits."""

from dataclasses import replace

import pytest

from dgm.benchmarks.swebench.benchmark import SweBench
from dgm.benchmarks.swebench.rows import Rows
from dgm.workspaces import Workspaces
from tests.benchmarks.contract import Contract

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def benchmark(workshop, row, tmp_path_factory):
    place = tmp_path_factory.mktemp("contract")
    rows = [replace(row, instance_id=name) for name in ("shop__shop-1", "shop__shop-2")]
    bad = replace(row, instance_id="shop__shop-3", eval_type="maybe")
    elsewhere = replace(workshop, home=place / "home")
    assert list(elsewhere.prepare(Rows((*rows, bad), ()))) == ["shop__shop-3"]
    return SweBench(elsewhere.home, Workspaces(place / "work"))


class TestSweBench(Contract):
    @pytest.fixture
    def sandboxes(self, dockered):
        return dockered
