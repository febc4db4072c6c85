import unittest

import pages


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(pages.pages([1, 2, 3], 2), [[1, 2], [3]])

    def test_2(self):
        self.assertEqual(pages.pages([1, 2], 2), [[1, 2]])

    def test_3(self):
        self.assertEqual(pages.pages([], 3), [])

    def test_4(self):
        self.assertEqual(pages.Pager([1, 2, 3, 4], 2).neighbours(1), (None, 2))


if __name__ == "__main__":
    unittest.main()
