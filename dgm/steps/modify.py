"""Self-modification: an agent works on its own repository; nothing special otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from dgm import prompts
from dgm.records import AgentCode, Diagnosis, Outcome, Purpose, Rollout, RolloutKey
from dgm.rollout import RolloutOrder
from dgm.steps.laboratory import Laboratory, Unit


def modification_key(agent_id: str, writer_tree: str) -> RolloutKey:
    """The identity of a self-modification: each child is written once."""
    return RolloutKey(Purpose.MODIFY, writer_tree, f"child/{agent_id}")


@dataclass(frozen=True, slots=True)
class Modify(Unit):
    """Write one child: `writer` changes the code of `parent` as the diagnosis proposes.

    The writer is the parent itself, or the seed agent in the ablation without self-improvement:
    the change is made to the parent's code either way.
    """

    number: int
    writer: AgentCode
    parent: AgentCode
    diagnosis: Diagnosis

    @property
    def key(self) -> RolloutKey:
        """One per child."""
        return modification_key(self.agent_id, self.writer.tree_hash)

    @property
    def task_id(self) -> str:
        """The step's name."""
        return "self-modification"

    def order(self, lab: Laboratory) -> RolloutOrder:
        """Order the rollout whose task repository is the parent's own code."""
        statement = prompts.render(
            "modify",
            problem_description=self.diagnosis.problem_description,
            proposal=self.diagnosis.proposal,
            implementation_suggestion=self.diagnosis.implementation_suggestion,
        )
        return lab.order(
            self,
            agent=self.writer,
            statement=statement,
            workspace=self.parent.folder,
            timeout_s=lab.config.rollout.modify_timeout_s,
            seed=f"modify/{self.number}",
        )

    def perform(self, lab: Laboratory) -> Rollout:
        """Let the writer work. The child is what the patch makes of the parent.

        A patch counts however the agent ended: whether the child works is for `Validate` to say.
        Raises: MachineError.
        """
        work = lab.runner.run(self.order(lab))
        is_change = bool(work.patch) and work.cause is not Outcome.INFRASTRUCTURE
        return self.record(work, Outcome.SOLVED if is_change else work.cause)
