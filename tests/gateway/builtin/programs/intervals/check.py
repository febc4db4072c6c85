import unittest

import intervals


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(intervals.merge([(1, 2), (2, 4)]), [(1, 4)])

    def test_2(self):
        self.assertEqual(intervals.total([(0, 5), (3, 8)]), 8)

    def test_3(self):
        self.assertEqual(intervals.gaps([(0, 1), (3, 4)]), [(1, 3)])


if __name__ == "__main__":
    unittest.main()
