#!/usr/bin/env python3
"""Stands in for the programs with which a task's `test.sh` would fetch its tools from the network.

It is called by the name of each: apt-get, apt, curl, wget, pip, pip3, uv, uvx. What was fetched
when the task was prepared stands ready; a call that asks for nothing else succeeds, every other one
goes to the program itself, or fails and says what is missing. Standard library, Python >= 3.8.
"""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OFFERED = set(filter(None, os.environ.get("DGM_OFFERED", "").split("\n")))
INSTALLER = "astral.sh/uv"
# What uv's installer leaves: a file that puts its folder on the PATH.
INSTALL = 'mkdir -p "$HOME/.local/bin"; echo \'PATH="{0}:$PATH"\' > "$HOME/.local/bin/env"; true\n'
WITH_VALUE = {"-r", "-t", "-i", "-p", "--python", "--index-url", "--extra-index-url", "--target"}


def main(name, words):
    """Do what `name` was called for; return its exit code."""
    if name in ("apt-get", "apt"):
        return apt(name, words)
    if name in ("curl", "wget") and any(INSTALLER in word for word in words):
        sys.stdout.write(INSTALL.format(HERE))
        return 0
    if name == "uv" and words[:2] == ["tool", "run"]:
        name, words = "uvx", words[2:]
    if name == "uvx":
        return uvx(words)
    if name == "uv" and words[:2] == ["pip", "install"]:
        return pip(name, words, words[2:])
    if name in ("pip", "pip3") and words[:1] == ["install"]:
        return pip(name, words, words[1:])
    return itself(name, words)


def apt(name, words):
    """Succeed if everything that is to be installed is here."""
    if "install" not in words:
        return 0
    asked = [word for word in words[words.index("install") + 1 :] if not word.startswith("-")]
    missing = [each for each in asked if not is_installed(each)]
    if missing:
        return refused(name, missing)
    return 0


def is_installed(package):
    """Whether a program of this name, or Debian's package, is here."""
    if shutil.which(package):
        return True
    query = ["dpkg-query", "-W", "-f", "${Status}", package]
    try:
        found = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return found.stdout.endswith(b" installed")


def pip(name, words, rest):
    """Succeed if all the requirements stand ready; else let pip itself look at what is here."""
    asked = plain(rest)
    if asked and OFFERED.issuperset(asked):
        return 0
    code = itself(name, words)
    return code if code == 0 else refused(name, [each for each in asked if each not in OFFERED])


def uvx(words):
    """Start a tool from what stands ready."""
    named, rest = [], list(words)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if option in ("--with", "-w", "--from"):
            named.append(value if equals else rest.pop(0))
        elif option in ("-p", "--python") and not equals:
            rest.pop(0)
    missing = [each for each in named if each not in OFFERED]
    if missing or not rest:
        return refused("uvx", missing)
    return run(rest[0].partition("@")[0], rest[1:])


def itself(name, words):
    """Call the program that this one stands before, if there is one."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    beyond = os.pathsep.join(each for each in folders if os.path.abspath(each) != HERE)
    program = shutil.which(name, path=beyond)
    if program is None:
        return refused(name, [])
    return subprocess.run([program, *words]).returncode


def run(name, words):
    """Call a program that is here."""
    program = shutil.which(name)
    if program is None:
        return refused("uvx", [name])
    return subprocess.run([program, *words]).returncode


def plain(words):
    """Return what is no option, nor an option's value."""
    found, rest = [], iter(words)
    for word in rest:
        if word in WITH_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            found.append(word)
    return found


def refused(name, missing):
    """Say what cannot be had."""
    what = ", ".join(missing) or "what it is asked for"
    sys.stderr.write(
        name + ": there is no network here, and " + what + " did not stand ready;"
        " install it in the task's Dockerfile\n"
    )
    return 100


if __name__ == "__main__":
    sys.exit(main(os.path.basename(sys.argv[0]), sys.argv[1:]))
