"""A git repository that springs at whoever calls git in it: each trap leaves the same marker."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

HOOKS = (
    *("applypatch-msg", "pre-applypatch", "pre-commit", "prepare-commit-msg", "commit-msg"),
    *("post-commit", "post-checkout", "post-merge", "pre-auto-gc", "post-index-change"),
    *("fsmonitor-watchman", "reference-transaction", "pre-rebase", "post-rewrite"),
)


def git(folder, *words):
    """Plain git, as a careless host would call it."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    command = ["git", *who, "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.stdout


def poison(folder, marker):
    """Set traps in a repository: configuration, hooks, attributes, submodules.

    Self-contained: its source is also run by agents inside sandboxes.
    """
    import pathlib

    folder = pathlib.Path(folder)
    trap = f"touch {marker}; cat"
    settings = (
        f'[core]\n\tfsmonitor = "touch {marker}; false"\n\tpager = "{trap}"\n'
        f'\teditor = "{trap}"\n\tsshCommand = "{trap}"\n\talternateRefsCommand = "{trap}"\n'
        f'[filter "evil"]\n\tclean = "{trap}"\n\tsmudge = "{trap}"\n\trequired\n'
        f'[diff "evil"]\n\ttextconv = "{trap}"\n\tcommand = "{trap}"\n'
        f'[remote "origin"]\n\turl = .\n\tuploadpack = "{trap}"\n\tpromisor = true\n'
        "[include]\n\tpath = more\n"
    )
    more = f'[gpg]\n\tprogram = "{trap}"\n[commit]\n\tgpgSign = true\n'
    for place in (folder, folder / "nested"):
        home = place / ".git"
        (home / "hooks").mkdir(parents=True, exist_ok=True)
        (home / "objects").mkdir(exist_ok=True)
        (home / "refs").mkdir(exist_ok=True)
        if not (home / "HEAD").exists():
            (home / "HEAD").write_text("ref: refs/heads/main\n")
        with (home / "config").open("a") as config:
            config.write(settings)
        (home / "more").write_text(more)
        for name in HOOKS:
            (home / "hooks" / name).write_text(f"#!/bin/sh\n{trap}\n")
            (home / "hooks" / name).chmod(0o755)
    (folder / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (folder / "nested" / "file.txt").write_text("nested\n")


def make_evil(folder: Path, marker: Path, form: str = "folder") -> Path:
    """Turn a folder into an evil repository; in the form `file`, `.git` points elsewhere."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    poison(folder, marker)
    git_folder = folder / ".git"
    if form == "file":
        elsewhere = folder.with_name(f"{folder.name}.git")
        git_folder.rename(elsewhere)
        git_folder.write_text(f"gitdir: {elsewhere}\n")
    return folder


def make_fetching(folder: Path, marker: Path) -> Path:
    """Make a repository that lacks an object, and a remote that says how to fetch it."""
    (folder / "inner" / "deep").mkdir(parents=True)
    (folder / "inner" / "deep" / "file").write_text("x\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    missing = git(folder, "rev-parse", "HEAD:inner").strip()
    git(folder, "sparse-checkout", "init", "--cone", "--sparse-index")
    (folder / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    for key, value in (
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", str(folder)),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", f"touch {marker}; git-upload-pack"),
    ):
        git(folder, "config", key, value)
    return folder


def forge_index(folder: Path, name: bytes, forged: bytes) -> None:
    """Give a tracked file another name of the same length, which git would not take."""
    index = folder / ".git" / "index"
    body = index.read_bytes()[:-20].replace(name, forged)
    index.write_bytes(body + hashlib.sha1(body, usedforsecurity=False).digest())
