"""The `dgm` command: one file per subcommand, loaded only when it is called."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from dgm import __version__
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
    "run": "put an agent to work on a repository of yours",
    "eval": "measure an agent on a benchmark's tasks",
    "export": "lay an agent's repository out in a folder",
    "bench": "list benchmarks, and verify their tasks",
    "doctor": "try which sandboxes and limits work on this machine",
    "fsck": "check a run's files against each other",
}
_DISK = {
    errno.ENOSPC: "the disk is full; make room, then: dgm resume",
    errno.EDQUOT: "the disk quota is used up; make room, then: dgm resume",
    errno.EROFS: "it is on a read-only file system; name another place with --archive",
    errno.EACCES: "permission denied; name another place with --archive",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 the machine failed, 2 mend the input.

    130 is Ctrl-C. Whatever is stored already stays whole.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser(words).parse_args(words)
        with scratch_folder():
            code: int = import_module(f"dgm.cli.{arguments.command}").run(arguments)
        sys.stdout.flush()
    except DgmError as error:
        print(f"dgm: {error}", file=sys.stderr)  # noqa: T201
        return 1 if isinstance(error, MachineError) else 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in _DISK:
            raise
        print(f"dgm: {error.filename or 'writing'}: {_DISK[error.errno]}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("dgm: interrupted; go on with: dgm resume", file=sys.stderr)  # noqa: T201
        return 130
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
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
    return parser
