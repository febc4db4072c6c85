"""`dgm fsck`: are a run's files whole, and do they agree?"""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_json, add_run
from dgm.cli.output import say, say_json
from dgm.titles import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 1 if anything is wrong."""
    from dgm.archive.fsck import Severity, check
    from dgm.archive.layout import find_run

    findings = check(find_run(arguments.archive, arguments.run).path)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if arguments.json:
        say_json([{"severity": f.severity, "where": f.where, "what": f.message} for f in findings])
    else:
        for finding in findings:
            say(f"{finding.severity}: {finding.where}: {finding.message}")
        say(f"{counted(errors, 'error')} found" if errors else "nothing is wrong")
    return 1 if errors else 0
