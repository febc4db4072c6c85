"""Row 1: the network. Every program reaches a listener of the host from the host itself."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUDPServer

import pytest

from tests.security.conftest import STRONG

# An address of TEST-NET-2, which no network has; where there is a route at all, a way leads there.
ELSEWHERE = {"4": "198.51.100.1", "6": "2001:db8::1"}
LOOPBACK = {"4": "127.0.0.1", "6": "::1"}

TCP = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 2) as link:
    link.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(link.recv(100))
"""
UDP = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as link:
    link.settimeout(2)
    link.connect((sys.argv[1], int(sys.argv[2])))
    link.send(b"GET")
    print(link.recv(100))
"""
URLLIB = """
import sys, urllib.request
host = "[%s]" % sys.argv[1] if ":" in sys.argv[1] else sys.argv[1]
with urllib.request.urlopen("http://%s:%s/" % (host, sys.argv[2]), timeout=2) as answer:
    print("HTTP", answer.status, answer.read(100))
"""
# A question for the address of example.com, as a resolver would send it.
DNS = UDP.replace(
    'b"GET"', 'b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7example\\3com\\0\\0\\1\\0\\1"'
)
SHELL_TCP = 'exec 3<>/dev/tcp/$0/$1; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; head -c 99 <&3'
SHELL_UDP = "exec 3<>/dev/udp/$0/$1; printf GET >&3; head -c 4 <&3"


def python(code):
    return ("python3", "-I", "-S", "-c", code)


# Each is called with an address and a port, and prints what the listener says (`HTTP ...`).
PROGRAMS = {
    "tcp": ("tcp", "4", python(TCP)),
    "tcp over IPv6": ("tcp", "6", python(TCP)),
    "udp": ("udp", "4", python(UDP)),
    "udp over IPv6": ("udp", "6", python(UDP)),
    "dns": ("udp", "4", python(DNS)),
    "urllib": ("tcp", "4", python(URLLIB)),
    "urllib over IPv6": ("tcp", "6", python(URLLIB)),
    "bash /dev/tcp": ("tcp", "4", ("bash", "-c", SHELL_TCP)),
    "bash /dev/udp": ("udp", "4", ("bash", "-c", f"timeout 2 bash -c '{SHELL_UDP}' $0 $1")),
}
# What the host may have, and bubblewrap then shows; no image for containers holds it.
OF_THE_HOST = {
    "curl": ("tcp", "4", ("curl", "-sS", "-i", "-m", "2")),
    "wget": ("tcp", "4", ("wget", "-S", "-T", "2", "-t", "1", "-O", "-")),
}
REFUSALS = (b"Network is unreachable", b"Cannot assign requested address", b"Connection refused",
            b"Couldn't connect")  # fmt: skip
ALL = PROGRAMS | OF_THE_HOST


def on_the_host(name, *values, id):
    is_missing = shutil.which(name) is None
    marks = pytest.mark.skipif(is_missing, reason=f"no {name} on this machine; apt install {name}")
    return pytest.param(*values, id=id, marks=marks)


ON_THE_HOST = [*PROGRAMS, *(on_the_host(name, name, id=name) for name in OF_THE_HOST)]
IN_SANDBOXES = [
    *(pytest.param(driver, name, id=f"{driver}-{name}") for driver in STRONG for name in PROGRAMS),
    *(on_the_host(name, "bubblewrap", name, id=f"bubblewrap only-{name}") for name in OF_THE_HOST),
]


def called(name, address, port):
    """The words of a program that asks this address."""
    words = ALL[name][2]
    return (*words, f"http://{address}:{port}/") if name in OF_THE_HOST else (*words, address, port)


def tried(inside, name, address, port):
    """Try a program inside; one that is not there shows nothing, so it has to be."""
    words = called(name, address, port)
    there = inside.sh(f"command -v {words[0]}")
    assert there.exit_code == 0, f"no {words[0]} in this sandbox"
    said = inside.run(*words)
    assert said.exit_code not in (126, 127), said.stderr  # something it calls is not there
    return said


class Answer(BaseRequestHandler):
    """Says the same to everybody, and counts them."""

    SAYING = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"

    def handle(self):
        self.server.visitors.append(self.client_address)
        if isinstance(self.request, tuple):
            self.request[1].sendto(self.SAYING, self.client_address)
        else:
            self.request.recv(1000)
            self.request.sendall(self.SAYING)


@contextmanager
def listening(protocol, family):
    """A listener of the host on its loopback; `visitors` are those who came."""
    made = {"tcp": ThreadingTCPServer, "udp": ThreadingUDPServer}[protocol]
    server_class = type("Server", (made,), {
        "address_family": socket.AF_INET6 if family == "6" else socket.AF_INET,
        "daemon_threads": True,
        "visitors": [],
    })  # fmt: skip
    with server_class((LOOPBACK[family], 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ON_THE_HOST)
def test_every_program_reaches_a_listener_where_nothing_holds_it(name):
    protocol, family, _ = ALL[name]
    with listening(protocol, family) as server:
        words = called(name, LOOPBACK[family], str(server.server_address[1]))
        said = subprocess.run(words, capture_output=True, timeout=20, check=False)
        assert b"HTTP" in said.stdout + said.stderr, said.stderr
        assert len(server.visitors) == 1


@pytest.mark.parametrize(("driver", "name"), IN_SANDBOXES, indirect=["driver"])
def test_no_program_reaches_the_listener_from_a_sandbox(inside, name):
    protocol, family, _ = ALL[name]
    with listening(protocol, family) as server:
        said = tried(inside, name, LOOPBACK[family], str(server.server_address[1]))
        assert b"HTTP" not in said.stdout
        assert said.exit_code != 0
        assert server.visitors == []


@pytest.mark.parametrize(("driver", "name"), IN_SANDBOXES, indirect=["driver"])
def test_no_way_leads_out_of_a_sandbox(inside, name):
    said = tried(inside, name, ELSEWHERE[ALL[name][1]], "80")
    assert said.exit_code != 0
    assert any(each in said.stdout + said.stderr for each in REFUSALS), said.stderr


def test_program_that_is_not_in_a_sandbox_shows_nothing(inside, monkeypatch):
    monkeypatch.setitem(ALL, "missing", ("tcp", "4", ("no-such-program",)))
    monkeypatch.setitem(ALL, "within", ("tcp", "4", ("sh", "-c", "no-such-program $0 $1")))
    for name in ("missing", "within"):
        with pytest.raises(AssertionError, match="no-such-program"):
            tried(inside, name, ELSEWHERE["4"], "80")


PING = """
import socket, sys
echo = bytes([8, 0, 0xf7, 0xfe, 0, 1, 0, 0])
kind = {"raw": socket.SOCK_RAW, "datagram": socket.SOCK_DGRAM}[sys.argv[1]]
with socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP) as link:
    link.settimeout(2)
    link.sendto(echo, (sys.argv[2], 1))
    print("answered by", link.recvfrom(100)[1][0])
"""
# In a network of its own, which this starts, everybody may ping by a datagram.
LET = """
import fcntl, socket, struct
with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
    file.write("0 0")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    fcntl.ioctl(link, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS: up
"""
AS_ROOT = () if os.getuid() == 0 else ("--map-root-user",)


@pytest.mark.parametrize("kind", ["raw", "datagram"])
def test_ping_is_answered_where_nothing_holds_it(kind):
    words = ["unshare", *AS_ROOT, "--net", *python(LET + PING), kind, "127.0.0.1"]
    said = subprocess.run(words, capture_output=True, timeout=20, check=False)
    assert said.stdout == b"answered by 127.0.0.1\n", said.stderr


@pytest.mark.parametrize(
    ("kind", "refusals"),
    [("raw", [b"Operation not permitted"]), ("datagram", [b"unreachable", b"Permission denied"])],
)
def test_no_ping_leaves_a_sandbox(inside, kind, refusals):
    said = inside.run(*python(PING), kind, ELSEWHERE["4"])
    assert said.stdout == b""
    assert any(each in said.stderr for each in refusals), said.stderr
