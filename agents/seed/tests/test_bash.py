"""The shell tool, on real processes."""

import os
import select
import tempfile
import time
import unittest
from pathlib import Path

import context
from tools import bash


def run(command, timeout=20, chars=1000):
    settings = {"bash_timeout_s": timeout, "bash_output_chars": chars}
    with tempfile.TemporaryDirectory() as folder:
        return bash.run({"command": command}, context.Context(folder, settings))


class BashTest(unittest.TestCase):
    def test_output_and_exit_code_come_back(self):
        self.assertEqual(run("echo out; echo err >&2; exit 3"), "out\nerr\n[exit code 3]")

    def test_heredocs_quotes_and_trailing_comments_work(self):
        text = run("cat <<'END'\nit's \"$HOME\"\nEND\necho 'a' \"b\" # done")
        self.assertEqual(text, 'it\'s "$HOME"\na b\n[exit code 0]')

    def test_megabytes_of_output_are_clipped(self):
        text = run("head -c 5000000 /dev/zero | tr '\\0' x", chars=100)
        self.assertLess(len(text), 400)
        self.assertIn("[clipped: ", text)
        self.assertTrue(text.endswith("[exit code 0]"))

    def test_a_background_child_does_not_hold_the_call(self):
        started = time.monotonic()
        text = run("sleep 5 & echo started")
        self.assertLess(time.monotonic() - started, 4)
        self.assertIn("started", text)

    def test_the_time_out_is_told_and_nothing_outlives_it(self):
        with tempfile.TemporaryDirectory() as folder:
            held = Path(folder, "held")
            os.mkfifo(held)
            reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
            self.addCleanup(os.close, reader)
            text = run(f"exec 9> {held}; echo begun; sleep 5 & sleep 5", timeout=0.2)
            self.assertEqual(text, "begun\n\n[killed after 0.2 s]\n[exit code -9]")
            self.assertEqual(select.select([reader], [], [], 4)[0], [reader])  # nobody holds it
