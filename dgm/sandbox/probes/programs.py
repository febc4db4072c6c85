"""The programs that attack a sandbox from inside: Python, run after `PREAMBLE`.

Each says itself whether it was refused or came through.
"""

PREAMBLE = """
import os, sys, time
def attempt(what, action):
    try:
        action()
    except OSError as error:
        print("refused", what, error.strerror)
    else:
        print("came through:", what)
"""

NETWORK = """
import socket
tcp, udp = int(sys.argv[1]), int(sys.argv[2])
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", tcp), 1))
def send():
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", udp))
    sender.send(b"x")
    sender.settimeout(0.2)
    if not sender.recv(1):  # a refusal comes back at once, an answer from the host never
        raise OSError(0, "nobody")
attempt("udp", send)
"""

HOST_FILES = """
attempt("read", lambda: open(sys.argv[1]).read())
attempt("write", lambda: open(sys.argv[1], "a").close())
"""

HOST_PROCESSES = """
def seen():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = open("/proc/" + name + "/cmdline").read()
            except OSError:
                continue
            if sys.argv[1] in words.split(chr(0))[0]:
                return
    raise OSError(0, "not to be seen")
attempt("a process of the host", seen)
"""

ROOT = """
if os.getuid() == 0 or os.geteuid() == 0:
    print("came through: it is root")
attempt("setuid", lambda: os.setuid(0))
"""

READ_ONLY = """
def write(folder):
    path = os.path.join(folder, ".dgm-probe")
    open(path, "w").close()
    os.remove(path)
for folder in sys.argv[1:]:
    attempt(folder, lambda: write(folder))
"""

SYSTEM_CALLS = """
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *words):
    if libc[name](*words) < 0 and ctypes.get_errno() == 1:
        raise OSError(1, "not permitted")
attempt("unshare", lambda: call("unshare", 0))
attempt("ptrace", lambda: call("ptrace", 16, 99999999, 0, 0))
attempt("io_uring", lambda: call("syscall", 425, 1, 0))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
"""

FORKS = """
children = []
def fork():
    for _ in range(int(sys.argv[1])):
        pid = os.fork()
        if pid == 0:
            time.sleep(20)
            os._exit(0)
        children.append(pid)
attempt(sys.argv[1] + " processes", fork)
for pid in children:
    os.kill(pid, 9)
"""

MEMORY = """
import select
def hold(megabytes):
    try:
        held = bytearray(b"x") * (megabytes << 20)
        os.write(ready, b"x")
        time.sleep(20)
    except MemoryError:
        pass
    os._exit(0)
def is_alive(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
heard, ready = os.pipe()
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        hold(int(sys.argv[1]))
    children.append(pid)
held = 0
while held < 3 and all(map(is_alive, children)):
    if select.select([heard], [], [], 0.02)[0]:
        held += len(os.read(heard, 1))
print("came through: three times half of it" if held == 3 else "refused")
for pid in children:
    os.kill(pid, 9)
"""

DISK = """
def fill(folder):
    paths = [os.path.join(folder, "fill%d" % n) for n in range(10)]
    try:
        for path in paths:
            with open(path, "wb", 0) as file:
                left = int(sys.argv[2]) // 10
                while left > 0:
                    left -= file.write(bytes(min(left, 1 << 20)))
    finally:
        for path in paths:
            if os.path.exists(path):
                os.remove(path)
attempt(sys.argv[1], lambda: fill(sys.argv[1]))
"""

# Many at once, so that it gets its share of a busy machine too.
PROCESSOR_TIME = """
seconds, most = float(sys.argv[1]), float(sys.argv[2])
started = time.monotonic()
for _ in range(16):
    if os.fork() == 0:
        while time.monotonic() - started < seconds:
            pass
        os._exit(0)
for _ in range(16):
    os.wait()
times = os.times()
share = (times.children_user + times.children_system) / (time.monotonic() - started)
print("refused" if share < most else "came through: %.1f processors" % share)
"""

FILE_SIZE = """
def grow(path):
    with open(path, "wb") as file:
        try:
            file.truncate(int(sys.argv[1]))
        finally:
            os.remove(path)
for folder in sys.argv[2:]:
    attempt(folder, lambda: grow(os.path.join(folder, "large")))
"""

NUMBER_OF_FILES = """
folder, count, ballast = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
held = bytearray(b"x") * (ballast << 20)
os.mkdir(folder)
def fill():
    for number in range(count):
        os.close(os.open("%s/%d" % (folder, number), os.O_CREAT | os.O_WRONLY))
attempt(sys.argv[2] + " files", fill)
"""

OPEN_FILES = """
def hold():
    held = [open("/dev/null") for _ in range(int(sys.argv[1]))]
attempt(sys.argv[1] + " open files", hold)
"""

SURVIVOR = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3):
            os.dup2(os.open("/dev/null", os.O_RDWR), fd)
        for _ in range(150):
            open("beat", "a").write("x")
            time.sleep(0.02)
    os._exit(0)
os.wait()
"""
