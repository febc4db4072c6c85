"""Programs of the host: bounded in time, output and surroundings."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from dgm import processes
from dgm.errors import MachineError, ProcessFailedError
from dgm.processes import run


def test_output_and_exit_code_come_back():
    finished = run(["sh", "-c", "cat; echo err >&2; exit 3"], timeout_s=10, input=b"in")
    assert (finished.code, finished.stdout, finished.stderr) == (3, b"in", b"err\n")


def test_death_by_signal_is_a_negative_code():
    assert run(["sh", "-c", "kill -KILL $$"], timeout_s=10).code == -9


def test_megabytes_pass_both_ways_at_once():
    data = os.urandom(3_000_000)
    assert run(["cat"], timeout_s=20, input=data).stdout == data


def test_input_nobody_reads_is_no_error():
    assert run(["true"], timeout_s=10, input=b"x" * 1_000_000).code == 0


def test_words_are_not_read_by_a_shell():
    assert run(["printf", "%s", "$(id); *"], timeout_s=10).stdout == b"$(id); *"


def test_environment_of_this_process_is_not_passed_on(monkeypatch):
    monkeypatch.setenv("CANARY_KEY", "sk-canary")
    lines = run(["env"], env={"MINE": "1"}, timeout_s=10).stdout.decode().splitlines()
    assert {line.split("=")[0] for line in lines} == {"PATH", "HOME", "LANG", "MINE"}


def test_working_folder_is_the_one_asked_for(tmp_path):
    assert Path(run(["pwd"], cwd=tmp_path, timeout_s=10).stdout.decode().strip()) == tmp_path


def test_deadline_kills_the_whole_group(tmp_path):
    script = f"trap '' TERM; (echo $$ > {tmp_path}/group; exec sleep 4715) & wait"
    with pytest.raises(ProcessFailedError, match="longer than"):
        run(["sh", "-c", script], timeout_s=2.0)
    group = (tmp_path / "group").read_text().strip()
    deadline = time.monotonic() + 60
    while members(group):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def members(group: str) -> list[str]:
    """Name the living processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, its_group, *_ = path.read_text().rpartition(") ")[2].split()
            found += [path.parent.name] if its_group == group and state != "Z" else []
    return found


def test_program_that_closes_its_output_is_still_bound_by_the_deadline():
    with pytest.raises(ProcessFailedError, match="longer than"):
        run(["sh", "-c", "exec >&- 2>&-; sleep 60"], timeout_s=0.3)


def test_missing_program_is_a_fault_of_the_machine():
    with pytest.raises(MachineError, match="no-such-program"):
        run(["no-such-program"], timeout_s=1)


def test_flood_is_stopped(monkeypatch):
    monkeypatch.setattr(processes, "MAX_OUTPUT", 1_000_000)
    with pytest.raises(ProcessFailedError, match="more than"):
        run(["yes"], timeout_s=20)


def test_check_tells_what_failed_and_why():
    with pytest.raises(ProcessFailedError, match=r"brewing failed with code 4: no water"):
        run(["sh", "-c", "echo no water >&2; exit 4"], timeout_s=10).check("brewing")
    assert run(["true"], timeout_s=10).check("nothing").code == 0
