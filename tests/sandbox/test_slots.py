"""Slots are unique on the machine, and free again when their holder is gone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dgm.errors import SandboxError
from dgm.sandbox import slots

HOLD = """
import pathlib, sys
from dgm.sandbox import slots
slots.LOCK_FILE = pathlib.Path(sys.argv[1])
with slots.lease() as uid:
    print(uid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def lock_file(monkeypatch, tmp_path):
    monkeypatch.setattr(slots, "LOCK_FILE", tmp_path / "slots")
    return tmp_path / "slots"


def test_leases_in_one_process_differ():
    with slots.lease() as one, slots.lease() as two:
        assert one != two
    with slots.hold(one) as is_free:
        assert is_free


def test_lease_of_another_process_is_respected_until_it_dies(lock_file):
    words = [sys.executable, "-c", HOLD, str(lock_file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        theirs = int(holder.stdout.readline())
        with slots.lease() as ours, slots.hold(theirs) as is_free:
            assert ours != theirs
            assert not is_free
        holder.kill()
        holder.wait()
    with slots.hold(theirs) as is_free:
        assert is_free


def test_no_free_slot_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setattr(slots, "COUNT", 1)
    with (
        slots.lease(),
        pytest.raises(SandboxError, match="fewer workers"),
        slots.lease(),
    ):
        pass
