"""The launcher, with mini-swe-agent's own scripted model: no network, no litellm."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import main

END = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def scripted(*commands):
    """A model that calls `bash` with one command after the other."""
    from minisweagent.models.test_models import DeterministicToolcallModel, make_toolcall_output

    said = []
    for number, command in enumerate(commands):
        action = {"command": command, "tool_call_id": f"t{number}"}
        call = {"id": f"t{number}", "type": "function", "function": {"name": "bash"}}
        said.append(make_toolcall_output(None, [call], [action]))
    return DeterministicToolcallModel(outputs=said)


class MainTest(unittest.TestCase):
    def setUp(self):
        surroundings = mock.patch.dict(os.environ, main.SURROUNDINGS)
        surroundings.start()
        self.addCleanup(surroundings.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.workspace = Path(folder.name)
        self.task = {"problem": "Say hello.", "workspace": folder.name}
        self.config = main.configure(self.task)

    def work(self, *commands):
        return main.work(scripted(*commands), self.config, self.task)

    def test_commands_run_in_the_workspace_until_the_work_is_ended(self):
        calls, stopped = self.work("echo hello > greeting.txt", END)
        self.assertEqual((calls, stopped), (2, "Submitted"))
        self.assertEqual((self.workspace / "greeting.txt").read_text(), "hello\n")

    def test_it_stops_at_the_limit_of_steps(self):
        limit = self.config["agent"]["step_limit"]
        self.assertEqual(self.work(*["true"] * (limit + 1)), (limit, "LimitsExceeded"))

    def test_the_problem_and_the_way_to_end_are_told(self):
        from minisweagent.agents.default import DefaultAgent
        from minisweagent.environments.local import LocalEnvironment

        place = LocalEnvironment(**self.config["environment"])
        agent = DefaultAgent(scripted(END), place, **self.config["agent"])
        agent.run(self.task["problem"])
        told = agent.messages[1]["content"]
        self.assertIn("Say hello.", told)
        self.assertIn(END, told)

    def test_the_model_is_served_where_the_surroundings_say(self):
        provider = self.config["model"]["model_name"].partition("/")[0]
        self.assertIn(provider, ("openai", "anthropic"))
