import unittest

import dijkstra


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(
            dijkstra.distances({"a": {"b": 1, "c": 5}, "b": {"c": 1}}, "a"),
            {"a": 0, "b": 1, "c": 2},
        )

    def test_2(self):
        self.assertEqual(
            dijkstra.distances({"a": {"b": 4, "c": 1}, "b": {}, "c": {"b": 7}}, "a"),
            {"a": 0, "b": 4, "c": 1},
        )

    def test_3(self):
        self.assertEqual(dijkstra.distances({}, "x"), {"x": 0})

    def test_4(self):
        self.assertEqual(dijkstra.path({"a": {"b": 2}, "b": {}}, "a", "b"), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
