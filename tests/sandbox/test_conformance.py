"""What every sandbox driver promises, tried on each driver there is."""

from __future__ import annotations

import os
import resource
import socket
import tempfile
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from dgm.errors import SandboxError, SandboxUnavailableError, UnsafeArchiveError
from dgm.records import Environment
from dgm.sandbox.transfer import pack

SURVIVOR = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open({marker!r}, "a").write("x")
            time.sleep(0.02)
    os._exit(0)
os.wait()
"""

MEMORY_BOMB = "held = []\nwhile True: held.append(bytearray(b'1' * 10**7))"


class TestCommands:
    def test_output_and_exit_code_come_back(self, inside):
        result = inside.sh("echo out; echo err >&2; exit 7")
        assert (result.exit_code, result.stdout, result.stderr) == (7, b"out\n", b"err\n")
        assert not result.timed_out
        assert not result.out_of_memory

    def test_success_is_zero(self, inside):
        assert inside.run("true").exit_code == 0

    def test_death_by_signal_is_a_negative_code(self, inside):
        assert inside.sh("kill -TERM $$").exit_code == -15

    def test_missing_program_is_a_result_and_no_error(self, inside):
        result = inside.run("no-such-program")
        assert result.exit_code == 127
        assert b"no-such-program" in result.stderr

    def test_program_without_exec_bit_is_a_result_and_no_error(self, inside):
        result = inside.sh("echo > plain")
        assert inside.run("./plain").exit_code == 126
        assert result.exit_code == 0

    def test_missing_folder_is_a_result_and_no_error(self, inside):
        assert inside.run("true", cwd="/no/such/folder").exit_code == 127

    def test_input_arrives_and_ends(self, inside):
        assert inside.run("cat", stdin=b"hello").stdout == b"hello"

    def test_empty_input_ends_at_once(self, inside):
        assert inside.run("cat").stdout == b""

    def test_large_input_arrives_whole(self, inside):
        assert inside.run("wc", "-c", stdin=b"x" * 3_000_000).stdout.split() == [b"3000000"]

    def test_input_nobody_reads_is_no_error(self, inside):
        assert inside.run("true", stdin=b"x" * 3_000_000).exit_code == 0

    def test_output_is_bytes_as_they_are(self, inside):
        code = "import os; os.write(1, bytes(range(256)))"
        assert inside.python(code).stdout == bytes(range(256))

    def test_words_are_not_read_by_a_shell(self, inside):
        word = "$(id) `id` ; * \n ü"
        assert inside.run("printf", "%s", word).stdout == word.encode()

    def test_environment_is_exactly_what_is_promised(self, inside):
        lines = inside.run("/usr/bin/env", "-0", env={"MINE": "a=b"}).stdout.split(b"\0")
        found = dict(line.split(b"=", 1) for line in lines if line)
        assert found.pop(b"MINE") == b"a=b"
        assert found.pop(b"PYTHONHASHSEED") == b"0"
        assert found.pop(b"PYTHONDONTWRITEBYTECODE") == b"1"
        assert set(found) == {b"PATH", b"HOME", b"LANG", b"TMPDIR"}

    def test_environment_of_the_host_stays_outside(self, driver, spec, enter, monkeypatch):
        monkeypatch.setenv("CANARY_KEY", "sk-canary-1234")
        with driver.open(spec()) as sandbox:
            found = enter(sandbox).sh("cat /proc/[0-9]*/environ | tr '\\0' '\\n'; env").stdout
        assert b"PATH" in found
        assert b"canary" not in found.lower()

    def test_user_is_not_root(self, inside):
        assert int(inside.run("id", "-u").stdout) != 0

    def test_working_folder_is_the_one_asked_for(self, inside):
        tmp = inside.sandbox.paths.tmp
        assert inside.run("pwd", cwd=tmp).stdout.decode().strip() == tmp

    def test_commands_see_what_earlier_ones_wrote(self, inside):
        inside.sh("echo kept > note")
        assert inside.run("cat", "note").stdout == b"kept\n"

    def test_no_descriptor_but_the_three_is_inherited(self, inside):
        code = "import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])"
        assert inside.python(code).stdout == b"[0, 1, 2]\n"

    def test_pipes_break_as_usual(self, inside):
        result = inside.sh("yes | head -1", timeout_s=10)
        assert (result.exit_code, result.stdout, result.stderr) == (0, b"y\n", b"")

    def test_word_with_a_nul_byte_is_refused(self, inside):
        with pytest.raises(SandboxError):
            inside.run("echo", "a\0b")


class TestEndings:
    def test_deadline_kills_a_command_that_ignores_sigterm(self, inside):
        result = inside.sh("trap '' TERM; echo started; while :; do sleep 1; done", timeout_s=0.5)
        assert result.timed_out
        assert result.exit_code is None
        assert result.stdout == b"started\n"
        assert result.duration_s < 5

    def test_sandbox_is_of_use_after_a_deadline(self, inside):
        assert inside.run("sleep", "60", timeout_s=0.2).timed_out
        assert inside.run("echo", "on").stdout == b"on\n"

    def test_detached_grandchild_dies_with_its_command(self, inside):
        result = inside.python(SURVIVOR.format(marker="beat"))
        assert result.exit_code == 0
        assert self._beats(inside) == self._beats(inside)

    def test_detached_grandchild_dies_at_the_deadline(self, inside):
        code = SURVIVOR.format(marker="beat") + "\ntime.sleep(60)"
        assert inside.python(code, timeout_s=0.7).timed_out
        assert self._beats(inside) == self._beats(inside) != 0

    def test_detached_grandchild_would_live_on_outside(self, tmp_path):
        marker = tmp_path / "beat"
        if os.fork() == 0:
            os.execlp("python3", "python3", "-c", SURVIVOR.format(marker=str(marker)) + "\n")
        os.wait()
        time.sleep(0.3)
        before = marker.stat().st_size
        time.sleep(0.3)
        assert marker.stat().st_size > before
        for stat in Path("/proc").glob("[0-9]*/cmdline"):
            if str(marker).encode() in stat.read_bytes():
                os.kill(int(stat.parent.name), 9)

    def test_background_child_that_holds_the_output_does_not_hold_the_result(self, inside):
        result = inside.sh("sleep 60 & echo done")
        assert result.stdout == b"done\n"
        assert result.duration_s < 5

    @pytest.mark.usefixtures("strong")
    def test_killing_everything_in_reach_kills_neither_runner_nor_host(self, inside):
        inside.sh("kill -9 -1")
        assert inside.run("echo", "alive").stdout == b"alive\n"

    @pytest.mark.usefixtures("strong")
    def test_no_signal_from_inside_ends_the_runner(self, inside):
        inside.sh("for n in $(seq 1 64); do kill -$n 1 2>/dev/null; done; true")
        assert inside.run("echo", "alive").stdout == b"alive\n"

    @pytest.mark.usefixtures("strong")
    def test_no_limit_laid_on_the_runner_from_inside_cripples_it(self, inside, tmp_path):
        code = "import resource as r; r.prlimit(1, r.RLIMIT_NOFILE, (3, 3))"
        assert b"PermissionError" in inside.python(code).stderr
        inside.sh("echo more > kept.txt")
        workspace = inside.sandbox.paths.workspace
        found = inside.sandbox.collect(workspace, tmp_path, max_bytes=10**6, max_files=10)
        assert found.skipped == ()
        assert (tmp_path / "kept.txt").read_text() == "more\n"

    def test_limits_of_their_own_are_left_to_commands(self, inside):
        result = inside.sh("ulimit -n 20 && ulimit -n")
        assert result.stdout == b"20\n"

    def test_output_that_was_handed_to_a_socket_does_not_hold_the_result(self, driver, spec, enter):
        hand_over = """
            import array, socket, sys
            link = socket.socket(socket.AF_UNIX)
            link.connect(sys.argv[1])
            fds = array.array("i", [1, 2])
            link.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            print("handed over")
        """
        with driver.open(spec(wants_model=True)) as sandbox, socket.socket(socket.AF_UNIX) as model:
            model.bind(str(sandbox.model_socket))
            model.listen(1)  # and takes nothing
            words = ("-c", textwrap.dedent(hand_over), f"{sandbox.paths.control}/model.sock")
            result = enter(sandbox).run("python3", *words, timeout_s=5)
            assert (result.stdout, result.timed_out) == (b"handed over\n", False)
            assert result.duration_s < 4

    def _beats(self, inside):
        time.sleep(0.1)
        return len(
            inside.sandbox.read_file(inside.sandbox.paths.workspace + "/beat", max_bytes=9**6)
            or b""
        )


class TestOutputBounds:
    def test_flood_is_cut_in_the_middle_and_counted(self, inside):
        result = inside.sh("echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo last")
        assert result.exit_code == 0
        assert len(result.stdout) <= 64 * 1024
        assert result.stdout.startswith(b"first\n")
        assert result.stdout.endswith(b"xlast\n")
        kept = len(result.stdout) - len(b"\n[... %d bytes dropped ...]\n" % result.dropped)
        assert kept + result.dropped == 100_000_000 + len(b"first\nlast\n")

    def test_flood_does_not_fill_the_memory_of_the_host(self, inside):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        inside.sh("head -c 300000000 /dev/zero >&2")
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown_kb < 64 * 1024

    def test_endless_flood_ends_at_the_deadline(self, inside):
        result = inside.run("yes", timeout_s=0.5)
        assert result.timed_out
        assert result.dropped > 0
        assert result.duration_s < 5

    def test_output_up_to_the_bound_is_whole(self, inside):
        result = inside.sh("head -c 60000 /dev/zero")
        assert (len(result.stdout), result.dropped) == (60_000, 0)


class TestLimits:
    def test_fork_bomb_is_contained(self, inside):
        code = "import os, time\nfor _ in range(1000):\n  if os.fork() == 0: time.sleep(60)"
        result = inside.python(code)
        assert result.exit_code != 0
        assert b"BlockingIOError" in result.stderr
        assert inside.run("true").exit_code == 0

    @pytest.mark.usefixtures("strong")
    def test_memory_bomb_is_out_of_memory(self, inside):
        result = inside.python(MEMORY_BOMB, timeout_s=30)
        if not {"memory:cgroup", "memory:docker"} & set(inside.sandbox.limits_in_force):
            assert b"MemoryError" in result.stderr
            return
        assert result.out_of_memory
        assert not result.timed_out

    @pytest.mark.usefixtures("strong")
    def test_command_after_a_memory_bomb_is_not_blamed(self, inside):
        inside.python(MEMORY_BOMB, timeout_s=30)
        assert not inside.run("true").out_of_memory

    @pytest.mark.parametrize("place", ["workspace", "tmp", "logs", "tests", "solution"])
    @pytest.mark.usefixtures("strong")
    def test_every_writable_place_is_bounded(self, inside, place):
        folder = getattr(inside.sandbox.paths, place)
        result = inside.sh("for i in 1 2 3 4; do head -c 20M /dev/zero > $i; done", cwd=folder)
        assert b"No space left" in result.stderr or b"File too large" in result.stderr
        used = inside.sh("du -sm . | cut -f1", cwd=folder).stdout
        assert int(used) <= 25

    @pytest.mark.usefixtures("strong")
    def test_shared_memory_is_bounded(self, inside):
        result = inside.sh("head -c 100M /dev/zero > /dev/shm/x")
        assert result.exit_code != 0

    @pytest.mark.usefixtures("strong")
    def test_nothing_else_can_be_written(self, inside):
        code = """
