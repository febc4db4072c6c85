"""The way of one agent into the archive, as the run's rows tell it.

Each step leaves its product in its rollout's folder and its fact in a row. `advance` moves an agent
as far as those reach, and runs nothing: after a kill, rows and folders are all there is to know.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dgm.archive.store import Store
from dgm.errors import ChildRefusedError, MachineError, PatchRefusedError
from dgm.estimates import mean_difference
from dgm.records import (
    Agent,
    AgentCode,
    AgentState,
    Outcome,
    Purpose,
    Rollout,
    RolloutKey,
    Score,
    Split,
    Task,
)
from dgm.steps.diagnose import Diagnose, diagnosis_key, read_diagnosis
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory, Unit
from dgm.steps.modify import Modify, modification_key
from dgm.steps.targets import choose_target
from dgm.steps.validate import Validate, canary_key

SEED = "a0000"


@dataclass(frozen=True, slots=True)
class Way:
    """Moves agents along. `code_of` lays out a tree hash; `is_missing` names work given up."""

    lab: Laboratory
    store: Store
    code_of: Callable[[str], AgentCode]
    is_missing: Callable[[RolloutKey], bool]

    def advance(self, agent: Agent) -> Agent:
        """Move an agent as far as its rows allow; return it as it stands then."""
        steps = {
            AgentState.DIAGNOSING: self._take_diagnosis,
            AgentState.MODIFYING: self._take_change,
            AgentState.VALIDATING: self._take_validation,
            AgentState.EVALUATING: self._take_scores,
        }
        while not agent.state.is_final:
            moved = steps[agent.state](agent)
            if moved.state is agent.state:
                break
            agent = moved
        return agent

    def keys(self, agent: Agent) -> dict[AgentState, RolloutKey]:
        """The unit of work that each state before evaluation waits for."""
        keys = {}
        if agent.parent_id is not None:
            parent = self.tree_of(agent.parent_id)
            keys[AgentState.DIAGNOSING] = diagnosis_key(agent.id, parent)
            keys[AgentState.MODIFYING] = modification_key(agent.id, self.writer_of(agent))
        if agent.tree_hash is not None:
            keys[AgentState.VALIDATING] = canary_key(agent.tree_hash)
        return keys

    def tree_of(self, agent_id: str) -> str:
        """The tree hash of an agent that has code."""
        tree_hash = self.store.agent(agent_id).tree_hash
        if tree_hash is None:
            raise LookupError(f"agent {agent_id} has no code")
        return tree_hash

    def writer_of(self, agent: Agent) -> str:
        """The tree hash of the agent that writes this child: its parent, or else the seed."""
        improves_itself = self.lab.config.search.self_improve
        return self.tree_of(agent.parent_id or SEED if improves_itself else SEED)

    def pending(self, agent: Agent, split: Split = Split.SEARCH) -> Iterator[Evaluate]:
        """Yield the evaluations an agent still waits for, stage by stage.

        A later stage opens only when the earlier is done and the agent has earned it.
        """
        tasks, impossible = self.lab.tasks(split), self.lab.impossible_tasks(split)
        stages = self.lab.config.benchmark.stages if split is Split.SEARCH else (len(tasks),)
        for stage, end in enumerate(stages):
            met = tasks[:end]
            waiting = [unit for task in (*met, *impossible) for unit in self._unmet(agent, task)]
            if waiting:
                yield from waiting
                return
            if stage + 1 < len(stages) and not self._is_promoted(agent, met):
                return

    def _unmet(self, agent: Agent, task: Task) -> Iterator[Evaluate]:
        code = self.code_of(self.tree_of(agent.id))
        for attempt in range(self.lab.config.benchmark.attempts):
            version = self.lab.benchmark.grader_version
            purpose = Purpose.IMPOSSIBLE if task.is_impossible else Purpose.EVALUATE
            unit = Evaluate("", agent.id, code, task, attempt, version, purpose)
            if self.store.find_rollout(unit.key) is None and not self.is_missing(unit.key):
                yield unit

    def _is_promoted(self, agent: Agent, met: Sequence[Task]) -> bool:
        if agent.parent_id is None:
            return True
        outcomes = self._outcomes(agent.id)
        own = {task.id: outcomes[task.id] for task in met if task.id in outcomes}
        threshold = self.lab.config.benchmark.promote
        scores = own.values()
        total = Score(sum(s.solved for s in scores), sum(s.attempted for s in scores))
        if threshold != "parent":
            return total.mean >= float(threshold)
        gain = mean_difference(own, self._outcomes(agent.parent_id)) or 0.0
        return gain > 0.0 or 0 < total.attempted == total.solved  # nobody does better than all

    def _outcomes(self, agent_id: str) -> dict[str, Score]:
        scores: dict[str, Score] = {}
        for rollout in self.store.evaluations(agent_id, Split.SEARCH):
            before = scores.get(rollout.task_id, Score())
            solved = before.solved + (rollout.outcome is Outcome.SOLVED)
            scores[rollout.task_id] = Score(solved, before.attempted + 1)
        return scores

    def next_units(self, agent: Agent) -> Iterator[Unit]:
        """Yield the units of work an agent waits for now."""
        if agent.state is AgentState.EVALUATING:
            yield from self.pending(agent)
        elif agent.state is AgentState.VALIDATING:
            yield Validate("", agent.id, self.code_of(self.tree_of(agent.id)))
        elif agent.state is AgentState.MODIFYING:
            yield self._modification(agent)
        elif agent.state is AgentState.DIAGNOSING:
            yield self._diagnosis(agent)

    def _modification(self, agent: Agent) -> Modify:
        if agent.diagnosis is None:
            raise LookupError(f"agent {agent.id} is to be modified without a diagnosis")
        writer = self.code_of(self.writer_of(agent))
        parent = self.code_of(self.tree_of(agent.parent_id or SEED))
        return Modify("", agent.id, agent.number, writer, parent, agent.diagnosis)

    def _diagnosis(self, agent: Agent) -> Diagnose:
        parent_id = agent.parent_id or SEED
        parent = self.code_of(self.tree_of(parent_id))
        evidence = self.store.evaluations(parent_id)
        target = choose_target(evidence, self.lab.random("diagnose", agent.number))
        statement = self.store.task(target.shown.task_id).statement
        return Diagnose("", agent.id, agent.number, parent, target, statement)

    def _finished(self, agent: Agent) -> Rollout | None:
        return self.store.find_rollout(self.keys(agent)[agent.state])

    def _folder(self, rollout: Rollout) -> Path:
        return self.lab.rollout_folder(rollout.id)

    def _take_diagnosis(self, agent: Agent) -> Agent:
        if (rollout := self._finished(agent)) is None:
            return agent
        diagnosis = read_diagnosis(self._folder(rollout))
        if diagnosis is None:
            return self.store.reject(agent.id, rollout.detail or "its diagnosis is lost")
        return self.store.set_diagnosis(agent.id, diagnosis)

    def _take_change(self, agent: Agent) -> Agent:
        if (rollout := self._finished(agent)) is None:
            return agent
        if rollout.outcome is not Outcome.SOLVED:
            why = "; ".join(filter(None, (str(rollout.outcome), rollout.detail)))
            return self.store.reject(agent.id, f"the change is empty ({why})")
        parent = self.code_of(self.tree_of(agent.parent_id or ""))
        patch = (self._folder(rollout) / "patch.diff").read_bytes()
        with tempfile.TemporaryDirectory(prefix="dgm-child-") as folder:
            tree = Path(folder)
            try:
                self.lab.runner.workspaces.of(parent.folder).apply(patch, tree)
                self.store.commit_child(agent.id, tree, agent.title)
            except (ChildRefusedError, PatchRefusedError) as refusal:
                return self.store.reject(agent.id, str(refusal))
        return self.store.set_state(agent.id, AgentState.VALIDATING)

    def _take_validation(self, agent: Agent) -> Agent:
        if (rollout := self._finished(agent)) is None:
            return agent
        if rollout.outcome is not Outcome.SOLVED:
            return self.store.reject(agent.id, rollout.detail)
        return self.store.set_state(agent.id, AgentState.EVALUATING)

    def _take_scores(self, agent: Agent) -> Agent:
        if next(self.pending(agent), None) is not None:
            return agent
        score = self.store.score(agent.id)
        if not score.attempted and agent.id == SEED:
            raise MachineError("the machine failed in every evaluation of the seed agent")
        if not score.attempted:
            return self.store.reject(agent.id, "the machine failed in every evaluation")
        if reason := self._why_not_kept(agent):
            return self.store.reject(agent.id, reason)
        return self.store.archive(agent.id)

    def _why_not_kept(self, agent: Agent) -> str:
        """Compare with the seed on the tasks both have met: the seed has met others, too.

        The margin stands for noise: so few tasks could hardly prove a child worse.
        """
        settings = self.lab.config.search
        difference = mean_difference(self._outcomes(agent.id), self._outcomes(SEED))
        if settings.keep == "all" or difference is None or difference >= -settings.keep_margin:
            return ""
        return f"its score is {-difference:.2f} below the seed's on the tasks both have met"
