"""A run on a real OpenAI-compatible server: rollouts that ask it in both dialects, one streamed.

    make_tiny_model.py says how to have such a server, then:
    real_server.py FOLDER_OF_THE_MODEL http://127.0.0.1:8765/v1

The seed agent passes the canary with whatever it is told, so a model that answers noise will do.
Prints what the agent saw of the last rollout, and what `dgm cost` says of the run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.machine import write_agent, write_benchmark

AGENT = r'''
def ask_chat(text):
    """Ask by Chat Completions, with a tool on offer, and give the stream as it came."""
    host, port = os.environ["OPENAI_BASE_URL"].split("//")[1].removesuffix("/v1").split(":")
    schema = {"type": "object", "properties": {"command": {"type": "string"}}}
    tool = {"name": "bash", "description": "Run a command.", "parameters": schema}
    body = json.dumps({
        "model": "any", "max_tokens": 60, "stream": True, "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": tool}],
        "messages": [{"role": "system", "content": "Help."}, {"role": "user", "content": text}],
    })
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall((head + body).encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

status, answer = ask(problem)
streamed = ask_chat(problem)
print(status, answer, streamed, sep="\n")
if status != 200 or "data: [DONE]" not in streamed:
    sys.exit("no model")
(workspace / "said.txt").write_text(json.dumps(answer["content"]) + "\n")
'''


def main() -> None:
    """Evolve for no child: the canary, and one task."""
    name, address = f"openai/{sys.argv[1]}", sys.argv[2]
    prices = [f'prices."{name}".{kind}_usd_per_mtok=0' for kind in ("input", "output")]
    with tempfile.TemporaryDirectory(prefix="dgm-b-") as place:
        write_agent(Path(place, "agent"), AGENT)
        write_benchmark(Path(place, "benchmark"), (1,))
        dgm = [sys.executable, "-m", "dgm"]
        words = ["evolve", "--children", "0", "--workers", "1", "--name", "real"]
        words += ["--seed-agent", "agent", "--benchmark", "benchmark"]
        words += ["--model", name, "--base-url", address, "--set", "benchmark.stages=[1]"]
        for price in prices:
            words += ["--set", price]
        subprocess.run([*dgm, *words], cwd=place, check=True)
        subprocess.run([*dgm, "cost", "real"], cwd=place, check=True)
        last = max(Path(place).rglob("output.txt"))
        print(last.read_text(encoding="utf-8", errors="replace"))


if __name__ == "__main__":
    main()