import os
for folder, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(folder, f) not in ("/proc", "/dev/pts")]
    try:
        os.close(os.open(folder + "/.probe", os.O_CREAT | os.O_WRONLY))
        print(folder)
    except OSError:
        pass
"""
        writable = inside.python(code, timeout_s=60).stdout.decode().split()
        assert set(writable) == {
            "/dev/shm", "/logs", "/solution", "/tests", "/tmp", "/workspace",
        }  # fmt: skip

    def test_open_files_are_bounded(self, inside):
        result = inside.python("import os\nfor n in range(1000): print(os.dup(0))")
        assert b"Too many open files" in result.stderr

    def test_limits_that_hold_are_named(self, inside):
        assert inside.sandbox.limits_in_force


class TestSights:
    def test_agent_is_seen_and_cannot_be_changed(self, driver, spec, enter, tmp_path):
        agent = tmp_path / "agent"
        agent.mkdir(mode=0o700)
        (agent / "main.py").write_text("print('agent speaks')")
        (agent / "main.py").chmod(0o600)
        with driver.open(spec(agent=agent)) as sandbox:
            inside = enter(sandbox)
            folder = sandbox.paths.agent
            assert inside.run("python3", "main.py", cwd=folder).stdout == b"agent speaks\n"
            result = inside.sh("echo > new; echo >> main.py; rm main.py; chmod 777 .", cwd=folder)
            assert result.exit_code != 0
            assert enter(sandbox).run("cat", "main.py", cwd=folder).stdout.startswith(b"print")
        assert [path.name for path in agent.iterdir()] == ["main.py"]
        assert (agent / "main.py").stat().st_mode & 0o777 == 0o600

    def test_control_files_are_seen_and_cannot_be_changed(self, inside):
        control = inside.sandbox.paths.control
        inside.sandbox.put_control("task.json", b'{"contract": 1}')
        assert inside.run("cat", f"{control}/task.json").stdout == b'{"contract": 1}'
        assert inside.sh(f"echo x > {control}/task.json").exit_code != 0
        assert inside.sh(f"echo x > {control}/new").exit_code != 0
        inside.sandbox.put_control("task.json", b"2")
        assert inside.run("cat", f"{control}/task.json").stdout == b"2"

    @pytest.mark.usefixtures("strong")
    def test_files_of_the_host_are_not_seen(self, inside, tmp_path):
        with tempfile.NamedTemporaryFile("w", dir="/var/tmp") as other:
            for secret in (tmp_path / "secret", Path(other.name)):
                secret.write_text("hidden")
                secret.chmod(0o644)
                assert inside.run("cat", str(secret)).exit_code != 0
        assert inside.run("cat", "/etc/shadow").exit_code != 0
        assert socket.gethostname().encode() not in inside.sh("hostname; cat /etc/hostname").stdout
        for folder in ("/root", "/home", "/sys/kernel", "/sys/class", "/sys/devices"):
            assert not inside.run("ls", folder).stdout

    @pytest.mark.usefixtures("strong")
    def test_two_sandboxes_do_not_see_each_other(self, strong, spec, enter):
        with strong.open(spec(wants_model=True)) as one, strong.open(spec()) as other:
            first, second = enter(one), enter(other)
            one.put_control("task.json", b"mine")
            first.sh("echo mine > /tmp/mark; echo mine > /dev/shm/mark")
            look = "cat /tmp/mark /dev/shm/mark /run/dgm/task.json; ls /tmp /dev/shm /run/dgm"
            assert second.sh(look).stdout.strip() == b"/dev/shm:\n\n/run/dgm:\n\n/tmp:"
            assert first.sh("id -u; cat /proc/self/uid_map").exit_code == 0
            seen = second.sh("ls -d /proc/[0-9]* | wc -l").stdout
            assert int(seen) < 8


ATTEMPTS = {
    "tcp": "s = socket.create_connection(('1.1.1.1', 53), 2)",
    "tcp6": "s = socket.create_connection(('2606:4700:4700::1111', 53), 2)",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('1.1.1.1', 53))",
    "dns": "socket.getaddrinfo('example.com', 80)",
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packet": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "vsock": "socket.socket(40, socket.SOCK_STREAM)",
    "netlink-audit": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)",
    "alg": "socket.socket(38, 5)",
}


class TestNetwork:
    @pytest.mark.parametrize("way", list(ATTEMPTS))
    @pytest.mark.usefixtures("strong")
    def test_there_is_no_way_out(self, inside, way):
        result = inside.python(f"import socket\n{ATTEMPTS[way]}\nprint('out')")
        assert result.exit_code == 1
        assert b"rror" in result.stderr

    @pytest.mark.usefixtures("strong")
    def test_only_loopback_exists(self, inside):
        devices = inside.run("cat", "/proc/net/dev").stdout.splitlines()[2:]
        assert [line.split(b":")[0].strip() for line in devices] == [b"lo"]

    @pytest.mark.usefixtures("strong")
    def test_listener_of_the_host_is_reached_outside_and_not_inside(self, inside):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            socket.create_connection(("127.0.0.1", port), 2).close()
            code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
            assert b"ConnectionRefusedError" in inside.python(code).stderr

    @pytest.mark.usefixtures("strong")
    def test_abstract_socket_of_the_host_is_reached_outside_and_not_inside(self, inside):
        name = f"\0dgm-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(name)
            server.listen()
            client.connect(name)
            code = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
            assert b"ConnectionRefusedError" in inside.python(code).stderr


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[::-1])

    def address_string(self):
        return "sandbox"

    def log_message(self, *_):
        return


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


ASK = """
import http.client, sys
sent = bytes(range(256)) * int(sys.argv[2])
for _ in range(3):
    link = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    link.request("POST", "/v1/messages", sent)
    assert link.getresponse().read() == sent[::-1]
