import unittest

import inventory


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(inventory.report({"nut": 2}, ["nut"]), [("nut", 1)])

    def test_2(self):
        self.assertEqual(inventory.report({"nut": 2}, []), [("nut", 2)])

    def test_3(self):
        self.assertEqual(inventory.report({}, ["nut"]), [])


if __name__ == "__main__":
    unittest.main()
