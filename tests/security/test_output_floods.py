"""Row 9: output of any size and kind. The peak of this very process's memory is what counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dgm.cli.output import clean
from tests.sandbox.conftest import LIMITS

MIB = 1 << 20
GROWTH_MIB = 64

# What a flood is made of, and how many times it is said: a gigabyte, but for the slow kinds.
KINDS = {
    "no newline": (b"x" * 65536, 16384),
    "no text": (bytes(range(128, 256)) * 512, 16384),
    "terminal codes": (b"\x1b[2J\x1b]0;title\x07\xc2\x9b31m\x1b[1A\r" * 2048, 4096),
    "short lines": (b"\n" * 65536, 4096),
}
FLOOD = """
import os, sys
piece, times = bytes.fromhex(sys.stdin.read()), int(sys.argv[1])
for _ in range(times):
    for fd in (1, 2):
        left = piece
        while left:
            left = left[os.write(fd, left):]
"""


def peak_mib() -> float:
    """The most memory this process has held since `forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def forget_peak() -> float:
    """Start counting anew; return what is held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_mib()


def test_flood_fills_the_memory_of_a_reader_that_keeps_it_all():
    piece, _ = KINDS["no newline"]
    words = [sys.executable, "-I", "-S", "-c", FLOOD, "2048"]
    before = forget_peak()
    said = subprocess.run(words, input=piece.hex().encode(), capture_output=True, check=True)
    assert len(said.stdout) == 2048 * len(piece)
    assert peak_mib() - before > 2 * GROWTH_MIB


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_flood_is_counted_and_dropped(inside, kind):
    piece, times = KINDS[kind]
    before = forget_peak()
    said = inside.run(
        "python3", "-I", "-S", "-c", FLOOD, str(times), stdin=piece.hex().encode(), timeout_s=60
    )
    assert peak_mib() - before < GROWTH_MIB
    assert said.exit_code == 0, said.stderr[-300:]
    assert max(len(said.stdout), len(said.stderr)) <= LIMITS.output_kb * 1024
    assert said.dropped > 2 * len(piece) * times - 2 * LIMITS.output_kb * 1024
    assert said.stdout.startswith(piece[:1000])


def test_endless_flood_that_ignores_everything_ends_at_the_deadline(inside):
    before = forget_peak()
    said = inside.sh("trap '' TERM PIPE; while :; do cat /dev/zero; done", timeout_s=1.0)
    assert said.timed_out
    assert said.dropped > MIB
    assert peak_mib() - before < GROWTH_MIB


def test_what_is_kept_of_a_flood_moves_no_cursor_on_a_terminal(inside):
    piece, _ = KINDS["terminal codes"]
    said = inside.run(
        "python3", "-I", "-S", "-c", FLOOD, "4", stdin=piece.hex().encode(), timeout_s=20
    )
    text = said.stdout.decode(errors="replace")
    assert "\x1b" in text
    assert {char for char in clean(text) if not char.isprintable()} <= {"\n", "\t"}