print("answered")
"""


class TestModel:
    @pytest.fixture
    def served(self, driver, spec, enter):
        with (
            driver.open(spec(wants_model=True)) as sandbox,
            _Server(str(sandbox.model_socket), _Echo) as server,
        ):
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield enter(sandbox)
            server.shutdown()
            thread.join()

    @pytest.mark.parametrize("kilobytes", [1, 2000])
    def test_server_on_the_socket_is_reached_through_the_loopback_port(self, served, kilobytes):
        port = str(served.sandbox.model_port)
        result = served.run("python3", "-c", ASK, port, str(kilobytes * 4))
        assert result.stdout == b"answered\n", result.stderr

    def test_server_is_reached_by_the_socket_itself(self, served):
        path = served.sandbox.paths.control + "/model.sock"
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r}); print('in')"
        assert served.python(code).stdout == b"in\n"

    def test_many_connections_at_once_are_carried(self, served):
        port = served.sandbox.model_port
        code = f"""
import socket
links = [socket.create_connection(("127.0.0.1", {port}), 5) for _ in range(50)]
for link in links:
    link.sendall(b"POST / HTTP/1.0\\r\\nContent-Length: 2\\r\\n\\r\\nab")
print(sum(link.makefile("rb").read().endswith(b"ba") for link in links))
"""
        assert served.python(code).stdout == b"50\n"

    def test_connection_still_open_when_its_command_ends_costs_nothing(self, served):
        port = served.sandbox.model_port
        code = f"""
