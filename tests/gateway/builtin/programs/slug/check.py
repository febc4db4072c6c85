import unittest

import slug


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(slug.slug("A  b"), "a-b")

    def test_2(self):
        self.assertEqual(slug.slug("Über uns!"), "uber-uns")

    def test_3(self):
        self.assertEqual(slug.unique("a", {"a", "a-2"}), "a-3")


if __name__ == "__main__":
    unittest.main()
