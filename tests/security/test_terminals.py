"""Row 23: no text of a model or an agent moves a terminal, through any command that shows it.

The corpus is `terminal_codes.toml`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pty
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
import tomllib
from pathlib import Path

import pytest

from dgm.cli.live import PlainLines
from dgm.cli.output import CleanFormatter, clean, one_line, remark
from dgm.cli.standing import Standing
from dgm.records import Agent, AgentState, Score, Usage
from dgm.report import AgentLine, RunReport
from tests.cli.conftest import furnish
from tests.machine import LEARNER, write_agent

CODES = tomllib.loads(Path(__file__).with_name("terminal_codes.toml").read_text("utf-8"))
EVIL = " ".join(CODES.values())
TALKER = """
evil = json.loads(pathlib.Path("evil.json").read_text())
print(evil, flush=True)
print(evil, file=sys.stderr, flush=True)
if (workspace / "agent.toml").exists():
    (workspace / "notes.txt").write_text(evil)
ask(evil)
"""
READING = {
    "tree": ("tree",),
    "show": ("show", "a0001"),
    "diff": ("diff", "a0001"),
    "log": ("log", "seed", "t0-wants-1", "--full"),
    "log of the change": ("log", "a0001", "self-modification", "--full"),
    "replay": ("replay", "seed", "t0-wants-1"),
    "eval": ("eval", "seed", "--split", "search"),
    "fsck": ("fsck",),
    "unknown agent": ("show", EVIL.replace("\0", "")),
    "unknown task": ("log", "seed", EVIL.replace("\0", "")),
    "resume": ("resume", "evil"),
}


def unfit(text):
    """The characters that have no business on a terminal; it adds the returns itself."""
    return {char for char in text.replace("\r\n", "\n") if not char.isprintable()} - {"\n", "\t"}


@pytest.mark.parametrize("name", CODES)
def test_cleaned_text_holds_nothing_that_acts(name):
    assert not unfit(clean(CODES[name]))
    assert not {"\n", "\t"} & set(one_line(f"{CODES[name]}\n\tx"))
    assert name == "markup" or unfit(CODES[name]), "the control: there was something to clean"


@pytest.mark.parametrize("name", CODES)
def test_remarks_and_logged_lines_are_cleaned(name, capsys):
    remark(CODES[name])
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s", (CODES[name],), None)
    assert not unfit(capsys.readouterr().err)
    assert not unfit(CleanFormatter("dgm: %(message)s").format(record))


def test_plain_lines_of_the_live_view_are_cleaned(capsys):
    agent = Agent("a0000", 0, None, AgentState.REJECTED, title=EVIL, reason=EVIL)
    lines = (AgentLine(agent, Score(), Score(), 0, 0),)
    report = RunReport(
        run=EVIL, status="running", why=EVIL, elapsed_s=1.0, usage=Usage(),
        agents=lines, best_lineage=(),
    )  # fmt: skip
    standing = Standing(report, 1.0, 5, ((EVIL, EVIL),), EVIL)
    PlainLines(lambda: standing)()
    said = capsys.readouterr().out
    assert "a0000" in said
    assert not unfit(said)


@pytest.fixture(scope="module")
def evil_run(tmp_path_factory, bubblewrapped):
    """A finished run that holds the corpus wherever models and agents write."""
    place = furnish(tmp_path_factory.mktemp("evil"))
    shutil.rmtree(place.path / "learner")
    files = {"skill.txt": "1\n", "evil.json": json.dumps(EVIL)}
    write_agent(place.path / "learner", TALKER + LEARNER, files=files)
    done = place.evolve("evil")
    assert done.returncode == 0, done.stderr
    assert not unfit(done.stdout + done.stderr)
    with sqlite3.connect(place.path / "archive" / "evil" / "run.db") as connection:
        fields = ("log_summary", "proposal", "implementation_suggestion", "problem_description")
        (held,) = connection.execute("SELECT diagnosis FROM agents WHERE number = 1").fetchone()
        diagnosis = json.dumps(json.loads(held) | dict.fromkeys(fields, EVIL))
        connection.execute("UPDATE agents SET title = ?, reason = ?", (EVIL, EVIL))
        connection.execute("UPDATE agents SET diagnosis = ? WHERE number = 1", (diagnosis,))
        connection.execute("UPDATE rollouts SET detail = ?", (EVIL,))
    connection.close()
    return place


def on_a_terminal(place, *words):
    """All that a command writes when its output is a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    command = [sys.executable, "-m", "dgm", *words]
    settings = place.settings
    settings["env"] = {**settings["env"], "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, **settings)
    os.close(theirs)
    written = bytearray()
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # the terminal's end, when its last process has left
        pass
    os.close(ours)
    process.wait(60)
    return written.decode()


@pytest.mark.slow
@pytest.mark.parametrize("name", READING)
def test_command_writes_nothing_that_acts_on_a_terminal(evil_run, name):
    written = on_a_terminal(evil_run, *READING[name])
    assert written.strip()
    for code in ("\x1b]", "\x1bP", "\x9d", "\x90", "\x07", "\u202e", "\x1b[2J\x1b[H", "\x1b[31m"):
        assert code not in written
    if name != "resume":  # whose panel moves the cursor itself
        assert not unfit(written)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tree", "show", "diff", "log"])
def test_json_holds_all_of_it_as_escapes(evil_run, name):
    words = [word for word in READING[name] if word != "--full"]
    done = evil_run.dgm(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert not unfit(done.stdout)
    assert "\\u001b]0;another title" in done.stdout, "the control: it is there to be shown"


@pytest.mark.slow
def test_patch_goes_into_a_pipe_byte_for_byte(evil_run):
    """The control: what a terminal is spared is kept, for programs that apply it."""
    done = evil_run.dgm("diff", "a0001")
    assert "\x1b]0;another title\x07" in done.stdout