import os, socket, time
held, link = (socket.create_connection(("127.0.0.1", {port}), 5) for _ in range(2))
link.sendall(b"POST / HTTP/1.0\\r\\nContent-Length: 2\\r\\n\\r\\nab")
print(link.makefile("rb").read()[-2:], flush=True)
if os.fork() == 0:
    time.sleep(60)
"""
        assert served.python(code).stdout == b"b'ba'\n"
        assert served.sh("echo still here").stdout == b"still here\n"

    @pytest.mark.usefixtures("strong")
    def test_socket_of_the_model_cannot_be_replaced(self, served):
        assert served.sh("rm -f /run/dgm/model.sock; mv /run/dgm/model.sock /tmp").exit_code != 0
        assert served.sandbox.model_socket.is_socket()

    def test_connection_is_closed_when_nobody_serves(self, driver, spec, enter):
        with driver.open(spec(wants_model=True)) as sandbox:
            code = f"""
import socket
link = socket.create_connection(("127.0.0.1", {sandbox.model_port}), 5)
try:
    print(link.recv(1))
except ConnectionResetError:
    print(b"")
"""
            assert enter(sandbox).python(code).stdout == b"b''\n"

    def test_sandbox_without_a_model_has_neither_socket_nor_port(self, inside):
        assert inside.sandbox.model_socket is None
        assert inside.sandbox.model_port is None


class TestFiles:
    def test_tree_goes_in_and_comes_out_the_same(self, inside, tmp_path, out, tree):
        source = tmp_path / "source"
        (source / "empty").mkdir(parents=True)
        (source / ("deep/" * 12)).mkdir(parents=True)
        (source / "tool").write_text("#!/bin/sh\necho works\n")
        (source / "tool").chmod(0o755)
        (source / "ünï çødé 文").write_bytes(b"\0\xff")
        (source / ("n" * 200)).write_text("long name")
        (source / ("deep/" * 12) / ("m" * 120)).write_text("long path")
        (source / "big").write_bytes(os.urandom(1_500_000))
        inside.sandbox.put(pack(source), inside.sandbox.paths.workspace)
        assert inside.run("./tool").stdout == b"works\n"
        collected = inside.sandbox.collect(
            inside.sandbox.paths.workspace, out, max_bytes=10**8, max_files=100
        )
        assert tree(out) == tree(source)
        assert (out / "tool").stat().st_mode & 0o777 == 0o755
        assert (out / "big").stat().st_mode & 0o777 == 0o644
        assert (collected.files, collected.skipped) == (5, ())

    def test_put_makes_the_folder_and_files_belong_to_the_user(self, inside, tmp_path):
        (tmp_path / "note").write_text("1")
        folder = inside.sandbox.paths.workspace + "/a/b"
        inside.sandbox.put(pack(tmp_path), folder)
        assert inside.sh("echo 2 >> note && cat note", cwd=folder).stdout == b"12\n"

    def test_symbolic_link_the_host_sends_is_kept(self, inside, tmp_path):
        (tmp_path / "link").symlink_to("target")
        inside.sandbox.put(pack(tmp_path), inside.sandbox.paths.workspace)
        assert inside.run("readlink", "link").stdout == b"target\n"

    def test_links_devices_and_git_stay_behind_and_are_named(self, inside, out, tree):
        inside.sh(
            "echo 1 > file; ln file hard; ln -s /etc/passwd soft; ln -s / root; mkfifo pipe;"
            "mkdir -p sub/.git/hooks .GIT; echo evil > sub/.git/hooks/post-checkout;"
            "echo gitdir > .git; echo ok > .gitignore"
        )
        collected = self._collect(inside, out)
        assert tree(out) == {"file": b"1\n", "sub": None, ".gitignore": b"ok\n"}
        assert set(collected.skipped) == {
            ".GIT", ".git", "hard", "pipe", "root", "soft", "sub/.git",
        }  # fmt: skip

    def test_socket_stays_behind(self, inside, out, tree):
        inside.python("import socket; socket.socket(socket.AF_UNIX).bind('s')")
        assert self._collect(inside, out).skipped == ("s",)
        assert tree(out) == {}

    def test_files_without_rights_come_out(self, inside, out, tree):
        inside.sh("mkdir shut; echo 1 > shut/file; chmod 0 shut/file shut")
        self._collect(inside, out)
        assert tree(out) == {"shut": None, "shut/file": b"1\n"}

    def test_setuid_bit_does_not_come_out(self, inside, out):
        inside.sh("cp /usr/bin/id id; chmod 6755 id; chmod 2755 .")
        self._collect(inside, out)
        assert (out / "id").stat().st_mode & 0o7777 == 0o755

    def test_too_many_bytes_are_refused(self, inside, out):
        inside.sh("head -c 2000000 /dev/zero > big")
        with pytest.raises(UnsafeArchiveError):
            self._collect(inside, out, max_bytes=1_000_000)

    def test_sparse_giant_is_refused_before_it_is_read(self, inside, out):
        inside.sh("truncate -s 20M giant")
        with pytest.raises(UnsafeArchiveError):
            self._collect(inside, out, max_bytes=10_000_000)
        assert sum(path.stat().st_size for path in out.iterdir()) == 0

    def test_too_many_files_are_refused(self, inside, out):
        inside.sh("seq 1 300 | xargs touch")
        with pytest.raises(UnsafeArchiveError):
            self._collect(inside, out, max_files=200)

    def test_control_character_in_a_name_is_refused(self, inside, out):
        inside.sh("touch 'a\nb'")
        with pytest.raises(UnsafeArchiveError):
            self._collect(inside, out)

    def test_path_deeper_than_any_is_refused(self, inside, out):
        inside.python(
            "import os\nfor _ in range(1100):\n  os.mkdir('d' * 100)\n  os.chdir('d' * 100)"
        )
        with pytest.raises(UnsafeArchiveError):
            self._collect(inside, out)

    def test_missing_folder_is_an_error(self, inside, out):
        with pytest.raises(SandboxError):
            inside.sandbox.collect("/workspace/none", out, max_bytes=1, max_files=1)

    def test_one_file_can_be_read(self, inside):
        inside.sh("printf '\\0\\377' > file; ln -s file link; mkfifo pipe; mkdir folder")
        folder = inside.sandbox.paths.workspace
        read = inside.sandbox.read_file
        assert read(f"{folder}/file", max_bytes=10) == b"\0\xff"
        assert read(f"{folder}/file", max_bytes=1) == b"\0"
        for name in ("link", "pipe", "folder", "none"):
            assert read(f"{folder}/{name}", max_bytes=10) is None

    def test_empty_file_is_read_as_empty(self, inside):
        inside.sh("touch file")
        path = inside.sandbox.paths.workspace + "/file"
        assert inside.sandbox.read_file(path, max_bytes=10) == b""

    def _collect(self, inside, out, max_bytes=10**8, max_files=1000):
        folder = inside.sandbox.paths.workspace
        return inside.sandbox.collect(folder, out, max_bytes=max_bytes, max_files=max_files)


class TestMany:
    def test_sandboxes_can_be_opened_at_once(self, driver, spec, enter):
        said: dict[int, bytes] = {}
        specs = [spec() for _ in range(6)]

        def visit(number):
            with driver.open(specs[number]) as sandbox:
                said[number] = enter(sandbox).sh(f"echo {number} > n; sleep 0.1; cat n").stdout

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert said == {number: b"%d\n" % number for number in range(6)}

    def test_error_in_the_block_closes_the_sandbox(self, driver, spec):
        with pytest.raises(ZeroDivisionError), driver.open(spec()) as sandbox:
            raise ZeroDivisionError
        with pytest.raises(SandboxError):
            sandbox.exec(["true"], cwd="/", env={}, timeout_s=1)


class TestEnvironment:
    def test_variables_of_a_task_reach_every_command(self, driver, spec, enter):
        variables = (("TOOL_HOME", "/opt/tool"), ("PATH", "/opt/tool/bin:/usr/bin:/bin"))
        with driver.open(spec(environment=Environment(variables=variables))) as sandbox:
            found = enter(sandbox).sh("echo $TOOL_HOME; echo $PATH").stdout
        assert found == b"/opt/tool\n/opt/tool/bin:/usr/bin:/bin\n"

    def test_home_and_behaviour_of_python_are_not_the_tasks_to_say(self, driver, spec, enter):
        names = ("HOME", "TMPDIR", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE")
        evil = Environment(variables=tuple((name, "/evil") for name in names))
        with driver.open(spec(environment=evil)) as sandbox:
            script = "; ".join(f"echo ${name}" for name in names)
            found = enter(sandbox).sh(script).stdout.decode().split()
            assert found == [sandbox.paths.tmp, sandbox.paths.tmp, "0", "1"]

    @pytest.mark.parametrize("folder", ["/app", "/testbed", "/home/user/a project", "/root"])
    def test_repository_is_seen_where_its_task_expects_it(self, strong, spec, enter, folder):
        with strong.open(spec(environment=Environment(folder=folder))) as sandbox:
            inside = enter(sandbox)
            assert inside.sh("echo there > note", cwd=folder).exit_code == 0
            assert inside.run("cat", f"{sandbox.paths.workspace}/note").stdout == b"there\n"
            assert inside.run("readlink", folder).stdout == b"/workspace\n"
            assert inside.run("rm", folder).exit_code != 0

    @pytest.mark.parametrize(
        "folder", ["/", "/usr", "/usr/lib/x", "/tests", "/tmp/x", "/workspace/x", "app", "/a/../b"]
    )
    def test_place_of_the_sandbox_is_no_tasks_folder(self, driver, spec, folder):
        with (
            pytest.raises(SandboxUnavailableError, match="task's folder") as caught,
            driver.open(spec(environment=Environment(folder=folder))),
        ):
            pytest.fail("it was opened")
        assert "\n" not in str(caught.value)

    def test_image_is_started_or_refused_in_one_line(self, driver, spec, enter, task_image):
        task = spec(environment=Environment(image=task_image))
        if driver.name != "docker":
            with (
                pytest.raises(SandboxUnavailableError, match="--sandbox docker"),
                driver.open(task),
            ):
                pytest.fail("it was opened")
            return
        with driver.open(task) as sandbox:
            inside = enter(sandbox)
            assert inside.run("cat", "/opt/marker").stdout == b"of the task\n"
            assert inside.run("of-the-task").stdout == b"found by its PATH\n"
            assert inside.sh("echo > /opt/new").exit_code != 0
            assert int(inside.run("id", "-u").stdout) not in (0, 1000)
        with driver.open(spec()) as sandbox:
            assert enter(sandbox).run("cat", "/opt/marker").exit_code != 0

    def test_image_that_is_missing_or_was_not_prepared_is_refused(self, driver, spec):
        for image in ("dgm-tests:there-is-no-such", "dgm-debian:bookworm"):
            task = spec(environment=Environment(image=image))
            with pytest.raises(SandboxUnavailableError, match=image), driver.open(task):
                pytest.fail("it was opened")
