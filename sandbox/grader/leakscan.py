"""Looks at everything a sandbox can read, and names what gives a task's answer away.

What the files of a workspace say is looked at by the host (`dgm.benchmarks.hidden`).

Runs inside, as text: standard library only, Python >= 3.8. Input: JSON on standard input, see
`leaks.py`. Output: one JSON list a line, `[kind, task or "", path, what]`, and at last `["done"]`.
"""

import errno
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections import defaultdict

BIG = 64 << 20
TRACES = (".pyc", "nodeids", "lastfailed")
MOST = 50  # findings of a task: one refuses it
SKIPPED = ("/proc", "/sys", "/dev", "/run/dgm", "/run/dgm-runner")
CACHES = (".pytest_cache", ".mypy_cache", ".hypothesis", ".coverage", ".testmondata", ".tox")
STDLIB = re.compile(
    r"/lib(64)?/(python3[^/]*|pypy[^/]*)/(?!site-packages|dist-packages)"
    r"|^/usr/(lib|share)/go(-[\d.]+)?/src/"
)
NEARLY = 0.8  # of a group's lines, in a language's own library: tests borrow from it
ARCHIVE = re.compile(r"(.+?)-(\d[^-]*?)(?:-.*)?\.(?:whl|tar\.gz|tar\.bz2|zip|egg)$")


class Scan:
    """One look at a sandbox: `workspaces` are task id to the folder its agent would see."""

    def __init__(self, order):
        self.workspaces = order["workspaces"]
        self.files = order["files"]
        self.projects = set(order["projects"])
        self.needed = order["needed"]
        self.names = {task: [n.encode() for n in names] for task, names in order["names"].items()}
        self.owners = defaultdict(list)
        self.lengths = {}
        for task, groups in order["lines"].items():
            for group, lines in groups.items():
                self.lengths[task, group] = len(lines)
                for line in lines:
                    self.owners[line.encode()].append((task, group))
        self.told = defaultdict(int)

    def tell(self, kind, task, path, what=""):
        """Print one finding, unless that task has enough of them."""
        whose = task or path
        if self.told[whose] < MOST:
            self.told[whose] += 1
            say([kind, task, path, what])

    def run(self, roots):
        """Walk over every folder that can be entered."""
        repositories = []
        for root in roots:
            for folder, folders, files in os.walk(root):
                folders[:] = [f for f in folders if os.path.join(folder, f) not in SKIPPED]
                if is_repository(folder):
                    repositories.append(folder)
                self.look_at_names(folder, folders + files)
                for name in files:
                    self.look_into(os.path.join(folder, name))
        for folder in repositories:
            self.look_at_history(folder)

    def owner(self, path):
        """Return the task whose workspace a path lies in, None if it is the system's."""
        return next((t for t, w in self.workspaces.items() if path.startswith(w + "/")), None)

    def look_at_names(self, folder, names):
        """Find caches in a workspace, and packages in the system."""
        task = self.owner(folder + "/")
        for name in names:
            path = os.path.join(folder, name)
            if task is not None and (name in CACHES or name.endswith(".pyc")):
                self.tell("cache", task, path)
            elif task is None and name.endswith((".dist-info", ".egg-info")):
                self.look_at_package(path)
            elif task is None and ARCHIVE.match(name):
                found = ARCHIVE.match(name)
                if normalized(found.group(1)) in self.projects:
                    self.tell("package", "", path, [found.group(1), found.group(2), False])

    def look_at_package(self, path):
        """Tell of an installed package: its name, its version, and whether it is a mere link."""
        for name in ("METADATA", "PKG-INFO", ""):
            text = read_text(os.path.join(path, name) if name else path)
            found = dict(re.findall(r"^(Name|Version): *(.+?) *$", text, re.MULTILINE))
            if normalized(found.get("Name", "")) in self.projects and "Version" in found:
                link = '"editable": true' in read_text(os.path.join(path, "direct_url.json"))
                is_link = link or not has_code(path)
                self.tell("package", "", path, [found["Name"], found["Version"], is_link])
                return

    def look_into(self, path):
        """Compare one file with what is hidden: as a whole, by lines, and by names of tests."""
        try:
            status = os.lstat(path)
            if (status.st_mode & 0o170000) != 0o100000:
                return
            wanted = self.files.get(str(status.st_size), {})
            if status.st_size > BIG and not wanted:
                return
            with open(path, "rb") as file:
                content = file.read(4096)
                if b"\0" in content and not wanted and not path.endswith(TRACES):
                    return
                content += file.read()
        except OSError:
            return
        if wanted:
            digest = hashlib.sha256(content).hexdigest()
            for task, name in wanted.get(digest, ()):
                self.tell("file", task, path, name)
        if self.owner(path) is not None:
            return  # the host has looked into it
        if b"\0" not in content[:4096]:
            self.look_at_lines(path, None, content)
        if path.endswith(TRACES) and not STDLIB.search(path):
            for each in self.names:
                self.look_for_names(path, each, content)

    def look_at_lines(self, path, task, content):
        """Tell which distinct lines of a task's answer or tests a text holds."""
        met = defaultdict(set)
        for line in content.split(b"\n"):
            line = line.strip()
            for owner in self.owners.get(line, ()):
                if task is None or owner[0] == task:
                    met[owner].add(line)
        for (owner, group), lines in met.items():
            needed, size = self.needed[owner][group]
            if STDLIB.search(path):
                needed = max(needed, NEARLY * self.lengths[owner, group])
            if len(lines) >= needed and sum(map(len, lines)) >= size:
                self.tell("lines", owner, path, group)

    def look_for_names(self, path, task, content):
        met = [name for name in self.names.get(task, ()) if name in content]
        needed, size = self.needed[task][""]
        if len(met) >= needed and sum(map(len, met)) >= size:
            self.tell("names", task, path)

    def look_at_history(self, folder):
        """Read every object of a repository; that of a workspace may hold one commit and no log."""
        task = next((t for t, w in self.workspaces.items() if folder == w + "/.git"), None)
        inside = self.owner(folder + "/")
        if task is not None:
            for what in trouble_with(folder):
                self.tell("history", task, folder, what)
        elif inside is not None:
            self.tell("history", inside, folder, "a repository inside the workspace")
        if task is None:
            content = git(folder, "cat-file", "--batch-all-objects", "--batch", "--unordered")
            self.look_at_lines("the objects of " + folder, inside, content)
            for each in self.names:
                if inside is None or each == inside:
                    self.look_for_names("the objects of " + folder, each, content)


