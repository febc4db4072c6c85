"""Start mini-swe-agent, unchanged, on the task that the file named by DGM_TASK describes."""

import json
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where the model is, OPENAI_BASE_URL says; these only keep the packages from asking for more, and
# are read when they are imported: so nothing of them is imported at the top.
SURROUNDINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # a newer one would come from the network
    "LITELLM_LOG": "ERROR",  # it warns of clouds that nobody asked for
    "MSWEA_COST_TRACKING": "ignore_errors",  # whoever serves the model counts what it costs
    "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",  # and has tried again already
    "MSWEA_SILENT_STARTUP": "1",
}


def read(name):
    return (HERE / name).read_text(encoding="utf-8")


def configure(task):
    """Lay the settings and prompts of this folder over mini-swe-agent's own configuration."""
    from minisweagent.config import get_config_from_spec
    from minisweagent.utils.serialize import recursive_merge

    prompts = {
        "system_template": read("prompts/system.md"),
        "instance_template": read("prompts/task.md"),
    }
    ours = {"agent": prompts, "environment": {"cwd": task["workspace"]}}
    return recursive_merge(
        get_config_from_spec("mini.yaml"), json.loads(read("settings.json")), ours
    )


def work(model, config, task):
    """Let the agent work; return how many times it asked the model, and why it stopped."""
    from minisweagent.agents.default import DefaultAgent
    from minisweagent.environments.local import LocalEnvironment

    agent = DefaultAgent(model, LocalEnvironment(**config["environment"]), **config["agent"])
    ending = agent.run(task["problem"])
    return agent.n_calls, ending["exit_status"]


def main():
    os.environ.update(SURROUNDINGS)
    task = json.loads(Path(os.environ["DGM_TASK"]).read_text(encoding="utf-8"))
    config = configure(task)
    from minisweagent.models.litellm_model import LitellmModel
    from openai import OpenAIError

    try:
        calls, stopped = work(LitellmModel(**config["model"]), config, task)
    except OpenAIError as error:  # of which all errors of litellm are
        print(f"[stopped: {type(error).__name__}] {error}")
        return
    print(f"[calls: {calls}] [stopped: {stopped}]")


if __name__ == "__main__":
    main()
