import unittest

import csvline


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(csvline.split("a,b"), ["a", "b"])

    def test_2(self):
        self.assertEqual(csvline.split('"x""y",z'), ['x"y', "z"])

    def test_3(self):
        self.assertEqual(csvline.split(""), [""])

    def test_4(self):
        self.assertEqual(csvline.join(["a,b", "c"]), '"a,b",c')


if __name__ == "__main__":
    unittest.main()
