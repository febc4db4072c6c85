"""Polyglot keeps the promises of every benchmark."""

import pytest

from tests.benchmarks.contract import Contract


class TestPolyglot(Contract):
    @pytest.fixture
    def benchmark(self, bubblewrap_ground):
        return bubblewrap_ground.benchmark

    @pytest.fixture
    def sandboxes(self, bubblewrap_ground):
        return bubblewrap_ground.sandboxes
