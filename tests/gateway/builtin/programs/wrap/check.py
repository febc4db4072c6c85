import unittest

import wrap


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(wrap.wrap("aa bb cc", 5), ["aa bb", "cc"])

    def test_2(self):
        self.assertEqual(wrap.wrap("", 5), [])

    def test_3(self):
        self.assertEqual(wrap.indent(["a"], 2), ["  a"])

    def test_4(self):
        self.assertEqual(wrap.center("ab", 6), "  ab")


if __name__ == "__main__":
    unittest.main()
