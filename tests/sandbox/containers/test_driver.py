"""What the Docker driver promises beyond every driver: its pool, its ends, and a mortal engine."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import docker
import pytest

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.sandbox.containers import container
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from tests.sandbox.conftest import docker as docker_driver
from tests.sandbox.containers.conftest import ENGINE_SOCKET, leaves_sockets, wait_until

TRUE = {"command": ["true"], "cwd": "/", "env": {}, "timeout_s": 10}


class TestPool:
    def test_lease_takes_a_container_that_was_started_before(self, driver, spec, watch):
        with driver.open(spec()):
            ready = watch.idle(driver)
        with driver.open(spec()) as sandbox:
            assert watch.used_by(sandbox) in ready

    def test_no_container_serves_twice(self, driver, spec, watch):
        used = []
        for _ in range(6):
            with driver.open(spec()) as sandbox:
                used.append(watch.used_by(sandbox))
                process = sandbox_process(watch, used[-1])
            assert not runs(process)
        assert len(set(used)) == 6
        wait_until(lambda: not watch.of(driver) & set(used))

    def test_idle_container_that_died_is_replaced(self, driver, spec, watch):
        with driver.open(spec()):
            ready = watch.idle(driver)
        for each in ready:
            watch.client.api.kill(each)
        with driver.open(spec()) as sandbox:
            assert watch.used_by(sandbox) not in ready
            assert sandbox.exec(**TRUE).exit_code == 0

    @pytest.mark.slow
    def test_idle_container_that_hangs_is_replaced(self, driver, spec, watch, monkeypatch):
        monkeypatch.setattr(container, "_ANSWER_TIMEOUT_S", 0.2)
        with driver.open(spec()):
            ready = watch.idle(driver)
        for each in ready:
            watch.client.api.pause(each)
        with driver.open(spec()) as sandbox:
            assert watch.used_by(sandbox) not in ready

    def test_end_of_the_driver_drains_the_pool(self, spec, watch):
        with docker_driver() as driver:
            with driver.open(spec()):
                watch.idle(driver)
            folder = driver._dock.folder.path
            assert watch.owned_by(folder)
        assert watch.owned_by(folder) == set()
        assert not folder.exists()

    def test_other_limits_get_containers_of_their_own(self, driver, spec):
        count = ["sh", "-c", "stat -fc %b /tmp"]
        for tmp_mb in (8, 32):
            limits = SandboxLimits(memory_mb=128, tmp_mb=tmp_mb)
            with driver.open(spec(limits=limits)) as sandbox:
                found = sandbox.exec(count, cwd="/", env={}, timeout_s=10).stdout
            assert int(found) * 4096 == tmp_mb << 20


HOLDER = """
import os, sys
from dgm.sandbox.protocol import SandboxSpec
from tests.sandbox.conftest import docker
with docker() as driver, driver.open(SandboxSpec("held", "held", wants_model=True)) as sandbox:
    sandbox.put_control("x", b"")
    print(driver._dock.folder.path, flush=True)
    sandbox.exec(["sleep", "60"], cwd="/", env={}, timeout_s=60)
"""


def test_kill_of_the_host_process_leaves_nothing_running_and_reap_takes_the_rest(driver, watch):
    words = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as holder:
        folder = Path(holder.stdout.readline().decode().strip())
        wait_until(lambda: len(watch.owned_by(folder)) > 1)  # one in use, others idle
        holder.kill()
    wait_until(lambda: not watch.owned_by(folder, are_running=True))
    assert folder.is_dir()
    assert driver.reap("another-run") == 0
    assert driver.reap("held") >= 1
    assert not watch.owned_by(folder)  # one that was made and not started is the reaper's
    assert not folder.exists()


class TestUser:
    @pytest.mark.skipif(os.getuid() != 0, reason="only root can lease users")
    def test_sandboxes_run_as_nobody_else_on_the_host(self, driver, spec, watch):
        users = []
        for _ in range(2):
            with driver.open(spec()) as sandbox:
                users.append(user_of(watch, watch.used_by(sandbox)))
        with driver.open(spec()) as one, driver.open(spec()) as other:
            users += [user_of(watch, watch.used_by(each)) for each in (one, other)]
        assert min(users) >= 700_000
        assert users[-1] != users[-2]

    def test_runner_in_a_container_is_no_root_and_has_no_rights(self, driver, spec):
        with driver.open(spec()) as sandbox:
            status = sandbox.exec(
                ["grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"],
                cwd="/", env={}, timeout_s=10,
            ).stdout.decode()  # fmt: skip
        values = dict(line.split(":\t") for line in status.splitlines())
        assert (values.pop("NoNewPrivs"), values.pop("Seccomp")) == ("1", "2")
        assert set(values.values()) == {"0" * 16}

    def test_nobody_else_on_the_host_can_walk_to_a_sandbox(self, driver, spec):
        with driver.open(spec(wants_model=True)) as sandbox:
            place = sandbox.model_socket.parents[1]
            assert place.stat().st_mode & 0o777 == 0o700
            assert list(sandbox.model_socket.parent.iterdir()) == []  # the runner has called


def sandbox_process(watch, found):
    return Path("/proc", str(watch.client.api.inspect_container(found)["State"]["Pid"]))


def runs(process):
    """Whether a process lives, not only its entry in its parent's table."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def user_of(watch, found):
    pid = watch.client.api.inspect_container(found)["State"]["Pid"]
    return Path(f"/proc/{pid}").stat().st_uid or _real_user(pid)


