import unittest

import diffs


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(diffs.diff({"a": None}, {"a": None}), [])

    def test_2(self):
        self.assertEqual(diffs.diff({}, {"b": 1}), [("added", "b")])

    def test_3(self):
        self.assertEqual(diffs.diff({"a": None}, {"a": 2}), [("changed", "a")])

    def test_4(self):
        self.assertEqual(diffs.apply({"a": 1}, [("removed", "a")], {}), {})


if __name__ == "__main__":
    unittest.main()
