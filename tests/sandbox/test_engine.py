"""An engine is reached, or refused in one line that says what to do; it is never taken for more."""

import gc
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.sandbox import engine
from dgm.sandbox.enginefacts import facts_from
from tests.sandbox.engines import (
    DIES,
    GOOD,
    HANGS,
    KERNEL,
    engine_of_this_machine,
    engine_that_answers,
)

NOBODY = 65534
ROOTLESS = {**GOOD, "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}


@pytest.fixture
def client():
    """A client of this machine's engine."""
    with engine_of_this_machine() as opened:
        yield opened


@pytest.fixture
def place():
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def connected(place):
    """Start an engine that gives such answers, and connect to it."""
    with ExitStack() as stack:

        def connect(answers):
            host = stack.enter_context(engine_that_answers(place / "engine.sock", answers))
            return stack.enter_context(closing(engine.connect(host)))

        yield connect


@contextmanager
def as_nobody():
    """Be a user without rights in this block, if the tests are run by one with all of them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def refusal(host):
    with pytest.raises(SandboxUnavailableError) as caught:
        engine.connect(host)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("tcp://10.0.0.1:2375", "an engine behind tcp://, which cannot share folders"),
        ("tcp://localhost:2375", "an engine behind tcp://"),
        ("ssh://user@host", "an engine behind ssh://"),
        ("https://user:secret@host:2376", "an engine behind https://"),
        ("nonsense", "DOCKER_HOST='nonsense' names no socket; unset it, or write DOCKER_HOST=unix"),
        ("unix://relative.sock", "names no socket"),
        ("npipe:////./pipe/docker", "names no socket"),
        ("unix:///nowhere/docker.sock", "there is no /nowhere/docker.sock; install one (apt"),
        (f"unix:///{'x' * 200}", "(AF_UNIX path too long); see DOCKER_HOST"),
    ],
)
def test_host_that_cannot_work_is_refused_in_one_line(host, expected):
    assert expected in refusal(host)


def test_password_in_an_address_is_not_shown():
    assert "secret" not in refusal("https://user:secret@host:2376")


def test_file_is_no_engine(place):
    (place / "file").touch()
    expected = f"no Docker engine listens at {place}/file; start it: systemctl start docker"
    assert refusal(f"unix://{place}/file") == expected


def test_engine_that_ended_leaves_a_socket_nobody_listens_at(place):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place / "docker.sock"))
    assert "no Docker engine listens at" in refusal(f"unix://{place}/docker.sock")


def test_user_outside_the_group_is_told_how_to_get_in(place):
    with engine_that_answers(place / "docker.sock", {}) as host:
        engine.connect(host).close()  # whoever owns the socket is let in
        (place / "docker.sock").chmod(0o000)
        group = "docker" if os.geteuid() == 0 else (place / "docker.sock").group()
        with as_nobody():
            told = refusal(host)
    assert f"permission denied on {place}/docker.sock: only root and the {group} group" in told
    assert f"sudo usermod -aG {group} " in told


@pytest.mark.parametrize("old", ["1.40", "1.9"])
def test_engine_too_old_is_told_apart_with_both_versions(place, old):
    answers = {"/version": (200, {"ApiVersion": old, "Version": "19.03.8"})}
    with engine_that_answers(place / "engine.sock", answers) as host:
        assert refusal(host) == (
            f"the Docker engine is too old: API 1.41 is needed, version 19.03.8 answers with API "
            f"{old}; install Docker 20.10 or later"
        )


def test_newer_engine_is_spoken_to_in_its_own_version(connected):
    client = connected({"/version": (200, {"ApiVersion": "1.52", "MinAPIVersion": "1.44"})})
    assert client.api.api_version == "1.52"


@pytest.mark.parametrize(
    "answer", [(200, b"hello"), (200, {}), (200, {"ApiVersion": "new"}), (500, {}), (DIES, b"")]
)
def test_something_else_at_the_socket_is_no_engine(place, answer):
    with engine_that_answers(place / "engine.sock", {"/version": answer}) as host:
        assert "does not answer like a Docker engine" in refusal(host)


def test_engine_of_this_machine_says_what_it_is(client):
    facts = engine.facts_of(client)
    assert facts.kernel == KERNEL
    assert facts.os_type == "linux"
    assert facts.cgroup_version in (0, 1, 2)
    assert facts.api_version == client.api.api_version
    assert facts.version == client.version()["Version"]


def test_good_engine_falls_short_of_nothing():
    facts = facts_from(GOOD, "1.47")
    assert facts.shortcoming() is None
    assert (facts.cgroup_version, facts.cgroup_driver) == (2, "systemd")
    assert not facts.is_rootless
    assert not facts.has_userns_remap


def test_rootless_engine_with_all_limits_is_as_good():
    facts = facts_from(ROOTLESS, "1.47")
    assert facts.is_rootless
    assert facts.shortcoming() is None


def test_remapped_users_are_noticed_and_no_shortcoming():
    options = [*GOOD["SecurityOptions"], "name=userns"]
    facts = facts_from({**GOOD, "SecurityOptions": options}, "1.47")
    assert facts.has_userns_remap
    assert facts.shortcoming() is None


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({**ROOTLESS, "CpuCfsQuota": False}, "cannot bound processor time; let systemd delegate"),
        (
            {**ROOTLESS, "CgroupDriver": "none"},
            "cannot bound memory, swap, processes, processor time; let systemd delegate",
        ),
        ({**GOOD, "SwapLimit": False}, "cannot bound swap; boot with swapaccount=1"),
        ({**GOOD, "PidsLimit": False}, "cannot bound processes; mount these cgroup controllers"),
        ({**GOOD, "MemoryLimit": False}, "cannot bound memory; mount these cgroup controllers"),
        ({**GOOD, "SecurityOptions": ["name=cgroupns"]}, "does not filter system calls"),
        ({**GOOD, "SecurityOptions": None}, "does not filter system calls"),
        ({**GOOD, "OSType": "windows"}, "runs windows containers; switch it to linux"),
        ({**GOOD, "KernelVersion": "6.6.12-linuxkit"}, "runs on another kernel (6.6.12-linuxkit"),
        ({}, "the Docker engine runs"),
    ],
)
def test_engine_that_would_give_a_weaker_sandbox_falls_short(info, expected):
    told = facts_from(info, "1.47").shortcoming()
    assert expected in told
    assert "; " in told


def explained(work):
    """Do work in the context; return the error's class and words."""
    with pytest.raises(SandboxError) as caught, engine.explained("starting a sandbox"):
        work()
    assert str(caught.value).startswith("starting a sandbox: ")
    assert "\n" not in str(caught.value)
    return type(caught.value), str(caught.value).removeprefix("starting a sandbox: ")


def test_missing_image_will_be_missing_next_time_too(client):
    kind, told = explained(lambda: client.api.create_container("dgm-nowhere:1", "true"))
    assert kind is SandboxUnavailableError
    assert told == "No such image: dgm-nowhere:1; build the images: dgm images build"


def test_container_that_is_gone_may_be_there_the_next_time(client):
    kind, told = explained(lambda: client.api.start("dgm-nowhere"))
    assert (kind, told) == (
        SandboxError,
        "the Docker engine failed (404): No such container: dgm-nowhere",
    )


@pytest.mark.parametrize(
    ("status", "message", "kind", "expected"),
    [
        (400, "invalid option", SandboxUnavailableError, "engine refuses it: invalid option"),
        (403, "denied by plugin", SandboxUnavailableError, "engine refuses it: denied by plugin"),
        (404, "No such exec instance", SandboxError, "failed (404): No such exec instance"),
        (409, "name is in use", SandboxError, "failed (409): name is in use"),
        (500, "OCI runtime\ncreate failed", SandboxError, "failed (500): OCI runtime create fail"),
        (503, "", SandboxError, "failed (503)"),
        (500, "write /x: no space left on device", SandboxError, "disk of the Docker engine is"),
        (
            400,
            "invalid mount config: bind source path does not exist: /x",
            SandboxUnavailableError,
            "sees other folders than dgm",
        ),
    ],
)
def test_answer_of_the_engine_says_whether_to_try_again(connected, status, message, kind, expected):
    client = connected({"/start": (status, {"message": message})})
    assert expected in (found := explained(lambda: client.api.start("one")))[1]
    assert found[0] is kind


def test_engine_that_dies_in_between_is_worth_another_try(connected):
    client = connected({"/start": (DIES, b"")})
    kind, told = explained(lambda: client.api.start("one"))
    assert kind is SandboxError
    assert "the Docker engine was lost (" in told
    assert "systemctl start docker" in told


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_engine_that_is_gone_afterwards_is_worth_another_try(place):
    with engine_that_answers(place / "engine.sock", {}) as host:
        client = engine.connect(host)
    with closing(client):
        kind, told = explained(client.info)
    assert kind is SandboxError
    assert "the Docker engine was lost (Connection refused)" in told
    gc.collect()  # the SDK leaves a socket open that could not connect


def test_engine_that_hangs_is_worth_another_try(connected):
    client = connected({"/start": (HANGS, threading.Event())})
    client.api.timeout = 0.1
    kind, told = explained(lambda: client.api.start("one"))
    assert kind is SandboxError
    assert "the Docker engine did not answer in time (" in told


def test_other_errors_pass_unchanged():
    with pytest.raises(FileNotFoundError), engine.explained("reading"):
        Path("/nowhere").read_text()


def test_engine_costs_nothing_until_it_is_asked_for():
    code = (
        "import sys, dgm.cli, dgm.cli.images, dgm.sandbox.images;"
        "print(sorted({'docker', 'requests', 'urllib3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
