"""Where bubblewrap cannot work, nothing weaker is taken in silence."""

import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import Place, complaint


@pytest.fixture
def weak(place, bwrap):
    """A place where `bwrap` is another program (readable for sandboxes' users), or missing."""
    with tempfile.TemporaryDirectory(prefix="dgm-programs-", dir="/tmp") as programs:
        Path(programs).chmod(0o755)
        link_programs(Path(programs), bwrap)
        yield Place(place.path, {"PATH": programs})


def link_programs(programs: Path, bwrap: str | None) -> None:
    """Link all the programs of this machine but `bwrap`, and write another one if given."""
    for place in ("/usr/sbin", "/usr/bin", "/bin", "/usr/local/bin"):
        for program in Path(place).glob("*"):
            if program.name != "bwrap" and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)
    if bwrap is not None:
        (programs / "bwrap").write_text(f"#!/bin/sh\n{bwrap}\n")
        (programs / "bwrap").chmod(0o755)


REFUSED = "echo 'bwrap: No permissions to create a new namespace' >&2; exit 1"
TROUBLES = pytest.mark.parametrize(
    ("bwrap", "reason"),
    [
        (None, "bubblewrap is not installed; apt install bubblewrap"),
        (REFUSED, "no user namespaces"),
    ],
    ids=["no bubblewrap", "no user namespaces"],
)


@TROUBLES
@pytest.mark.slow
def test_without_a_strong_sandbox_the_builtin_model_goes_on_with_a_warning(weak, reason):
    done = weak.evolve("weak")
    assert done.returncode == 0, done.stderr
    warning = done.stderr.splitlines()
    assert reason in warning[0]
    assert "agents run in the weak `process` sandbox" in warning[1]
    assert warning[2].startswith("  - ")
    assert len(warning) < 20
    assert "run weak  finished  1 child," in done.stdout


@TROUBLES
def test_bubblewrap_asked_for_is_never_replaced(weak, reason):
    done = weak.evolve("weak", "--sandbox", "bubblewrap")
    assert reason in complaint(done, code=1)
    assert not (weak.path / "archive" / "weak").exists()


@pytest.mark.slow
def test_agent_that_comes_with_dgm_works_in_the_weak_sandbox(place):
    words = ("--benchmark", "tasks", "--children", "0", "--set", "benchmark.stages=[1]")
    done = place.dgm("evolve", "--name", "weak", "--sandbox", "process", *words)
    assert done.returncode == 0, done.stderr
    assert "run weak  finished  0 children, 0 archived, 0 rejected" in done.stdout
    assert "best agent: a0000, the seed agent itself" in done.stdout
