"""A Dockerfile, read as far as a sandbox's own base can stand in for the image it describes.

It is plain if it starts from a general image and then only lays files into its working folder,
sets variables, and installs what every sandbox has. Python packages are told apart: a grader can be
given them. Everything else asks for a build, and `problem` says what.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dgm.benchmarks.shellwords import OF_BASE, wanted_by

GENERAL = frozenset({"scratch", "debian", "ubuntu", "python", "buildpack-deps"})
_UV_IMAGE = "ghcr.io/astral-sh/uv"
_HARMLESS = frozenset({"LABEL", "MAINTAINER", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "SHELL"})
_CLEARING = re.compile(r"rm -rf? /var/lib/apt/lists/?\*?|set -[eux]+|true|mkdir -p \S+")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Copy:
    """One COPY: sources below the context, and where they go, absolute; "/" at its end is kept."""

    sources: tuple[str, ...]
    target: str


@dataclass(slots=True)
class Dockerfile:
    """What was read. `images` are those it needs; `problem` is empty where it is plain."""

    images: list[str] = field(default_factory=list)
    folder: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    problem: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    stages: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, text: str) -> Dockerfile:
        """Read a Dockerfile's text."""
        found = cls()
        for word, rest in _instructions(text):
            found._take(word, rest)
        if not found.images:
            found._ask("it has no FROM")
        return found

    def _ask(self, why: str) -> None:
        self.problem = self.problem or why

    def _take(self, word: str, rest: str) -> None:
        match word:
            case "FROM":
                self._start(self._expanded(rest))
            case "ARG":
                name, _, value = rest.partition("=")
                self.arguments[name.strip()] = self._expanded(value.strip().strip("\"'"))
            case "ENV":
                self.variables.update(self._pairs(rest))
            case "WORKDIR":
                self.folder = str(PurePosixPath(self.folder, self._expanded(rest.strip("\"'"))))
            case "COPY" | "ADD":
                self._copy(word, rest)
            case "RUN":
                self._run(rest)
            case "USER" if rest.strip() in ("root", "0"):
                return
            case _ if word not in _HARMLESS:
                self._ask(f"{word} {rest}"[:60])

    def _start(self, rest: str) -> None:
        words = [word for word in rest.split() if not word.startswith("--")]
        if not words:
            self._ask("a FROM without an image")
            return
        if len(words) == 3:
            self.stages.add(words[2])
        if self.images:
            self._ask("it has several stages")
        if words[0] not in self.stages:
            self.images.append(words[0])
        if general_name(words[0]) not in GENERAL:
            self._ask(f"FROM {words[0]}")
        self.folder = "/"

    def _copy(self, word: str, rest: str) -> None:
        options = re.match(r"(?:--\S+\s+)*", rest)
        flags = (options[0] if options else "").split()
        source = next((flag for flag in flags if flag.startswith("--from=")), "")
        if source.removeprefix("--from=").startswith(_UV_IMAGE):
            self.images.append(source.removeprefix("--from="))
            return
        words = self._words(rest[len(" ".join(flags)) if flags else 0 :].strip())
        if source or word == "ADD" or len(words) < 2:
            self._ask(f"{word} {rest}"[:60])
            return
        *sources, target = words
        absolute = str(PurePosixPath(self.folder, target))
        self.copies.append(Copy(tuple(sources), absolute + "/" * target.endswith(("/", "."))))

    def _run(self, rest: str) -> None:
        wanted = wanted_by(rest)
        self.requirements += wanted.requirements
        more = [name for name in wanted.apt if name not in OF_BASE]
        others = [piece for piece in wanted.others if not _CLEARING.fullmatch(piece)]
        if more or others or wanted.wants_uv:
            self._ask(f"RUN {' '.join(rest.split())}"[:60])

    def _pairs(self, rest: str) -> Mapping[str, str]:
        if not re.match(r"\w+=", rest):
            name, _, value = rest.partition(" ")
            return {name: self._expanded(value.strip())}
        try:
            words = shlex.split(rest)
        except ValueError:
            self._ask(f"ENV {rest}"[:60])
            return {}
        pairs = (word.partition("=") for word in words)
        return {name: self._expanded(value) for name, _, value in pairs}

    def _words(self, rest: str) -> list[str]:
        try:
            words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
        except ValueError:
            return []
        return [self._expanded(str(word)) for word in words]

    def _expanded(self, text: str) -> str:
        known = {"PATH": _PATH, **self.arguments, **self.variables}
        return _VARIABLE.sub(lambda m: known.get(m[1] or m[3], m[2] or ""), text)


def general_name(image: str) -> str:
    """Return an image's name without registry, tag and digest, as in `python`."""
    return re.split(r"[:@]", image.removeprefix("docker.io/").removeprefix("library/"))[0]


def with_base(text: str, image: str, base: str) -> str:
    """Return a Dockerfile that starts from `base`, as root, where it named `image`."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        words = line.split()
        if words and words[0].upper() == "FROM" and image in words[1:]:
            lines[place] = line.replace(image, base, 1) + "\nUSER root"
    return "\n".join(lines) + "\n"


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    found = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [(word.upper(), rest.strip()) for word, _, rest in found]
