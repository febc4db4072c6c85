"""Read how a parent worked and propose one improvement of its code.

The answer's only power is a proposal in JSON: it is text for the agent that will write the child.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgm import prompts
from dgm.errors import RequestRefusedError
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.wire import Message, Request, Text
from dgm.records import (
    AgentCode,
    Diagnosis,
    Outcome,
    Purpose,
    Rollout,
    RolloutKey,
    Usage,
)
from dgm.steps.evidence import clip, question
from dgm.steps.laboratory import Laboratory, Unit
from dgm.steps.targets import Target

_MAX_TOKENS = 4096
_NO_JSON = "the diagnosis was not the JSON that was asked for"


def diagnosis_key(agent_id: str, parent_tree: str) -> RolloutKey:
    """The identity of a diagnosis: one per child."""
    return RolloutKey(Purpose.DIAGNOSE, parent_tree, f"child/{agent_id}")


@dataclass(frozen=True, slots=True)
class Diagnose(Unit):
    """Ask for one improvement of `parent`; `statement` is the shown task's."""

    number: int
    parent: AgentCode
    target: Target
    statement: str

    @property
    def key(self) -> RolloutKey:
        """One per child."""
        return diagnosis_key(self.agent_id, self.parent.tree_hash)

    @property
    def task_id(self) -> str:
        """The step's name."""
        return "diagnosis"

    def perform(self, lab: Laboratory) -> Rollout:
        """Ask once; a readable answer is kept in the rollout's folder as `diagnosis.json`.

        Raises: MachineError, OverBudgetError, ModelUnusableError.
        """
        started = time.monotonic()
        folder = lab.rollout_folder(self.rollout_id)
        folder.mkdir(parents=True, exist_ok=True)
        usage, answer, refusal = _ask(lab, self, folder)
        diagnosis = parse_diagnosis(answer, self.target.name)
        if diagnosis is not None:
            write_diagnosis(folder, diagnosis)
        return Rollout(
            id=self.rollout_id,
            agent_id=self.agent_id,
            task_id=self.task_id,
            split=None,
            key=self.key,
            outcome=Outcome.SOLVED if diagnosis else Outcome.FAILED,
            detail="" if diagnosis else refusal or _NO_JSON,
            usage=usage,
            total_s=time.monotonic() - started,
        )


def _ask(lab: Laboratory, unit: Diagnose, folder: Path) -> tuple[Usage, str, str]:
    """Return what it cost, the answer, and why there is none if the model refused the question."""
    spec = SessionSpec(
        id=unit.rollout_id,
        model=lab.config.model.diagnosis_name,
        seed=f"{lab.config.seed}/diagnose/{unit.number}",
        accounts=lab.accounts(unit),
        transcript=folder / "transcript.jsonl",
        ceiling=lab.config.rollout.as_ceiling(),
        recorded=lab.recorded(unit),
        work=unit.key.asking,
    )
    shown = lab.rollout_folder(unit.target.shown.work_id)
    asked = question(unit.target, unit.statement, unit.parent, shown)
    request = Request(
        model="default",
        max_tokens=_MAX_TOKENS,
        system=prompts.load("diagnose"),
        messages=(Message("user", (Text(asked),)),),
    )
    with lab.runner.gateway.open(spec) as session:
        try:
            reply = session.call(request)
        except RequestRefusedError as error:
            return session.usage, "", f"the model refused the diagnosis: {error}"
    return session.usage, "".join(b.text for b in reply.content if isinstance(b, Text)), ""


def parse_diagnosis(answer: str, target: str) -> Diagnosis | None:
    """Read the model's answer; None if it is not one JSON object with the texts asked for."""
    start, end = answer.find("{"), answer.rfind("}")
    try:
        fields: dict[str, Any] = json.loads(answer[start : end + 1])
        diagnosis = Diagnosis(
            target=target,
            log_summary=clip(str(fields.get("log_summary", ""))),
            potential_improvements=tuple(map(str, fields.get("potential_improvements", ())))[:8],
            proposal=str(fields["improvement_proposal"])[:4000],
            implementation_suggestion=str(fields.get("implementation_suggestion", ""))[:8000],
            problem_description=str(fields.get("problem_description", ""))[:8000],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return diagnosis if diagnosis.proposal.strip() else None


def write_diagnosis(folder: Path, diagnosis: Diagnosis) -> None:
    """Keep a diagnosis in its rollout's folder."""
    fields = {name: getattr(diagnosis, name) for name in Diagnosis.__dataclass_fields__}
    (folder / "diagnosis.json").write_text(json.dumps(fields, indent=1), encoding="utf-8")


def read_diagnosis(folder: Path) -> Diagnosis | None:
    """Read what `write_diagnosis` kept; None if there is none."""
    try:
        fields = json.loads((folder / "diagnosis.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    improvements = tuple(fields.pop("potential_improvements"))
    return Diagnosis(potential_improvements=improvements, **fields)
