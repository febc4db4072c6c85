import unittest

import config


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(config.get("[a]\nx = 1", "a", "x"), 1)

    def test_2(self):
        self.assertEqual(config.get("u=a=b", "", "u"), "a=b")

    def test_3(self):
        self.assertEqual(config.get("on=yes", "", "on"), True)


if __name__ == "__main__":
    unittest.main()
