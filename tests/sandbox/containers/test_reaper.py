"""What dead processes left is removed, and nothing else is touched."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dgm.sandbox import rundir
from dgm.sandbox.containers import labels
from dgm.sandbox.containers.driver import reap
from dgm.sandbox.containers.labels import (
    EXPIRES,
    HOST,
    LIFETIME_S,
    OWNER,
    PROJECT,
    RUN,
    is_left_over,
    labels_of,
)

NOWHERE = Path("/tmp/dgm-0-there-is-no-such-folder")
ELSEWHERE = {HOST: "another-boot/1/2"}


def ours(**others):
    """Labels of a container whose owner is dead, and what is otherwise about it."""
    return {**labels_of("reaped", NOWHERE / secrets.token_hex(4), time.time()), **others}


class TestRule:
    def test_dead_owner_on_this_host_leaves_its_container(self):
        assert is_left_over(ours(), time.time())

    @pytest.mark.parametrize("late_s", [0, LIFETIME_S + 1])
    def test_living_owner_keeps_its_container_however_late_it_is(self, late_s):
        folder = rundir.RunDir()
        try:
            assert not is_left_over(ours(**{OWNER: str(folder.path)}), time.time() + late_s)
        finally:
            folder.close()

    def test_owner_that_died_with_its_folder_left_leaves_its_container(self, tmp_path):
        (tmp_path / "owner").touch()
        assert is_left_over(ours(**{OWNER: str(tmp_path)}), time.time())

    @pytest.mark.skipif(os.getuid() != 0, reason="takes another user's folder")
    def test_owner_of_another_user_counts_as_living(self, tmp_path):
        (tmp_path / "owner").touch(mode=0o600)
        readable = is_left_over(ours(**{OWNER: str(tmp_path)}), time.time())
        with as_nobody():
            unreadable = is_left_over(ours(**{OWNER: str(tmp_path)}), time.time())
        assert (readable, unreadable) == (True, False)

    def test_nothing_is_known_of_owners_elsewhere(self):
        assert not is_left_over(ours(**ELSEWHERE), time.time())

    def test_what_has_expired_elsewhere_goes(self):
        later = time.time() + LIFETIME_S + 1
        assert is_left_over(ours(**ELSEWHERE), later)

    def test_date_that_is_none_does_not_expire(self):
        assert not is_left_over(ours(**ELSEWHERE, **{EXPIRES: "soon"}), time.time() + 10**9)

    @pytest.mark.parametrize("foreign", [{}, {PROJECT: "another"}, {RUN: "reaped", EXPIRES: "1"}])
    def test_foreign_container_is_never_ours(self, foreign):
        assert not is_left_over(foreign, time.time() + 10**9)


@contextmanager
def as_nobody():
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def stray(client, image):
    """Make containers with given labels, started or not; they are gone in the end."""
    made = []

    def make(tags, *, started=False):
        body = {"Image": image, "Cmd": ["sleep", "600"], "Labels": tags}
        body["HostConfig"] = {"NetworkMode": "none"}
        found = client.api.create_container_from_config(body)["Id"]
        made.append(found)
        if started:
            client.api.start(found)
        return found

    yield make
    for each in made:
        labels.remove(client, each)


def there(client):
    return {each["Id"] for each in client.api.containers(all=True)}


def test_left_over_containers_go_and_others_stay(client, driver, stray):
    gone = {stray(ours(), started=True), stray(ours()), stray(ours(**ELSEWHERE, **{EXPIRES: "1"}))}
    kept = {
        stray({}),
        stray({"owner": "somebody"}, started=True),
        stray(ours(**ELSEWHERE)),
        stray(ours(**{OWNER: str(driver._dock.folder.path)})),
        stray(ours(**{PROJECT: "another"})),
    }
    assert driver.reap() >= len(gone)
    assert there(client) & (gone | kept) == kept


def test_only_the_run_that_was_named_is_reaped(client, driver, stray):
    mine, other = stray(ours(**{RUN: "mine"})), stray(ours(**{RUN: "other"}))
    driver.reap("mine")
    assert there(client) & {mine, other} == {other}


def test_container_and_folder_of_one_sandbox_count_once(client, stray):
    base = Path(tempfile.mkdtemp(prefix="dgm-tests-", dir="/tmp"))
    try:
        dead = base / f"dgm-{os.getuid()}-dead"
        (dead / "labels").mkdir(parents=True)
        (dead / "owner").write_bytes(rundir._MARKER)
        for name in ("both", "folder alone"):
            (dead / "labels" / name).write_text("counted")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rundir, "BASE", base)
            for name in ("both", "container alone"):
                stray(labels_of("counted", dead / name, time.time()))
            assert reap(client, "counted") == 3
            assert reap(client, "counted") == 0
    finally:
        shutil.rmtree(base)


def test_container_that_is_gone_already_is_no_trouble(client, stray):
    found = stray(ours())
    labels.remove(client, found)
    labels.remove(client, found)


def test_reap_spares_a_sandbox_in_use(driver, spec):
    with driver.open(spec()) as sandbox:
        driver.reap()
        assert sandbox.exec(["true"], cwd="/", env={}, timeout_s=10).exit_code == 0
