import unittest

from running_total import totals


class RunningTotalTest(unittest.TestCase):
    def test_no_numbers(self):
        self.assertEqual(totals([]), [])

    def test_one_number(self):
        self.assertEqual(totals([4]), [4])

    def test_several_numbers(self):
        self.assertEqual(totals([1, 2, 3]), [1, 3, 6])

    def test_numbers_below_zero(self):
        self.assertEqual(totals([5, -7, 2]), [5, -2, 0])
