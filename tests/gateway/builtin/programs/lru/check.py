import unittest

import lru


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(lru.play(2, [("a", 1), ("b", 2), ("a",), ("c", 3)]), (["a", "c"], 1, 0))

    def test_2(self):
        self.assertEqual(lru.play(2, [("a", 1), ("x",)]), (["a"], 0, 1))

    def test_3(self):
        self.assertEqual(lru.play(1, [("a", 1), ("b", 2)]), (["b"], 0, 0))


if __name__ == "__main__":
    unittest.main()
