import unittest

import histogram


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(histogram.histogram([0, 1, 5, 10], 0, 10, 2), [2, 2])

    def test_2(self):
        self.assertEqual(histogram.histogram([11, 3], 0, 10, 2), [1, 0])

    def test_3(self):
        self.assertEqual(histogram.edges(0, 4, 2), [0.0, 2.0, 4.0])

    def test_4(self):
        self.assertEqual(histogram.bar(5, 10), "#####")


if __name__ == "__main__":
    unittest.main()
