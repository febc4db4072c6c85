"""Landlock through the launcher, as the `process` sandbox uses it; each refusal with a control."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dgm.resources import data_folder
from dgm.sandbox.landlock import Territory, _handled, abi_version, ruleset, without

LAUNCH = data_folder("sandbox") / "runtime" / "launch.py"
SYSTEM = [Path(p) for p in ("/usr", "/bin", "/lib", "/lib64", "/etc", "/dev", sys.base_prefix)]


def needs_abi(version):
    return pytest.mark.skipif(abi_version() < version, reason=f"needs Landlock {version}")


def python(code, territory):
    """Run Python code within a territory, or freely when it is None; return its exit code."""
    command = [sys.executable, "-I", "-S", "-c", code]
    if territory is None:
        return subprocess.run(command, capture_output=True, timeout=30)
    with ruleset(territory) as rules:
        launched = [sys.executable, "-I", "-S", str(LAUNCH), str(rules), "", *command]
        return subprocess.run(launched, capture_output=True, timeout=30, pass_fds=[rules])


@pytest.fixture
def folders(tmp_path):
    """A folder inside and one outside the territory, each with a file."""
    for name in ("inside", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("text")
    return tmp_path / "inside", tmp_path / "outside"


def territory(inside, **more):
    return Territory(readable=[*SYSTEM, LAUNCH.parent], writable=[inside], **more)


ATTACKS = {
    "read": "open('{}/file').read()",
    "list": "import os; os.listdir('{}')",
    "write": "open('{}/file', 'a').write('x')",
    "create": "open('{}/new', 'w')",
    "remove": "import os; os.remove('{}/file')",
    "make a folder": "import os; os.mkdir('{}/folder')",
    "link": "import os; os.symlink('file', '{}/link')",
}


@needs_abi(1)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_files_outside_are_refused_and_files_inside_are_not(folders, attack):
    inside, outside = folders
    refused = python(attack.format(outside), territory(inside))
    assert b"PermissionError" in refused.stderr
    assert python(attack.format(inside), territory(inside)).returncode == 0
    assert python(attack.format(outside), None).returncode == 0


@needs_abi(1)
def test_programs_outside_cannot_be_executed(folders):
    inside, outside = folders
    run = "import subprocess; subprocess.run(['{}/program'], check=True)"
    for folder in folders:
        (folder / "program").write_text("#!/bin/sh\nexit 0\n")
        (folder / "program").chmod(0o755)
    assert b"PermissionError" in python(run.format(outside), territory(inside)).stderr
    assert python(run.format(inside), territory(inside)).returncode == 0


@needs_abi(3)
def test_files_outside_cannot_be_truncated(folders):
    inside, outside = folders
    cut = f"import os; os.truncate('{outside}/file', 0)"
    assert b"PermissionError" in python(cut, territory(inside)).stderr
    assert (outside / "file").read_text() == "text"


@needs_abi(1)
def test_children_are_bound_too(folders):
    inside, outside = folders
    read = f"import subprocess; subprocess.run(['cat', '{outside}/file'], check=True)"
    assert python(read, territory(inside)).returncode != 0
    assert python(read, None).returncode == 0


@needs_abi(4)
def test_only_named_ports_can_be_connected_to_and_bound(folders):
    inside, _ = folders
    with (
        socket.create_server(("127.0.0.1", 0)) as open_to,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        connect = "import socket; socket.create_connection(('127.0.0.1', {}))"
        permitted, refused = open_to.getsockname()[1], closed.getsockname()[1]
        bounds = territory(inside, connect_ports=[permitted])
        assert python(connect.format(permitted), bounds).returncode == 0
        assert b"PermissionError" in python(connect.format(refused), bounds).stderr
        assert python(connect.format(refused), None).returncode == 0
    bind = "import socket; socket.create_server(('127.0.0.1', 0))"
    assert b"PermissionError" in python(bind, bounds).stderr
    assert python(bind, territory(inside, bind_ports=[0])).returncode == 0


@needs_abi(6)
def test_processes_outside_cannot_be_signalled(folders):
    with subprocess.Popen(["sleep", "60"]) as outsider:
        signal = f"import os; os.kill({outsider.pid}, 0)"
        assert b"PermissionError" in python(signal, territory(folders[0])).stderr
        assert python(signal, None).returncode == 0
        outsider.kill()


@needs_abi(6)
def test_abstract_sockets_outside_cannot_be_reached(folders):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(b"\0dgm-test-abstract-" + str(id(server)).encode())
        server.listen()
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect({server.getsockname()!r})"
        assert b"PermissionError" in python(connect, territory(folders[0])).stderr
        assert python(connect, None).returncode == 0


@needs_abi(1)
def test_a_hidden_folder_is_cut_out_of_a_readable_one(tmp_path):
    hidden = tmp_path / "lib" / "packages" / "secret"
    hidden.mkdir(parents=True)
    (hidden / "answer").write_text("42")
    (hidden.parent / "shown").write_text("shown")
    readable, listable = without(tmp_path, hidden)
    bounds = Territory(readable=[*SYSTEM, LAUNCH.parent, *readable], listable=listable)
    read = "open({!r}).read()"
    assert b"PermissionError" in python(read.format(f"{hidden}/answer"), bounds).stderr
    assert python(read.format(f"{hidden.parent}/shown"), bounds).returncode == 0
    assert python(f"import os; os.listdir({str(hidden.parent)!r})", bounds).returncode == 0


def test_nothing_is_cut_where_nothing_hidden_lies(tmp_path):
    assert without(tmp_path / "a", tmp_path / "b") == ([tmp_path / "a"], [])


@pytest.mark.parametrize(("abi", "highest_bit"), [(1, 12), (2, 13), (3, 14), (4, 14), (5, 15)])
def test_older_kernels_are_asked_only_for_what_they_know(abi, highest_bit):
    assert int(_handled(abi)).bit_length() == highest_bit + 1


@needs_abi(1)
@pytest.mark.parametrize("abi", range(1, max(abi_version(), 1) + 1))
def test_rules_of_every_older_version_are_accepted(folders, abi):
    with ruleset(territory(folders[0], connect_ports=[80], bind_ports=[0]), abi) as rules:
        assert rules > 2
