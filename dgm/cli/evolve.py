"""`dgm evolve`: a new run."""

from __future__ import annotations

import argparse
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.cli.arguments import (
    add_archive,
    add_sandbox,
    code_of,
    filled,
    filled_path,
    sandbox_settings,
)
from dgm.cli.output import say
from dgm.cli.standing import SEED
from dgm.errors import BenchmarkError, ConfigError
from dgm.hostgit import require_git
from dgm.records import Split
from dgm.titles import shortened

if TYPE_CHECKING:
    from dgm.archive.reader import RunReader
    from dgm.benchmarks.protocol import Benchmark
    from dgm.config import Config

_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_SHORT = {
    "seed": "seed",
    "workers": "workers",
    "children": "budget.children",
    "hours": "budget.hours",
    "usd": "budget.usd",
    "tokens": "budget.tokens",
    "model": "model.name",
    "diagnosis_model": "model.diagnosis",
    "base_url": "model.base_url",
    "benchmark": "benchmark.name",
    "policy": "search.policy",
    "seed_agent": "seed_agent",
    "replay": "model.replay",
}
_WITH_REPLAY = ("workers", "sandbox", "replay")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_settings(parser)
    parser.add_argument("--name", metavar="RUN", help="the run's name (default: date and time)")
    parser.add_argument(
        "--replay", metavar="RUN", help="do a whole run again from its transcripts, at no cost"
    )
    add_archive(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what settings can be said with."""
    parser.add_argument("--config", type=filled_path, metavar="FILE", help="settings, as TOML")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="one setting, as in search.policy=random; may be given again",
    )  # fmt: skip
    parser.add_argument("--children", metavar="N", help="how many children to begin")
    parser.add_argument("--hours", metavar="H", help="begin no child after so many hours")
    parser.add_argument("--usd", metavar="USD", help="spend at most this")
    parser.add_argument("--tokens", metavar="N", help="use at most so many tokens")
    parser.add_argument("--workers", metavar="N", help="units of work at a time (default 2)")
    parser.add_argument("--seed", metavar="N", help="of all chance in the run (default 1)")
    parser.add_argument("--model", metavar="MODEL", help="the model that agents work with")
    parser.add_argument(
        "--diagnosis-model", metavar="MODEL", help="the model that proposes changes"
    )
    parser.add_argument(
        "--base-url", metavar="URL", help="where the models are served, if not by their vendor"
    )
    parser.add_argument(
        "--benchmark", metavar="NAME", help="a name (dgm bench list), or a folder of Harbor tasks"
    )
    parser.add_argument("--policy", metavar="NAME", help="how parents are chosen (default dgm)")
    parser.add_argument(
        "--seed-agent",
        type=filled,
        metavar="PATH",
        help="another first agent, with an agent.toml",
    )
    add_sandbox(parser, "auto, the strongest that works")
    parser.add_argument(
        "--cache", action="store_true", help="keep answers, and pay nothing for the same call again"
    )


def run(arguments: argparse.Namespace) -> int:
    """Create the run and evolve it."""
    if arguments.replay is not None:
        return _replay(arguments)
    from dgm.archive.seed import import_seed
    from dgm.archive.store import Store
    from dgm.cli.running import evolve_store
    from dgm.config import config_as_toml, load_config
    from dgm.wiring import (
        check_config,
        choice_of,
        importing,
        open_benchmark,
        open_laboratory,
        priced,
        seed_folder,
    )
    from dgm.workspaces import Workspaces

    require_git()
    _check_readable(arguments.config)
    config = _placed(load_config(arguments.config, settings_of(arguments)))
    check_config(config)
    config = priced(config)
    run_folder = _new_run(arguments.archive, arguments.name)
    with tempfile.TemporaryDirectory(prefix="dgm-seed-") as scratch:
        seed = Path(scratch) / "seed"
        config = importing(config, import_seed(seed_folder(config), seed))
        # A wrong word is refused before a sandbox takes its seconds to open.
        workspaces = Workspaces(Path(scratch))
        open_benchmark(config.benchmark.name, workspaces, choice_of(config)).tasks()
        with open_laboratory(config, run_folder, say, verifies=True) as lab:
            if line := _stages_beyond(config, lab.benchmark):
                say(line)
            arguments.archive.mkdir(parents=True, exist_ok=True)
            with Store.create(run_folder, config_as_toml(lab.config), seed=seed) as store:
                return evolve_store(lab, store)


def _stages_beyond(config: Config, benchmark: Benchmark) -> str:
    """Say where stages ask for more tasks than there are; empty where they do not.

    Raises: BenchmarkError if there are none at all.
    """
    tasks, stages = len(benchmark.tasks(Split.SEARCH)), config.benchmark.stages
    if not tasks:
        raise BenchmarkError(
            f"no search task of {benchmark.name} can be used; dgm bench verify tells why"
        )
    if stages[-1] <= tasks:
        return ""
    return (
        f"benchmark.stages = {list(stages)}, but {benchmark.name} has {tasks:,} search "
        f"{'task' if tasks == 1 else 'tasks'}: a stage beyond them ends with the last"
    )


def _check_readable(path: Path | None) -> None:
    if path is None:
        return
    try:
        path.open().close()
    except OSError as error:
        raise ConfigError(
            f"cannot read the configuration {path}: {error.strerror}; name a TOML file"
        ) from None


def _replay(arguments: argparse.Namespace) -> int:
    """Do a recorded run again; 1 if anything came out differently."""
    from dgm.archive.layout import find_run
    from dgm.archive.reader import RunReader
    from dgm.archive.store import Store
    from dgm.cli.running import evolve_store, tell_differences
    from dgm.config import config_as_toml
    from dgm.regrade import kept_to
    from dgm.wiring import open_laboratory

    recorded = find_run(arguments.archive, arguments.replay).path
    run_folder = _new_run(arguments.archive, arguments.name)
    with (
        RunReader.open(recorded) as reader,
        tempfile.TemporaryDirectory(prefix="dgm-seed-") as scratch,
    ):
        config = _recorded_settings(reader, arguments)
        seed = reader.repository.checkout(code_of(reader.agent(SEED)), Path(scratch) / "seed")
        with (
            open_laboratory(config, run_folder, say) as lab,
            Store.create(run_folder, config_as_toml(lab.config), seed=seed.folder) as store,
        ):
            code = evolve_store(kept_to(lab, reader), store)
            return code or tell_differences(reader, store, lab.runner.gateway.divergences)


def _recorded_settings(reader: RunReader, arguments: argparse.Namespace) -> Config:
    """The settings of the recorded run; its answers, not its budget, say where it ends."""
    from dgm.ceilings import AgentSettings, BudgetSettings
    from dgm.config import read_config

    short = {option: getattr(arguments, option) for option in _SHORT}
    extra = [name for name, value in short.items() if value and name not in _WITH_REPLAY]
    if extra or arguments.settings or arguments.config or arguments.cache:
        given = f"--{extra[0].replace('_', '-')}" if extra else "--config, --set and --cache"
        raise ConfigError(f"--replay takes the settings of the run; leave out {given}")
    kept = [setting for setting in settings_of(arguments) if not setting.startswith("model.")]
    config = read_config(reader.settings, kept)
    model = {"replay": reader.run.path.resolve(), "cache": False}
    return config.model_copy(
        update={
            "model": config.model.model_copy(update=model),
            "budget": BudgetSettings(children=len(reader.agents()) - 1),
            "agent": AgentSettings(),
            "steps": {},
        }
    )


def _placed(config: Config) -> Config:
    """Name the folder of tasks so that the run can be resumed from anywhere."""
    from dgm.wiring import BENCHMARKS

    name = config.benchmark.name
    if name in BENCHMARKS or not Path(name).is_dir():
        return config
    benchmark = config.benchmark.model_copy(update={"name": str(Path(name).resolve())})
    return config.model_copy(update={"benchmark": benchmark})


def _new_run(archive: Path, name: str | None) -> Path:
    if name is None:
        now = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        names = (now, *(f"{now}-{again}" for again in range(2, 100)))
        return next(archive / name for name in names if not (archive / name).exists())
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"a run cannot be named {shortened(name, 40)!r}; take letters, digits, -, _ and ., "
            "a letter or digit first, 64 at most"
        )
    if (archive / name).exists():
        raise ConfigError(f"{archive / name} exists already; take another --name, or: dgm resume")
    return archive / name


def settings_of(arguments: argparse.Namespace) -> list[str]:
    """List the settings that the options stand for, as `key=value`, the last one winning."""
    settings = [
        f"{key}={value}"
        for option, key in _SHORT.items()
        if (value := getattr(arguments, option, None)) is not None
    ]
    if arguments.cache:
        settings.append("model.cache=true")
    return [*arguments.settings, *settings, *sandbox_settings(arguments)]
