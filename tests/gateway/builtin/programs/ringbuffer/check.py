import unittest

import ringbuffer


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(ringbuffer.filled(3, [1, 2]), [1, 2])

    def test_2(self):
        self.assertEqual(ringbuffer.filled(3, [1, 2, 3, 4]), [2, 3, 4])

    def test_3(self):
        self.assertEqual(ringbuffer.filled(2, range(7)), [5, 6])


if __name__ == "__main__":
    unittest.main()
