"""The file tool, on real files."""

import tempfile
import unittest

from context import Context
from tools import files


class FilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.context = Context(folder.name, {"view_lines": 3})

    def run_tool(self, action, path, **rest):
        return files.run({"action": action, "path": path, **rest}, self.context)

    def test_a_view_numbers_the_lines(self):
        self.context.path("a.txt").write_text("one\ntwo\n")
        self.assertEqual(self.run_tool("view", "a.txt"), "     1\tone\n     2\ttwo")

    def test_a_view_of_a_long_file_says_what_is_missing(self):
        self.context.path("a.txt").write_text("x\n" * 5)
        self.assertIn("[clipped: 3 of 5 lines shown]", self.run_tool("view", "a.txt"))

    def test_create_makes_folders_and_keeps_the_text(self):
        self.run_tool("create", "deep/er/a.txt", content="text\n")
        self.assertEqual(self.context.path("deep/er/a.txt").read_text(), "text\n")

    def test_create_does_not_touch_an_old_file(self):
        self.context.path("a.txt").write_text("old")
        with self.assertRaises(FileExistsError):
            self.run_tool("create", "a.txt", content="new")
        self.assertEqual(self.context.path("a.txt").read_text(), "old")

    def test_overwrite_replaces_the_text(self):
        self.context.path("a.txt").write_text("old")
        self.run_tool("overwrite", "a.txt", content="new")
        self.assertEqual(self.context.path("a.txt").read_text(), "new")

    def test_overwrite_wants_an_old_file(self):
        with self.assertRaises(FileNotFoundError):
            self.run_tool("overwrite", "a.txt", content="new")

    def test_an_unknown_action_is_an_error(self):
        with self.assertRaises(ValueError):
            self.run_tool("destroy", "a.txt")
