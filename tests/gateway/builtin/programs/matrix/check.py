import unittest

import matrix


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(matrix.determinant([[0, 1], [1, 0]]), -1.0)

    def test_2(self):
        self.assertEqual(matrix.determinant([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), 1.0)

    def test_3(self):
        self.assertEqual(matrix.multiply([[1, 2]], [[3], [4]]), [[11]])


if __name__ == "__main__":
    unittest.main()
