"""Finding and calling tools."""

import unittest

import tools


class ToolsTest(unittest.TestCase):
    def setUp(self):
        self.toolbox = tools.discover()

    def test_every_tool_is_found_under_its_own_name(self):
        self.assertIn("bash", self.toolbox)
        self.assertIn("files", self.toolbox)
        for name, tool in self.toolbox.items():
            self.assertEqual(tool.SPEC["name"], name)

    def test_every_tool_describes_itself(self):
        for tool in self.toolbox.values():
            schema = tool.SPEC["input_schema"]
            self.assertTrue(tool.SPEC["description"])
            self.assertLessEqual(set(schema["required"]), set(schema["properties"]))

    def test_an_unknown_tool_is_an_error_for_the_model(self):
        text, is_error = tools.call(self.toolbox, "hammer", {}, None)
        self.assertTrue(is_error)
        self.assertIn("hammer", text)

    def test_missing_arguments_are_named(self):
        text, is_error = tools.call(self.toolbox, "bash", {}, None)
        self.assertTrue(is_error)
        self.assertIn("command", text)

    def test_what_a_tool_raises_is_an_error_for_the_model(self):
        text, is_error = tools.call(self.toolbox, "bash", {"command": 7}, None)
        self.assertTrue(is_error)
        self.assertIn("Error", text)
