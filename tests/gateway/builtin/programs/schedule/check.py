import unittest

import schedule


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(schedule.run([("a", 1), ("b", 1)]), ["a", "b"])

    def test_2(self):
        self.assertEqual(schedule.run([("a", 1), ("b", 5), ("c", 1)]), ["b", "a", "c"])

    def test_3(self):
        self.assertEqual(schedule.run([]), [])


if __name__ == "__main__":
    unittest.main()
