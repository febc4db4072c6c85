import unittest

import bank


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(bank.run([("a", "b", 4)]), {"a": 6, "b": 4})

    def test_2(self):
        self.assertEqual(bank.run([("a", "z", 4)]), {"a": 10, "b": 0})

    def test_3(self):
        self.assertEqual(bank.run([("a", "b", 40)]), {"a": 10, "b": 0})


if __name__ == "__main__":
    unittest.main()
