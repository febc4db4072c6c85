"""Files written with the shell, where an agent offers no other tool: phrased and read back."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath

from dgm.gateway.builtin.verbs import Overwrite

_END = "EOF"
_WRITES = re.compile(
    r"(?:mkdir -p [^\n]+ && )?cat > (?P<path>[^\n]+) <<'(?P<end>\w+)'\n"
    r"(?P<text>(?:.*?\n)??)(?P=end)$",
    re.DOTALL | re.MULTILINE,
)


def writing(path: str, text: str) -> str:
    """Phrase the command that gives a file a whole text; the last line gets its end."""
    lines, end = text.split("\n"), _END
    while end in lines:
        end += "_"
    body = text if text.endswith("\n") or not text else f"{text}\n"
    folder = str(PurePosixPath(path).parent)
    make = f"mkdir -p {shlex.quote(folder)} && " if folder != "." else ""
    return f"{make}cat > {shlex.quote(path)} <<'{end}'\n{body}{end}"


def parted(script: str) -> tuple[str, ...]:
    """Take a script apart into the files it writes first, and the rest."""
    commands: list[str] = []
    while match := _WRITES.match(script):
        commands.append(match[0])
        script = script[match.end() :].lstrip("\n")
    return (*commands, script) if script else tuple(commands)


def read_writing(command: str) -> Overwrite | None:
    """Read such a command back; None if it is another."""
    match = _WRITES.fullmatch(command.strip())
    if match is None:
        return None
    try:
        words = shlex.split(match["path"])
    except ValueError:
        return None
    return Overwrite(words[0], match["text"]) if len(words) == 1 else None
