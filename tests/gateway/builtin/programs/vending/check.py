import unittest

import vending


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(vending.change(7), [5, 2])

    def test_2(self):
        self.assertEqual(vending.buy(30, [50]), [20])

    def test_3(self):
        self.assertEqual(vending.buy(60, [50]), None)

    def test_4(self):
        self.assertEqual(vending.change(0), [])


if __name__ == "__main__":
    unittest.main()
