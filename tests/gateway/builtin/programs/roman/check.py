import unittest

import roman


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(roman.to_roman(4), "IV")

    def test_2(self):
        self.assertEqual(roman.to_roman(1), "I")

    def test_3(self):
        self.assertEqual(roman.to_roman(1994), "MCMXCIV")

    def test_4(self):
        self.assertEqual(roman.from_roman("XIV"), 14)


if __name__ == "__main__":
    unittest.main()
