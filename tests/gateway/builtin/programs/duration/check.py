import unittest

import duration


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(duration.show(61), "1m 1s")

    def test_2(self):
        self.assertEqual(duration.show(0), "0s")

    def test_3(self):
        self.assertEqual(duration.parse("1h 5s"), 3605)

    def test_4(self):
        self.assertEqual(duration.show(90000), "1d 1h")


if __name__ == "__main__":
    unittest.main()
