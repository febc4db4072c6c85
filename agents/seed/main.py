"""Start the agent on the task that the file named by DGM_TASK describes."""

import json
import os
from pathlib import Path

import loop
import tools
from context import Context
from model import Model

HERE = Path(__file__).resolve().parent


def read(name):
    return (HERE / name).read_text(encoding="utf-8")


def main():
    task = json.loads(Path(os.environ["DGM_TASK"]).read_text(encoding="utf-8"))
    settings = json.loads(read("settings.json"))
    model = Model(
        os.environ["ANTHROPIC_BASE_URL"],
        os.environ["ANTHROPIC_API_KEY"],
        task.get("model", "default"),
        settings,
    )
    prompt = read("prompts/task.md").replace("{workspace}", task["workspace"])
    turns, stopped = loop.run(
        model,
        tools.discover(),
        Context(task["workspace"], settings),
        system=read("prompts/system.md"),
        prompt=prompt.replace("{problem}", task["problem"]),
    )
    print(f"[turns: {turns} of {settings['max_turns']}] [stopped: {stopped}]")


if __name__ == "__main__":
    main()
