"""A run whose engine dies stops in one clear line, and goes on when there is an engine again."""

from __future__ import annotations

import pytest

from dgm.errors import MachineError
from dgm.gateway.builtin import BuiltinProvider
from dgm.records import Outcome
from tests.machine import Machine, write_benchmark, write_learner
from tests.sandbox.containers.conftest import leaves_sockets


@pytest.mark.slow
@leaves_sockets
def test_run_stops_in_one_line_and_is_resumed(through, forwarder, tmp_path):
    write_benchmark(tmp_path / "benchmark")
    machine = Machine(tmp_path, through, BuiltinProvider())
    with machine.new_run(write_learner(tmp_path / "learner", skill=1)) as store:

        def cut_after_the_first_rollout():
            if forwarder.path.exists() and any(each.outcome for each in store.rollouts()):
                forwarder.cut()

        with machine.evolution(store) as evolution:
            with pytest.raises(MachineError, match="dgm resume") as caught:
                evolution.run(cut_after_the_first_rollout)
            assert "\n" not in str(caught.value)
            assert "engine was lost" in str(caught.value)
        forwarder.mend()
        with machine.evolution(store) as evolution:
            assert evolution.run()
        outcomes = [each.outcome for each in store.rollouts()]
        assert Outcome.INFRASTRUCTURE in outcomes
        keys = [each.key for each in store.rollouts() if each.outcome.is_evidence]
        assert len(keys) == len(set(keys))
