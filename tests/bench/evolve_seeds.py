"""Ten runs of the default evolution, and as many of random search with the same budget.

    make bench-evolve                          # about 45 minutes on two quiet cores
    make bench-evolve ARGS="--seeds 3"

Prints, for each run, the chosen agent's score beside the seed agent's on the sealed split, and for
each policy how often it won and by how many points on average.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DGM = (sys.executable, "-m", "dgm")


def evolve(folder: Path, policy: str, seed: int, options: list[str]) -> dict[str, Any]:
    """Run one evolution and return its numbers."""
    name = f"{policy}-{seed}"
    where = ["--archive", str(folder)]
    started = time.monotonic()
    command = [*DGM, "evolve", "--policy", policy, "--seed", str(seed), "--name", name]
    subprocess.run([*command, *where, *options], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    output = subprocess.run(
        [*DGM, "tree", name, "--json", *where], check=True, capture_output=True
    ).stdout
    tree = json.loads(output)
    agents = {agent["id"]: agent for agent in tree["agents"]}
    seed_agent, best = agents["a0000"], agents[tree["best"]]
    return {
        "policy": policy,
        "seed": seed,
        "seconds": seconds,
        "archived": sum(agent["state"] == "archived" for agent in agents.values()) - 1,
        "children": len(agents) - 1,
        "seed_score": score(seed_agent),
        "best_score": score(best),
        "best": best["title"],
    }


def score(agent: dict[str, Any]) -> float:
    """The share of sealed tasks an agent solved, in percent."""
    return 100 * agent["sealed_solved"] / agent["sealed_attempted"]


def show(run: dict[str, Any]) -> None:
    """Print one run as a row of a table."""
    gain = run["best_score"] - run["seed_score"]
    print(
        f"| {run['policy']} | {run['seed']} | {run['archived']}/{run['children']} "
        f"| {run['seed_score']:.0f} | {run['best_score']:.0f} | {gain:+.0f} "
        f"| {run['seconds']:.0f} | {run['best'][:60]} |",
        flush=True,
    )


def summarise(runs: list[dict[str, Any]], policy: str) -> None:
    """Print wins, mean gain and its spread."""
    gains = [run["best_score"] - run["seed_score"] for run in runs if run["policy"] == policy]
    seconds = [run["seconds"] for run in runs if run["policy"] == policy]
    spread = statistics.stdev(gains) if len(gains) > 1 else 0.0
    print(
        f"{policy}: better in {sum(gain > 0 for gain in gains)} of {len(gains)}, "
        f"{statistics.mean(gains):+.1f} points on average (sd {spread:.1f}), "
        f"{statistics.median(seconds):.0f} s a run (median)"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--policies", default="dgm,random")
    arguments, options = parser.parse_known_args()
    print("| policy | seed | archived | seed agent % | chosen % | gain | seconds | last change |")
    print("|---|---|---|---|---|---|---|---|")
    runs = []
    policies = arguments.policies.split(",")
    with tempfile.TemporaryDirectory(prefix="dgm-bench-") as folder:
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            for policy in policies:
                runs.append(evolve(Path(folder), policy, seed, options))
                show(runs[-1])
    for policy in policies:
        summarise(runs, policy)


if __name__ == "__main__":
    main()
