"""What every container is started with: as the function has it, and as the engine took it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from docker.errors import NotFound

from dgm.records import SandboxLimits
from dgm.resources import data_folder
from dgm.sandbox.containers.settings import Kind, Place, container_settings
from tests.sandbox.conftest import LIMITS, docker

PROFILE = (data_folder("sandbox") / "seccomp.json").read_text()
WRITABLE = {"/workspace", "/tmp", "/logs", "/tests", "/solution", "/dev/shm"}
SEEN = {"/run/dgm": "control", "/agent": "agent", "/run/dgm-runner": "runner"}
WITH_PACKAGES = {**SEEN, "/packages": "packages"}

# All that may be said to the engine about a container's surroundings.
KNOWN = {
    *("AutoRemove", "Init", "Privileged", "CapDrop", "SecurityOpt", "ReadonlyRootfs"),
    *("MaskedPaths", "NetworkMode", "Dns", "IpcMode", "CgroupnsMode", "LogConfig", "Memory"),
    *("MemorySwap", "PidsLimit", "NanoCpus", "Ulimits", "Tmpfs", "Mounts"),
}


def random_order(rng: Random) -> tuple[Kind, Place, int]:
    words = ["evil=1", "--privileged", "/var/run/docker.sock", "a\nb", "run", "ü", "../..", ""]
    limits = SandboxLimits(
        memory_mb=rng.randrange(64, 9999),
        processes=rng.randrange(8, 999),
        cpus=rng.choice((0.001, 0.5, 1.0, 16.0)),
        workspace_mb=rng.randrange(1, 999),
        tmp_mb=rng.randrange(1, 999),
        inodes=rng.randrange(100, 99_999),
        open_files=rng.randrange(32, 9999),
    )
    folder = Path("/tmp") / f"dgm-{rng.randrange(9999)}"
    packages = rng.choice((None, folder / "p2"))
    place = Place(folder / "b1" / "control", folder / "b1" / "agent", folder / "runner", packages)
    kind = Kind(rng.choice(words), limits, rng.random() < 0.5, packages)
    return kind, place, rng.randrange(1, 10**6)


@pytest.mark.parametrize("seed", range(100))
def test_no_order_opens_a_way_out(seed):
    rng = Random(seed)
    kind, place, uid = random_order(rng)
    body = container_settings(
        kind, place, image="image", uid=uid, profile=PROFILE, labels={"run": kind.run}
    )
    host = body["HostConfig"]
    assert set(host) == KNOWN
    assert (body["User"], body["NetworkDisabled"]) == (f"{uid}:{uid}", True)
    assert (host["NetworkMode"], host["IpcMode"], host["CapDrop"]) == ("none", "private", ["ALL"])
    assert (host["Privileged"], host["ReadonlyRootfs"]) == (False, True)
    assert host["SecurityOpt"] == ["no-new-privileges", f"seccomp={PROFILE}"]
    assert {mount["Target"]: Path(mount["Source"]) for mount in host["Mounts"]} == {
        target: getattr(place, name)
        for target, name in (WITH_PACKAGES if kind.packages else SEEN).items()
    }
    assert all(mount["ReadOnly"] and mount["Type"] == "bind" for mount in host["Mounts"])
    assert host["Memory"] == host["MemorySwap"] == kind.limits.memory_mb << 20
    assert host["PidsLimit"] == kind.limits.processes
    assert host["NanoCpus"] > 0
    assert set(host["Tmpfs"]) == WRITABLE
    for options in host["Tmpfs"].values():
        words = options.split(",")
        assert {"nosuid", "nodev", f"nr_inodes={kind.limits.inodes}"} <= set(words)
        assert any(word.startswith("size=") and word != "size=0" for word in words)
    rest = {**body, "Labels": None}
    assert kind.run in ("", "run") or json.dumps(kind.run)[1:-1] not in json.dumps(rest)


@pytest.mark.parametrize("seen", [SEEN, WITH_PACKAGES], ids=["without", "with packages"])
def test_engine_takes_the_settings_as_they_are(client, spec, watch, tmp_path, seen):
    """Row 4 of the threats: every started container is looked at."""
    packages = tmp_path if "/packages" in seen else None
    order = spec(agent=tmp_path, wants_model=True, packages=packages)
    with docker() as driver, driver.open(order) as sandbox:
        watch.idle(driver)
        found = list(inspected(watch, driver))
        assert watch.used_by(sandbox) in {each["Id"] for each in found}
        folder = driver._dock.folder.path
    assert len(found) > 1
    for each in found:
        check_as_the_engine_has_it(each, folder, seen)


def inspected(watch, driver):
    """What the engine says of each container; one may be gone meanwhile."""
    for each in watch.of(driver):
        with suppress(NotFound):
            yield watch.client.api.inspect_container(each)


def check_as_the_engine_has_it(found, folder, seen):
    host = found["HostConfig"]
    assert (host["Privileged"], host["ReadonlyRootfs"]) == (False, True)
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
    assert (host["NetworkMode"], host["IpcMode"]) == ("none", "private")
    assert not any(host[way] for way in ("PidMode", "UTSMode", "UsernsMode", "Devices", "Binds"))
    assert not any(host[way] for way in ("VolumesFrom", "PortBindings", "DeviceRequests", "Links"))
    assert not any(host[way] for way in ("GroupAdd", "ExtraHosts", "OomKillDisable"))
    assert found["AppArmorProfile"] != "unconfined"
    assert [option.split("=")[0] for option in host["SecurityOpt"]] == [
        "no-new-privileges", "seccomp",
    ]  # fmt: skip
    assert host["SecurityOpt"][1] == f"seccomp={PROFILE}"
    assert (host["Memory"], host["MemorySwap"]) == (LIMITS.memory_mb << 20,) * 2
    assert host["PidsLimit"] == LIMITS.processes
    assert host["LogConfig"]["Type"] == "none"
    assert int(found["Config"]["User"].split(":")[0]) > 1000
    assert set(host["Tmpfs"]) == WRITABLE
    binds = [mount for mount in found["Mounts"] if mount["Type"] == "bind"]
    assert [mount for mount in found["Mounts"] if mount["Type"] not in ("bind", "tmpfs")] == []
    assert {mount["Destination"] for mount in binds} == set(seen)
    for mount in binds:
        assert not mount["RW"]
        assert mount["Propagation"] == "rprivate"
        assert Path(mount["Source"]).is_relative_to(folder)
        assert Path(mount["Source"]) != folder
    assert set(found["NetworkSettings"]["Networks"]) <= {"none"}
