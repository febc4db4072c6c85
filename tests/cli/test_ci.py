"""`.ci/run` ends well only where nothing was left out."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import CHECKOUT
from tests.cli.test_make import write_program

SKIPS = """
import pytest

@pytest.fixture
def engine():
    pytest.skip("no engine")

def test_that_needs_one(engine):
    pass

@pytest.mark.skipif(True, reason="never here")
def test_for_elsewhere():
    pass

@pytest.mark.xfail(reason="known")
def test_that_is_known_to_fail():
    assert False
"""


@pytest.fixture
def ci(tmp_path):
    """Call `.ci/run` beside programs of our own, which write down how they are called."""

    def call(*, engine_answers: bool) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        (tmp_path / "place" / ".ci").mkdir(parents=True)
        shutil.copy(CHECKOUT / ".ci" / "run", tmp_path / "place" / ".ci")
        programs = tmp_path / "programs"
        programs.mkdir()
        for program in ("bash", "dirname", "env"):
            (programs / program).symlink_to(shutil.which(program))
        log = tmp_path / "log"
        log.touch()
        write_program(programs / "id", "echo 1000")
        write_program(programs / "python3", f"exit {int(not engine_answers)}")
        write_program(programs / "make", f'echo "${{DGM_NO_SKIPS:-0}} $*" >> {log}')
        done = subprocess.run(
            [tmp_path / "place" / ".ci" / "run"],
            env={"PATH": str(programs)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done, log.read_text().splitlines()

    return call


def test_without_an_engine_nothing_is_proven(ci):
    done, calls = ci(engine_answers=False)
    assert (done.returncode, calls) == (1, [])
    assert done.stderr.startswith("no Docker engine answers")


def test_with_an_engine_no_test_may_be_skipped(ci):
    done, calls = ci(engine_answers=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert calls == ["0 images BASE=debian", "0 check", "1 test"]


@pytest.mark.parametrize(
    ("environment", "code", "ending"),
    [({}, 0, "2 skipped, 1 xfailed"), ({"DGM_NO_SKIPS": "1"}, 1, "1 xfailed, 2 errors")],
)
def test_skip_fails_where_nothing_may_be_missing(tmp_path, environment, code, ending):
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_some.py").write_text(SKIPS)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **environment}
    done = subprocess.run(
        [*words, "--rootdir", tmp_path, tmp_path],
        env=environment, capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    assert ending in done.stdout.splitlines()[-1]
