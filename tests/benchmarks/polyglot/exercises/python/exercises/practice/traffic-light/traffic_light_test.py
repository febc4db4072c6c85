import unittest

from traffic_light import after


class TrafficLightTest(unittest.TestCase):
    def test_red(self):
        self.assertEqual(after("red"), "green")

    def test_green(self):
        self.assertEqual(after("green"), "yellow")

    def test_yellow(self):
        self.assertEqual(after("yellow"), "red")

    def test_another_colour_is_refused(self):
        with self.assertRaises(ValueError) as refusal:
            after("blue")
        self.assertEqual(refusal.exception.args[0], "no such colour")
