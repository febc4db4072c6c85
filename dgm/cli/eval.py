"""`dgm eval`: measure an agent; what is known already is not run again."""

from __future__ import annotations

import argparse
import json
import sys

from dgm.cli.arguments import (
    add_agent,
    add_budget,
    add_json,
    add_run,
    add_sandbox,
    budget_settings,
    code_of,
    filled,
    positive,
    sandbox_settings,
)
from dgm.cli.bounds import warn_if_run_is_unbounded
from dgm.cli.output import remark, say, say_json
from dgm.records import Split


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument(
        "--benchmark", type=filled, metavar="NAME",
        help="another than the run's: a name (dgm bench list), or a folder of Harbor tasks",
    )  # fmt: skip
    parser.add_argument(
        "--split", choices=[str(split) for split in Split], default=str(Split.SEALED),
        help="which tasks (default: sealed)",
    )  # fmt: skip
    parser.add_argument("--attempts", type=positive, default=1, metavar="K", help="per task (1)")
    add_budget(parser)
    add_sandbox(parser)
    add_run(parser, as_option=True)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, record beside the run's own evaluations, and print the score of both."""
    from dgm.archive.layout import find_run
    from dgm.archive.store import Store
    from dgm.config import read_config
    from dgm.fanout import ThreadFanOut
    from dgm.measure import all_evidence, measure, missing_evaluations
    from dgm.records import Rollout
    from dgm.regrade import check_grader
    from dgm.report import describe_score
    from dgm.wiring import checkouts, open_laboratory, settle

    folder = find_run(arguments.archive, arguments.run).path
    split = Split(arguments.split)
    with Store.open(folder) as store:
        settings = [*budget_settings(arguments), *sandbox_settings(arguments)]
        if arguments.benchmark is not None:
            settings.append(f"benchmark.name={json.dumps(arguments.benchmark)}")
        own_benchmark = read_config(store.settings, []).benchmark.name
        config = read_config(store.settings, settings)
        agent = store.tree().resolve(arguments.agent)
        tree_hash = code_of(agent)
        with (
            open_laboratory(config, folder, remark, verifies=True) as lab,
            checkouts(store.repository) as checkout,
            ThreadFanOut[Rollout](config.workers) as fanout,
        ):
            if lab.config.benchmark.name == own_benchmark:
                check_grader(lab, store)
            usage_of = settle(lab, store)
            lab.bound(store.agent(agent.id))
            units = missing_evaluations(
                lab, store, agent, checkout(tree_hash), split, arguments.attempts
            )
            if units:
                warn_if_run_is_unbounded(lab.config)
            tasks = lab.benchmark.tasks(split)
            for rollout in measure(lab, store, fanout, units, usage_of):
                if not arguments.json:
                    say(f"{rollout.id}  {rollout.task_id:32} {rollout.outcome}  {rollout.detail}")
                    sys.stdout.flush()
        score = all_evidence(store, agent, split, tasks, lab.benchmark.grader_version)
    if arguments.json:
        counts = {"solved": score.solved, "attempted": score.attempted}
        say_json({"agent": agent.id, "split": str(split), **counts})
    else:
        say(f"{agent.id} on {split}: {describe_score(score)}")
    return 0
