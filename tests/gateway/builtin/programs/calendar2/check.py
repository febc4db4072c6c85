import unittest

import calendar2


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(calendar2.days(2024, 2)[-1].day, 29)

    def test_2(self):
        self.assertEqual(len(calendar2.days(2023, 4)), 30)

    def test_3(self):
        self.assertEqual(calendar2.workdays(2024, 3), 21)

    def test_4(self):
        self.assertEqual(calendar2.add_months(calendar2.date(2024, 1, 31), 1).day, 29)


if __name__ == "__main__":
    unittest.main()
