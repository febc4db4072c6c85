import unittest

import balance


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(balance.is_balanced("(a[b])"), True)

    def test_2(self):
        self.assertEqual(balance.is_balanced("(("), False)

    def test_3(self):
        self.assertEqual(balance.is_balanced("]"), False)

    def test_4(self):
        self.assertEqual(balance.depth("(()())"), 2)


if __name__ == "__main__":
    unittest.main()
