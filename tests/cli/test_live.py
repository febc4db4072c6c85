"""The live view: a panel that fits its terminal, plain lines elsewhere, and never silent."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import pairwise

import pytest

from dgm.cli.live import PlainLines
from dgm.cli.panel import draw
from dgm.cli.standing import Standing
from dgm.cli.tree import describe, headline, tree_lines
from dgm.records import Agent, AgentState, Score, Usage
from dgm.report import AgentLine, RunReport
from tests.cli.conftest import TINY
from tests.cli.test_interruption import slow_learner

CURSOR_UP = "\x1b[1A"
COLOUR = re.compile(r"\x1b\[(?:\d+;)*3\d(?:;\d+)*m")
EVIL_TITLE = "\x1b[2Jgone\r\x07 [red]and\u202e\nbad"


def evolve_in_terminal(place, rows: int, columns: int, **environment: str) -> str:
    """Evolve a tiny run in a terminal of that size, and return all it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    settings = place.settings
    settings["env"] = {**settings["env"], "TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "dgm", "evolve", "--name", "seen", *TINY]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, **settings)
    os.close(theirs)
    written = bytearray()
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # the terminal's end, when its last process has left
        pass
    os.close(ours)
    assert process.wait(30) == 0, written.decode()
    return written.decode()


@pytest.mark.slow
def test_terminal_shows_a_panel_then_the_report(place, bubblewrapped):
    slow_learner(place, seconds=0.5)
    written = evolve_in_terminal(place, rows=30, columns=100)
    assert CURSOR_UP in written
    assert "─ run seen ─" in written
    assert "now a0000 on t0-wants-1" in written
    assert not COLOUR.search(written)
    assert written.rindex("best agent: ") > written.rindex("─ run seen ─")


def test_headline_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    whole = headline(many_agents(3))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    rows = headline(many_agents(3)).split("\n")
    assert len(rows) > 1
    assert all(len(row) <= 40 for row in rows)
    assert "".join(rows).replace(" ", "") == whole.replace(" ", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "columns", "term"), [(6, 30, "xterm"), (24, 80, "dumb")], ids=["tiny", "dumb"]
)
def test_terminal_that_cannot_hold_a_panel_gets_plain_lines(
    place, bubblewrapped, rows, columns, term
):
    written = evolve_in_terminal(place, rows, columns, TERM=term)
    assert "\x1b" not in written
    assert "running for" in written
    assert "best agent: " in written


def test_plain_lines_are_never_silent_for_ten_seconds_and_tell_news_at_once(capsys):
    now, stopping, heard = 100.0, "", []
    busy = (("a0009", "a-task"),)
    lines = PlainLines(lambda: Standing(many_agents(3), now, 9, busy, stopping), clock=lambda: now)
    while now < 160.0:
        lines()
        if (said := capsys.readouterr().out) and "running for" in said:
            heard.append(now)
        now += 0.5
    assert len(heard) > 5
    assert max(later - earlier for earlier, later in pairwise(heard)) < 10
    lines()
    capsys.readouterr()
    stopping = "interrupted"
    lines()
    assert "stopping (interrupted)" in (told := capsys.readouterr().out)
    assert "waiting for a0009 on a-task" in told
    lines()
    assert not capsys.readouterr().out


def many_agents(number: int) -> RunReport:
    """A run with a line of agents, the fifth of them the best, and one under way."""
    agents = [Agent(f"a{n:04d}", n, None, AgentState.ARCHIVED, title=EVIL_TITLE) for n in [0]]
    for n in range(1, number):
        parent, state = f"a{(n - 1) // 2:04d}", AgentState.ARCHIVED
        agents.append(Agent(f"a{n:04d}", n, parent, state, title=f"change {n}"))
    agents.append(Agent("a9999", 9999, "a0000", AgentState.MODIFYING, title="under way"))
    lines = tuple(AgentLine(agent, Score(3, 10), Score(), 1, 0) for agent in agents)
    lineage = ("a0000", "a0001", "a0004")
    return RunReport("wide", "running", "", 9.0, Usage(), lines, lineage)


def test_line_that_says_it_stops_reads_as_a_sentence():
    running = Standing(many_agents(3), 15.0, 9, (), "")
    assert running.headlines()[0].startswith("running for 15 s")
    stopping = Standing(many_agents(3), 15.0, 9, (), "interrupted")
    sentence = "stopping (interrupted) after 15 s; Ctrl-C again ends it at once"
    assert stopping.headlines()[0] == sentence
    spent = Standing(many_agents(3), 15.0, 9, (), "budget spent")
    assert spent.headlines()[0] == "stopping (budget spent) after 15 s"


def test_tree_of_some_agents_shows_what_is_left_out_between_them():
    lines = tree_lines(many_agents(12), {"a0000", "a0001", "a0009", "a0010", "a0011"})
    # a0009 and a0010 are children of a0004, that is one of a0001; a0011 one of a0005 and a0002
    assert [line.partition("  33%")[0].partition("  30%")[0] for line in lines] == [
        "+ a0000",
        "+ ├─ a0001",
        "  │  ├─ … a0009",
        "  │  └─ … a0010",
        "  └─ … a0011",
    ]


def test_reason_of_a_rejection_comes_before_the_title_that_is_cut_off():
    reason = "its tools do not work"
    agent = Agent(
        "a0001", 1, "a0000", AgentState.REJECTED, title="a very long title " * 4, reason=reason
    )
    told = describe(AgentLine(agent, Score(), Score(), 0, 0))
    assert told.startswith(f"a0001  -  (rejected: {reason})  a very long title")


@pytest.mark.parametrize(("width", "height"), [(100, 30), (60, 20), (40, 16)])
@pytest.mark.parametrize("number", [5, 500])
def test_panel_fits_and_keeps_the_best_lineage_and_what_is_under_way(width, height, number):
    from rich.console import Console

    busy = tuple((f"a{n:04d}", f"task-{n}") for n in range(9))
    standing = Standing(many_agents(number), 75.0, 600, busy, "")
    console = Console(width=width, height=height, force_terminal=False, no_color=True)
    with console.capture() as capture:
        console.print(draw(standing, width, height))
    rows = capture.get().rstrip("\n").split("\n")
    text = "\n".join(rows)
    assert len(rows) <= height
    assert all(len(row) <= width for row in rows)
    assert re.search(r"\* .*a0004", text)
    assert height < 20 or ("+ a0000" in text and "a9999" in text)
    assert "and 6 more" in text
    assert ("more" in text.replace("and 6 more", "")) == (number == 500 or height < 20)
    assert "\x1b" not in text
    assert "\u202e" not in text
