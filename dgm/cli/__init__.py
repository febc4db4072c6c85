"""The `dgm` command: one file per subcommand, loaded only when it is called."""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from dgm import __version__
from dgm.cli.output import CleanFormatter, remark
from dgm.cli.refusals import explain, has_output
from dgm.errors import DgmError, MachineError
from dgm.scratch import scratch_folder

COMMANDS = {
    "evolve": "evolve the seed agent: a new run",
    "resume": "go on with a run that was stopped or killed",
    "tree": "show the archive as a tree",
    "show": "show one agent: lineage, diagnosis, admission, evaluation",
    "diff": "show what an agent changed, against its parent or another",
    "log": "show one rollout: steps, tool calls, outputs",
    "replay": "run recorded rollouts again from their transcripts, at no cost",
    "regrade": "grade a run's stored patches again by a newer grader; no agent runs",
    "run": "put an agent to work on a repository of yours",
    "eval": "measure an agent on a benchmark's tasks",
    "export": "lay an agent's repository out in a folder",
    "models": "say which models can be used here, what is missing, and what they cost",
    "estimate": "say what a run may cost, before anything is paid",
    "cost": "show what a run has spent, by agent, step and model",
    "bench": "list benchmarks, and verify their tasks",
    "images": "list or build the images of Docker sandboxes",
    "doctor": "try which sandboxes and limits work on this machine",
    "clean": "remove sandboxes that dead processes left behind",
    "fsck": "check a run's files against each other",
}
INTERRUPTED = 130
READER_LEFT = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Whatever is stored already stays whole.

    0 done, 1 the machine failed or something is wrong, 2 mend the input, 130 Ctrl-C, 143 SIGTERM,
    141 nobody reads the output.
    """
    if not has_output():
        return 1
    handler = logging.StreamHandler()
    handler.setFormatter(CleanFormatter("dgm: %(message)s"))
    logging.basicConfig(handlers=[handler])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    code = _run(list(sys.argv[1:] if argv is None else argv))
    if code >= INTERRUPTED or threading.active_count() > 1:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        os._exit(code)  # rollouts cut short hold threads, for which an ordinary exit would wait
    return code


def _run(words: list[str]) -> int:
    arguments = None
    try:
        arguments = _parser(words).parse_args(words)
        with scratch_folder():
            code = _call(arguments)
        sys.stdout.flush()
    except DgmError as error:
        remark(str(error))
        return 1 if isinstance(error, MachineError) else 2
    except BrokenPipeError:
        return READER_LEFT
    except OSError as error:
        if (line := explain(error, arguments)) is None:
            raise
        remark(line)
        return 1
    except KeyboardInterrupt:
        remark("interrupted")
        return INTERRUPTED
    return code


def _call(arguments: argparse.Namespace) -> int:
    code: int = import_module(f"dgm.cli.{arguments.command}").run(arguments)
    return code


class _Parser(argparse.ArgumentParser):
    """Answers wrong words with one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"dgm: {message}; see: {self.prog} --help\n")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="dgm",
        description="Grow a tree of coding agents that rewrite themselves.",
        epilog="dgm COMMAND --help tells more. First: dgm evolve",
    )
    parser.add_argument("--version", action="version", version=f"dgm {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text.capitalize()}.")
        if name in words:
            import_module(f"dgm.cli.{name}").add_arguments(command)
    if words and words[0][:1] != "-" and words[0] not in COMMANDS:
        alike = difflib.get_close_matches(words[0], COMMANDS, 1)
        hint = f" (did you mean {alike[0]}?)" if alike else ""
        parser.error(f"there is no command {words[0]!r}{hint}")
    return parser
