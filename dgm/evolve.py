"""The loop: grow an archive of agents that rewrite themselves.

    archive <- {seed}, measured
    repeat until the budget is spent:
        parent   <- select_parents(archive)
        proposal <- diagnose(parent's failed rollouts)
        child    <- modify(parent, proposal), by the parent itself
        if validate(child) and evaluate(child): archive <- archive + {child}
    report the best and the seed on tasks that the search never saw

Source: Darwin Gödel Machine (arXiv 2505.22954), algorithm 1; here in steady state: there is no
generation, a free worker starts the next unit of work at once. Every decision is a function of the
run's rows and of a random generator named by the seed and the decision, so a resumed run decides
what an uninterrupted one would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from math import inf

from dgm.archive.store import Store
from dgm.errors import (
    ArchiveError,
    DgmError,
    MachineError,
    ModelUnusableError,
    SandboxUnavailableError,
    UserError,
)
from dgm.events import SEED_FAILED, EventKind, budget_spent
from dgm.fanout import Done, FanOut
from dgm.records import Agent, AgentCode, AgentState, Rollout, Split, Usage
from dgm.steps.evaluate import Evaluate
from dgm.steps.faults import Faults, shared_account_spent, spoiled
from dgm.steps.laboratory import Laboratory, Unit
from dgm.steps.select_parents import select_parent
from dgm.steps.way import SEED, Way

_TICK_S = 0.25
GRACE_S = 5.0
_TOO_MANY_FAULTS = 8


class Evolution:
    """One run, from where its rows say it stands to its end or to `stop`.

    `code_of` lays out the code of a tree hash; `usage_of` reads what a rollout that was cut short
    had spent; `grace_s` is how long an interrupted run waits for what is under way.
    """

    def __init__(
        self,
        lab: Laboratory,
        store: Store,
        fanout: FanOut[Rollout],
        code_of: Callable[[str], AgentCode],
        usage_of: Callable[[str], Usage],
        grace_s: float = GRACE_S,
    ) -> None:
        self._lab = lab
        self._store = store
        self._faults = Faults(lab.config.rollout.retries)
        self._way = Way(lab, store, code_of, self._faults.is_given_up)
        self._fanout = fanout
        self._usage_of = usage_of
        self._flights: dict[int, Unit] = {}
        self._grace_s = grace_s
        self._patience_ends = inf
        self.why_stopped = ""
        self._started = time.monotonic()
        self._earlier_s = float(store.recall("elapsed_s") or 0)
        self._tree = store.tree()

    @property
    def in_flight(self) -> tuple[tuple[str, str], ...]:
        """The agent and the task of every unit of work under way."""
        return tuple((unit.agent_id, unit.task_id) for unit in self._flights.values())

    @property
    def elapsed_s(self) -> float:
        """Seconds of work on this run, earlier sessions included."""
        return self._earlier_s + time.monotonic() - self._started

    def interrupt(self) -> None:
        """Stop because the user asked: what ends within moments is kept, the rest is cut off.

        A run that was stopping anyway waits no longer.
        """
        self._patience_ends = time.monotonic() + (0 if self.why_stopped else self._grace_s)
        self.stop("interrupted")

    def stop(self, why: str) -> None:
        """Start nothing more; what is under way, and perhaps paid for, may end."""
        self.why_stopped = self.why_stopped or why

    @property
    def patience_s(self) -> float:
        """How much longer a run that is stopping waits, in seconds; maybe without end."""
        return max(0.0, self._patience_ends - time.monotonic())

    def run(self, on_tick: Callable[[], None] = lambda: None) -> bool:
        """Evolve, calling `on_tick` several times a second.

        Returns True when the run is finished, False when it was stopped and can be resumed.

        Raises: MachineError when the machine keeps failing; UserError when the seed agent is no
            working agent, or the model cannot be used. The run can be resumed after either.
        """
        self._store.append_event(EventKind.RUN_STARTED)
        with self._telling_why_it_ends():
            self._settle_what_was_cut_short()
            while True:
                self._fill_free_workers()
                if not self._flights or not self.patience_s:
                    break
                done = self._fanout.wait(_TICK_S)
                if done is not None:
                    self._absorb(done)
                on_tick()
        return self._close()

    @contextmanager
    def _telling_why_it_ends(self) -> Iterator[None]:
        """Leave word of an error, where the disk still takes it."""
        try:
            yield
        except (DgmError, OSError, KeyboardInterrupt) as error:
            with suppress(ArchiveError):
                why = str(error) or "interrupted"
                self._store.append_event(EventKind.RUN_STOPPED, why=why)
            raise

    def _settle_what_was_cut_short(self) -> None:
        self._store.close_abandoned(self._usage_of)
        for agent in self._store.agents():
            self._lab.bound(agent)
            self._advance(agent)

    def _fill_free_workers(self) -> None:
        while not self.why_stopped and len(self._flights) < self._fanout.capacity:
            if (unit := self._next_unit()) is None:
                break
            rollout_id = self._store.start_rollout(
                unit.agent_id, unit.task_id, unit.split, unit.key
            )
            started = replace(unit, rollout_id=rollout_id)
            self._flights[self._fanout.submit(partial(started.perform, self._lab))] = started

    def _next_unit(self) -> Unit | None:
        """Finish what is begun, oldest first; else begin a child; else measure what is sealed."""
        busy = {unit.key for unit in self._flights.values()}
        waiting = (unit for agent in self._unfinished() for unit in self._way.next_units(agent))
        if free := next((unit for unit in waiting if unit.key not in busy), None):
            return free
        if self._may_begin_child():
            return next(self._way.next_units(self._begin_child()), None)
        if self._unfinished() or not self._tree.candidates:
            return None
        sealed = (u for agent in self.finalists() for u in self._way.pending(agent, Split.SEALED))
        return next((unit for unit in sealed if unit.key not in busy), None)

    def _unfinished(self) -> list[Agent]:
        return [agent for agent in self._tree if not agent.state.is_final]

    def finalists(self) -> tuple[Agent, ...]:
        """The seed and the chosen agent: all that is ever measured on the sealed split."""
        seed, best = self._tree[SEED], self._tree.best()
        return (seed,) if best.id == seed.id else (seed, best)

    def _may_begin_child(self) -> bool:
        budget = self._lab.config.budget
        number_of_children = len(self._tree) - 1
        in_time = budget.hours is None or self.elapsed_s < budget.hours * 3600
        return in_time and number_of_children < budget.children and len(self._tree.candidates) > 0

    def _begin_child(self) -> Agent:
        number = len(self._tree)
        policy, rng = self._lab.config.search.policy, self._lab.random("select", number)
        choice = select_parent(policy, self._tree.candidates, rng)
        child = self._store.start_child(choice.agent_id, choice.probability)
        self._lab.bound(child)
        return self._seen(child)

    def _absorb(self, done: Done[Rollout]) -> None:
        unit = self._flights.pop(done.ticket)
        if isinstance(done.error, ModelUnusableError):
            remedy = f"mend that, then: dgm resume {self._lab.run}"
            raise ModelUnusableError(f"{done.error}; {remedy}") from done.error
        if account := shared_account_spent(done.error):
            self.stop(budget_spent(account))
        rollout = done.result or spoiled(unit, done.error, self._usage_of(unit.rollout_id))
        if not self.why_stopped:
            rollout = self._faults.judge(rollout, done.error)
        self._store.finish_rollout(rollout)
        self._store.remember("elapsed_s", f"{self.elapsed_s:.1f}")
        if isinstance(done.error, SandboxUnavailableError):  # trying again cannot help
            raise MachineError(f"{done.error}; mend that, then: dgm resume {self._lab.run}")
        if not (rollout.outcome.is_evidence or self.why_stopped):
            self._meet_fault(unit, rollout)
        self._advance(self._store.agent(unit.agent_id))

    def _meet_fault(self, unit: Unit, rollout: Rollout) -> None:
        self._store.append_event(EventKind.WARNING, unit.agent_id, detail=rollout.detail)
        if self._faults.in_a_row >= _TOO_MANY_FAULTS:
            raise MachineError(
                f"{self._faults.in_a_row} rollouts in a row failed for the machine, the last: "
                f"{rollout.detail}; mend that, then: dgm resume {self._lab.run}"
            )
        if self._faults.is_given_up(unit.key) and not isinstance(unit, Evaluate):
            self._give_up(unit.agent_id, rollout.detail)

    def _give_up(self, agent_id: str, detail: str) -> None:
        """Reject a child the machine gave no chance; without a seed there is no run."""
        if agent_id == SEED:
            raise MachineError(
                f"the seed agent could not be tried: {detail}; mend that, then: "
                f"dgm resume {self._lab.run}"
            )
        self._store.reject(agent_id, f"infrastructure: {detail}")

    def _advance(self, agent: Agent) -> None:
        moved = self._seen(self._way.advance(agent))
        if moved.id == SEED and moved.state is AgentState.REJECTED:
            raise UserError(f"{SEED_FAILED}: {moved.reason}; mend it, then start a new run")

    def _seen(self, agent: Agent) -> Agent:
        reached = self._store.reached(agent.id).get(agent.id, 0)
        self._tree.put(agent, self._store.score(agent.id), reached)
        return agent

    def _close(self) -> bool:
        if self.why_stopped:
            self._store.append_event(EventKind.RUN_STOPPED, why=self.why_stopped)
            return False
        self._store.append_event(EventKind.RUN_FINISHED)
        return True
