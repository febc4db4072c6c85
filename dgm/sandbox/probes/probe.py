"""One attack after the other on one sandbox, and what each came to.

An attack that says neither that it was refused nor that it came through counts as come through.
Nothing outside the sandbox is changed for longer than an instant.
"""

from __future__ import annotations

from dgm.sandbox.probes.attacks import ATTACKS, LIMITS, REFUSED, Attack, Target
from dgm.sandbox.probes.bait import laid_out
from dgm.sandbox.protocol import Probe, SandboxDriver, SandboxSpec


def probe(driver: SandboxDriver) -> tuple[Probe, ...]:
    """Attack a small sandbox of its own, and say for each limit whether it held.

    Raises: SandboxError if no sandbox can be started.
    """
    with laid_out() as bait:
        name = f"probe-{bait.token}"
        spec = SandboxSpec(name=name, run="probe", limits=LIMITS, agent=bait.agent)
        with driver.open(spec) as sandbox:
            target = Target(sandbox, bait)
            return tuple(_judged(attack, target) for attack in ATTACKS)


def _judged(attack: Attack, target: Target) -> Probe:
    """Run one attack; it holds if there is an answer and every line of it says `refused`."""
    lines = attack.run(target) or ["no answer"]
    bad = [line for line in lines if not line.startswith(REFUSED)]
    remedy = attack.remedy if bad else ""
    return Probe(attack.name, holds=not bad, detail="; ".join(bad)[:200], remedy=remedy)
