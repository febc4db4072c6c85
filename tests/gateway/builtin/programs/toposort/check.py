import unittest

import toposort


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(toposort.order({"b": ["a"], "c": ["b"]}), ["a", "b", "c"])

    def test_2(self):
        self.assertEqual(toposort.order_or_none({"a": ["b"], "b": ["a"]}), None)

    def test_3(self):
        self.assertEqual(toposort.order_or_none({"a": [], "b": ["c"], "c": ["b"]}), None)

    def test_4(self):
        self.assertEqual(toposort.order({}), [])


if __name__ == "__main__":
    unittest.main()