def say(words):
    """Write one line of the answer."""
    sys.stdout.write(json.dumps(words) + "\n")


def normalized(name):
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_repository(folder):
    """Whether a folder is git's own, under whatever name."""
    parts = (os.path.join(folder, name) for name in ("HEAD", "objects", "refs"))
    return all(map(os.path.exists, parts))


def git(folder, *words):
    """Return what git says of a repository; nothing where it cannot read it."""
    command = ("git", "-c", "safe.directory=*", "--git-dir", folder, *words)
    environment = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null")
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    return result.stdout


def trouble_with(folder):
    """Yield what a workspace's repository holds besides one fresh commit."""
    if git(folder, "rev-list", "--all", "--reflog", "--count").strip() != b"1":
        yield "more than one commit"
    if git(folder, "fsck", "--unreachable", "--no-reflogs", "--no-progress").strip():
        yield "objects that no commit holds"
    if git(folder, "remote").strip() or git(folder, "tag").strip():
        yield "remotes or tags"
    for name in ("ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD", "logs", "packed-refs"):
        if os.path.exists(os.path.join(folder, name)):
            yield name


def has_code(info):
    """Whether the files an installed package lists are there with it."""
    record = read_text(os.path.join(info, "RECORD")) or read_text(os.path.join(info, "SOURCES.txt"))
    if not record:
        return True
    names = (line.split(",")[0] for line in record.splitlines())
    code = [
        n for n in names if n.endswith(".py") and not os.path.basename(n).startswith("__editable__")
    ]
    return any(os.path.exists(os.path.join(os.path.dirname(info), name)) for name in code)


def read_text(path):
    """Return a small file's text, "" if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def way_out():
    """Say which way leads out of here, None if there is none; nothing is sent."""
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as visitor:
                visitor.connect((address, 9))
                return "a route to " + address
        except OSError as error:
            if error.errno not in (
                errno.ENETUNREACH,
                errno.EHOSTUNREACH,
                errno.EACCES,
                errno.EPERM,
                errno.EAFNOSUPPORT,
                errno.EADDRNOTAVAIL,
                errno.EPROTONOSUPPORT,
            ):
                return str(error)
    return None


def main():
    """Read the order, look, and say that it was done."""
    order = json.load(sys.stdin)
    scan = Scan(order)
    scan.run(order["roots"])
    leads = way_out() if order["network"] else None
    if leads:
        scan.tell("network", "", "", leads)
    say(["done", "", "", sum(scan.told.values())])


if __name__ == "__main__":
    main()
