"""What the model is told of a tool call."""

import contextlib
import io
import unittest

import loop
from context import Context


class Talker:
    """A tool that says as much as it is asked for."""

    def __init__(self):
        self.SPEC = {"name": "talk", "input_schema": {}}

    def run(self, arguments, _context):
        return "x" * arguments["length"]


class AnswerTest(unittest.TestCase):
    def answer(self, length):
        call = {"name": "talk", "id": "t1", "input": {"length": length}}
        context = Context(".", {"answer_chars": 1000})
        with contextlib.redirect_stdout(io.StringIO()):
            return loop.answer(call, {"talk": Talker()}, context)["content"]

    def test_an_answer_that_is_too_long_is_clipped_and_says_so(self):
        text = self.answer(5_000_000)
        self.assertLess(len(text), 1100)
        self.assertIn("[clipped: 1000 of 5000000 characters shown]", text)

    def test_an_answer_that_is_not_stays_whole(self):
        self.assertEqual(self.answer(1000), "x" * 1000)
