import unittest

import tokens


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(tokens.evaluate("1 + 2"), 3.0)

    def test_2(self):
        self.assertEqual(tokens.evaluate("2*(3-1)"), 4.0)

    def test_3(self):
        self.assertEqual(tokens.tokenize("7"), [7.0])

    def test_4(self):
        self.assertEqual(tokens.evaluate("8/4/2"), 1.0)


if __name__ == "__main__":
    unittest.main()
