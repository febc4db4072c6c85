import unittest

import primes


class Check(unittest.TestCase):
    def test_1(self):
        self.assertEqual(primes.primes(12), [2, 3, 5, 7, 11])

    def test_2(self):
        self.assertEqual(primes.factors(12), [2, 2, 3])

    def test_3(self):
        self.assertEqual(primes.is_prime(25), False)


if __name__ == "__main__":
    unittest.main()
