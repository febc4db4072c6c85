"""Agents that call a gateway over its sockets, each one call after the other, in one process.

    agents_on_sockets.py FOLDER CALLS HISTORY_BYTES MODEL_S

FOLDER holds a `*.sock` for each agent. An agent begins with a history of so many bytes and adds a
turn to it for every call, as agents do; after 50 turns it begins again. Prints JSON: the seconds of
every call beyond MODEL_S, the seconds of all of them, and the CPU seconds of this process. It asks
nothing of the project's code, so that what it costs is its own.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

TOOL = {
    "name": "bash",
    "description": "Run a command in a shell.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
}
SETTINGS = json.dumps({"model": "any", "max_tokens": 100, "tools": [TOOL]})
TURNS = 50
TASK = {"role": "user", "content": "Repair the parser. " * 4}


def turn(number: int, output: str) -> list[dict[str, Any]]:
    """What a call adds to the history: what the model said and asked for, and what came of it."""
    identity = f"toolu_{number}"
    use = {"type": "tool_use", "id": identity, "name": "bash", "input": {"command": "ls -la"}}
    says = {"type": "text", "text": f"Step {number}: I shall look at the files once more."}
    result = {"type": "tool_result", "tool_use_id": identity, "content": output}
    return [{"role": "assistant", "content": [says, use]}, {"role": "user", "content": [result]}]


def history(least_bytes: int) -> bytes:
    """The beginning of a request whose history has at least so many bytes."""
    messages: list[dict[str, Any]] = [TASK]
    while least_bytes and len(json.dumps(messages)) < least_bytes:
        output = "def parse(line):\n    return line.split(',')\n" * 40
        messages += turn(len(messages), output)
    return f'{SETTINGS[:-1]}, "messages": {json.dumps(messages)[:-1]}'.encode()


def posts(beginning: bytes) -> Iterator[bytes]:
    """The requests of an agent one after the other, each with one more turn than the last."""
    head = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    for number in count():
        if number % TURNS == 0:
            parts = [beginning]
        body = b"".join((*parts, b"]}"))
        yield f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
        parts.append(b", " + json.dumps(turn(number, "README.md\nparser.py\n")).encode()[1:-1])


class Agent:
    """One agent: its connection, and the calls it still has to make."""

    def __init__(self, path: Path, calls: int, beginning: bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.left = calls
        self._posts = posts(beginning)
        self._post = next(self._posts)
        self._answer = b""

    def ask(self) -> None:
        """Send the next request."""
        self.left -= 1
        self.asked_at = time.perf_counter()
        self.socket.setblocking(True)
        self.socket.sendall(self._post)
        self.socket.setblocking(False)
        self._post = next(self._posts)

    def hears_all(self) -> bool:
        """Read what is there; return whether the answer is whole."""
        self._answer += self.socket.recv(65536)
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < length(head):
            return False
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise SystemExit(f"the gateway answered {self._answer!r}")
        self._answer = b""
        return True


def length(head: bytes) -> int:
    """Return the Content-Length of a response."""
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def main() -> None:
    """Make the calls."""
    folder, calls, body_bytes, model_s = Path(sys.argv[1]), *map(float, sys.argv[2:])
    beginning = history(int(body_bytes))
    paths = sorted(folder.glob("*.sock"))
    agents = [Agent(path, int(calls) // len(paths), beginning) for path in paths]
    selector, times_s = selectors.DefaultSelector(), []
    started, started_cpu_s = time.perf_counter(), time.process_time()
    waiting = {agent: started + random.uniform(0, model_s) for agent in agents}  # not in step
    open_agents = len(agents)
    while open_agents:
        now = time.perf_counter()
        for agent in [agent for agent, start in waiting.items() if start <= now]:
            del waiting[agent]
            agent.ask()
            selector.register(agent.socket, selectors.EVENT_READ, agent)
        pause = max(0.0, min(waiting.values()) - now) if waiting else None
        for key, _ in selector.select(pause):
            agent = key.data
            if not agent.hears_all():
                continue
            times_s.append(time.perf_counter() - agent.asked_at - model_s)
            if agent.left:
                agent.ask()
            else:
                selector.unregister(agent.socket)
                agent.socket.close()
                open_agents -= 1
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - started_cpu_s
    print(json.dumps({"added_s": times_s, "seconds": seconds, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
