import unittest

import wordcount


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(wordcount.count("The the cat"), {"the": 2, "cat": 1})

    def test_2(self):
        self.assertEqual(wordcount.top("a b b c c", 2), ["b", "c"])

    def test_3(self):
        self.assertEqual(wordcount.count("A x", ignore=("a",)), {"x": 1})


if __name__ == "__main__":
    unittest.main()