def _real_user(pid):
    words = Path(f"/proc/{pid}/status").read_text().split()
    return int(words[words.index("Uid:") + 1])


class TestMemory:
    def test_bomb_that_kills_the_runner_itself_is_out_of_memory(self, driver, spec):
        """Files in memory that nothing can take back: at last the kernel kills the runner."""
        limits = SandboxLimits(memory_mb=64, workspace_mb=256, tmp_mb=256)
        with driver.open(spec(limits=limits)) as sandbox:
            fill = "while :; do head -c 4M /dev/zero >> /workspace/fill || exit; done"
            result = sandbox.exec(["sh", "-c", fill], cwd="/", env={}, timeout_s=60)
            assert result.out_of_memory
            with pytest.raises(SandboxError):
                sandbox.exec(**TRUE)

    def test_container_killed_from_outside_is_lost_and_not_out_of_memory(self, driver, spec, watch):
        with driver.open(spec()) as sandbox:
            sandbox.exec(**TRUE)
            watch.client.api.kill(watch.used_by(sandbox))
            with pytest.raises(SandboxError):
                sandbox.exec(**TRUE)

    def test_files_are_bounded_in_number(self, driver, spec):
        limits = SandboxLimits(memory_mb=256, inodes=500)
        flood = "for n in range(10**4): open(f'/workspace/{n}', 'x').close()"
        with driver.open(spec(limits=limits)) as sandbox:
            result = sandbox.exec(["python3", "-c", flood], cwd="/", env={}, timeout_s=60)
        assert b"No space left on device" in result.stderr


@leaves_sockets
class TestMortalEngine:
    def test_sandbox_in_use_goes_on_while_the_engine_is_away(self, through, spec, forwarder, watch):
        with through.open(spec()) as sandbox:
            found = watch.used_by(sandbox)
            forwarder.cut()
            assert sandbox.exec(**TRUE).exit_code == 0
        wait_until(lambda: found not in watch.of(through))
        forwarder.mend()

    def test_engine_that_stays_away_is_told_with_its_remedy(self, through, spec, forwarder):
        forwarder.cut()
        with (
            pytest.raises(SandboxUnavailableError, match="systemctl start docker") as caught,
            through.open(spec()),
        ):
            pass
        assert "\n" not in str(caught.value)
        forwarder.mend()

    def test_engine_that_came_back_serves_again(self, through, spec, forwarder):
        with through.open(spec()):
            pass
        forwarder.cut()
        forwarder.mend()
        for wants_model in (False, True):
            with through.open(spec(wants_model=wants_model)) as sandbox:
                assert sandbox.exec(**TRUE).exit_code == 0


class TestRefusals:
    def test_driver_that_was_not_entered_refuses(self, client, image, spec):
        with pytest.raises(SandboxError):
            Docker(client, image).open(spec())

    def test_missing_image_is_told_with_its_remedy(self):
        opened = connect(f"unix://{ENGINE_SOCKET}")
        with pytest.raises(SandboxUnavailableError, match="dgm images build"):
            Docker(opened, "dgm-sandbox:there-is-no-such").__enter__()

    def test_image_with_volumes_is_refused(self, client, image):
        build = f"FROM {image}\nVOLUME /data\n".encode()
        tag = "dgm-tests:volumes"
        client.images.build(fileobj=io.BytesIO(build), tag=tag, rm=True)
        try:
            with pytest.raises(SandboxUnavailableError, match="VOLUME"):
                Docker(connect(f"unix://{ENGINE_SOCKET}"), tag).__enter__()
        finally:
            client.images.remove(tag)

    def test_image_without_python_is_refused(self, client):
        tag = "dgm-tests:empty"
        client.api.import_image_from_data(_tar_with_a_file(), repository="dgm-tests", tag="empty")
        try:
            with pytest.raises(SandboxUnavailableError, match="python3"):
                Docker(connect(f"unix://{ENGINE_SOCKET}"), tag).__enter__()
        finally:
            client.images.remove(tag)


def _tar_with_a_file():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("file"))
    return packed.getvalue()


AS_SOMEBODY = """
from pathlib import Path
from dgm.sandbox.engine import connect
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.protocol import SandboxSpec
import sys
with Docker(connect(sys.argv[1]), sys.argv[2]) as driver:
    with driver.open(SandboxSpec("s", "s", agent=Path("docs"), wants_model=True)) as sandbox:
        script = "ls /agent /run/dgm; id -u; echo > /agent/x || echo refused"
        result = sandbox.exec(["sh", "-c", script], cwd="/", env={}, timeout_s=10)
        print(result.stdout.decode())
    print(driver.reap(), "reaped")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_user_of_the_docker_group_has_sandboxes_too(client, image):
    checkout, packages = Path(__file__).parents[3], Path(docker.__file__).parents[1]
    if any(each.stat().st_mode & 0o005 != 0o005 for each in (checkout, packages)):
        pytest.skip("the checkout is private")
    group = str(Path(ENGINE_SOCKET).stat().st_gid)
    words = ("setpriv", "--reuid", "65533", "--regid", "65533", "--groups", group)
    result = subprocess.run(
        [*words, "/usr/bin/python3", "-B", "-c", AS_SOMEBODY, f"unix://{ENGINE_SOCKET}", image],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(packages)},
        capture_output=True,
        check=False,
    )
    said = result.stdout.decode()
    assert "agent-contract.md\n" in said, result.stderr.decode()
    assert "refused" in said
    user = int(next(line for line in said.splitlines() if line.isdecimal()))
    assert user not in (0, 65533)
    assert user >= 700_000
