"""Printing: the only place where text of models and agents meets a terminal."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dgm.titles import shortened

STANDARD_OUTPUT = "standard output"
_KEPT = {"\n", "\t"}


def clean(text: str) -> str:
    """Drop control characters (C0, C1, bidirectional overrides): no text moves the cursor."""
    return "".join(char for char in text if char in _KEPT or char.isprintable())


def one_line(text: str, width: int = 160) -> str:
    """Clean a text, make one line of it, and shorten that."""
    return shortened(" ".join(clean(text[: 8 * width]).split()), width)


def fitted(text: str) -> str:
    """Shorten a line to the width of the terminal, if it goes to one."""
    return shortened(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text


def folded(*parts: str) -> str:
    """Join parts by two blanks, and break between words where a terminal is too narrow for it."""
    line = "  ".join(parts)
    if not sys.stdout.isatty():
        return line
    return textwrap.fill(line, shutil.get_terminal_size().columns, subsequent_indent="  ")


def say(text: str = "") -> None:
    """Print a line of text, cleaned."""
    with _naming_it():
        sys.stdout.write(clean(text) + "\n")


def remark(text: str) -> None:
    """Print a line beside the output, cleaned: what went wrong, or what was done."""
    sys.stderr.write(f"dgm: {one_line(text, 1000)}\n")


def say_patch(patch: bytes) -> None:
    """Print a patch: byte for byte into a pipe or file, cleaned on a terminal."""
    if sys.stdout.isatty():
        say(patch.decode(errors="replace").rstrip("\n"))
        return
    with _naming_it():
        sys.stdout.flush()
        sys.stdout.buffer.write(patch)
        sys.stdout.buffer.flush()


def say_json(value: Any) -> None:  # noqa: ANN401 - anything JSON can hold
    """Print JSON; control characters are escaped by it."""
    with _naming_it():
        sys.stdout.write(json.dumps(value, indent=1) + "\n")


@contextmanager
def _naming_it() -> Iterator[None]:
    """Let an error of writing say that it was the output that could not be written."""
    try:
        yield
    except OSError as error:
        error.filename = STANDARD_OUTPUT
        raise


class CleanFormatter(logging.Formatter):
    """What is logged may quote what agents wrote: it is cleaned as well."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text without control characters."""
        return clean(super().format(record))


def seconds(value: float) -> str:
    """A duration as people read it."""
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def thousands(value: int) -> str:
    """A count as people read it."""
    return f"{value:,}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    ]
