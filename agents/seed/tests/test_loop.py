"""The loop, with a model that says what it was given."""

import contextlib
import io
import tempfile
import unittest

import loop
import tools
from context import Context
from model import BudgetSpentError

SETTINGS = {"max_turns": 3, "bash_timeout_s": 5, "bash_output_chars": 100, "answer_chars": 999}


def say(*commands):
    calls = enumerate(commands)
    use = {"type": "tool_use", "name": "bash"}
    return [{**use, "id": f"t{n}", "input": {"command": text}} for n, text in calls]


class ScriptedModel:
    """Answers with what it was given, one after the other, and keeps what it was asked."""

    def __init__(self, *replies):
        self.replies = iter(replies)
        self.asked = []

    def ask(self, _system, messages, _specs):
        self.asked.append(messages[-1]["content"])
        reply = next(self.replies, [{"type": "text", "text": "done"}])
        if isinstance(reply, Exception):
            raise reply
        return reply


class LoopTest(unittest.TestCase):
    def work(self, *replies):
        self.model = ScriptedModel(*replies)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        context = Context(folder.name, SETTINGS)
        self.written = context.path("b")
        with contextlib.redirect_stdout(io.StringIO()):
            return loop.run(self.model, tools.discover(), context, "system", "problem")

    def test_it_stops_at_the_turn_limit(self):
        self.assertEqual(self.work(*[say("true")] * 9), (3, "turn_limit"))

    def test_it_stops_when_the_budget_is_spent(self):
        self.assertEqual(self.work(say("true"), BudgetSpentError()), (1, "budget"))

    def test_every_call_of_a_reply_is_run_and_answered_in_order(self):
        _, stopped = self.work(say("echo 1 > a", "cat a", "exit 2"), say("echo 4 > b"))
        self.assertEqual(stopped, "finished")
        results = [block for block in self.model.asked[1] if block["type"] == "tool_result"]
        self.assertEqual([result["tool_use_id"] for result in results], ["t0", "t1", "t2"])
        self.assertIn("1\n", results[1]["content"])
        self.assertEqual(self.written.read_text(), "4\n")
