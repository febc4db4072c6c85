"""What a shell script wants from a network, as far as its words tell.

Covered: `apt-get install`, `pip install`, `uv pip install`, `uvx`, and uv's own installer, on lines
that hold plain words. Not covered: what a program called by the script fetches by itself; that is
found out when the task is verified, where there is no network.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

OF_BASE = frozenset(
    {
        *("bash", "ca-certificates", "coreutils", "findutils", "git", "grep", "gzip", "patch"),
        *("procps", "python-is-python3", "python3", "python3-venv", "ripgrep", "sed", "tar"),
    }
)
UV_INSTALLER = "astral.sh/uv"
_PREFIXES = frozenset({"if", "then", "else", "do", "!", "sudo", "time", "exec", "while", "env"})
_SEPARATORS = re.compile(r"&&|\|\||[;|&]")
_WITH_VALUE = frozenset(
    {"-r", "-t", "-i", "--index-url", "--extra-index-url", "--python", "-p", "--target"}
)
_FETCHING = re.compile(
    r"\b(npm (?:install|i|ci)|git clone|cargo install|go (?:get|install)|gem install"
    r"|uv (?:add|sync|run)|(?:curl|wget)\b[^|;&\n]*\bhttps?://(?!localhost|127\.)\S+)"
)


@dataclass(slots=True)
class Wanted:
    """What is wanted: Debian packages, Python requirements, and the rest in the script's words.

    `python` is the version that uvx is asked to use; `others` are pieces that are none of this.
    """

    apt: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    python: str = ""
    wants_uv: bool = False
    others: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was found that would reach for a network."""
        return not (self.apt or self.requirements or self.wants_uv)


def wanted_by(script: str) -> Wanted:
    """Read a script."""
    wanted = Wanted()
    for piece in pieces(script):
        _read(piece, wanted)
    return wanted


def fetching_words(script: str) -> tuple[str, ...]:
    """Return the words of a script that reach for a network and are not provided for."""
    lines = "\n".join(line for line in _lines(script) if UV_INSTALLER not in line)
    return tuple(" ".join(found.split())[:60] for found in _FETCHING.findall(lines))


def pieces(script: str) -> Iterator[tuple[str, ...]]:
    """Yield the simple commands of a script as words; what cannot be split is one word."""
    for line in _lines(script):
        for part in _SEPARATORS.split(line):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                words = [part.strip()]
            while words and (words[0] in _PREFIXES or re.match(r"[A-Za-z_]\w*=", words[0])):
                del words[0]
            if words:
                yield tuple(words)


def _lines(script: str) -> list[str]:
    joined = re.sub(r"\\\r?\n", " ", script)
    return [line for line in joined.splitlines() if not line.lstrip().startswith("#")]


def _read(words: tuple[str, ...], wanted: Wanted) -> None:
    match words:
        case ("apt-get" | "apt", *rest) if "install" in rest:
            wanted.apt += _plain(rest[rest.index("install") + 1 :])
        case ("apt-get" | "apt", "update" | "clean", *_) | ("apt-get", "-y" | "-qq", "update", *_):
            return
        case ("pip" | "pip3", "install", *rest) | ("uv", "pip", "install", *rest):
            wanted.requirements += _plain(rest)
        case ("python" | "python3", "-m", "pip", "install", *rest):
            wanted.requirements += _plain(rest)
        case ("uvx", *rest) | ("uv", "tool", "run", *rest):
            _read_uvx(rest, wanted)
        case ("curl" | "wget", *rest) if any(UV_INSTALLER in word for word in rest):
            wanted.wants_uv = True
        case _:
            wanted.others.append(" ".join(words))


def _read_uvx(words: Sequence[str], wanted: Wanted) -> None:
    """Read the options of uvx up to the command, which is a package's name unless --from says."""
    wanted.wants_uv = True
    named: list[str] = []
    source = ""
    rest = iter(words)
    for word in rest:
        option, _, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in ("--with", "-w"):
            named.append(value or next(rest, ""))
        elif option in ("--python", "-p"):
            wanted.python = value or next(rest, "")
        elif option == "--from":
            source = value or next(rest, "")
        elif not word.startswith("-"):
            known = {re.split(r"[\[=<>!~ ]", name)[0] for name in named}
            named += [] if source or word.partition("@")[0] in known else [word]
            break
    wanted.requirements += [source] * bool(source) + [name for name in named if name]


def _plain(words: Sequence[str]) -> list[str]:
    """Return what is no option, nor an option's value."""
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE or re.fullmatch(r"[\d&]?>>?", word):
            next(rest, None)
        elif not word.startswith("-") and not re.match(r"[\d&]?>", word):
            found.append(word)
    return found
