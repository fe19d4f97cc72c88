"""unittest: one test method a case and repetition, as ONNX's own backend runner makes them."""

import unittest

from calls import CASES, REPETITIONS, run

first = {}


class Cases(unittest.TestCase):
    pass


def method(number):
    def test(self):
        got = run(CASES[number])
        self.assertEqual(got, first.setdefault(number, got))

    return test


for repetition in range(REPETITIONS):
    for n, case in enumerate(CASES):
        setattr(Cases, f"test_{repetition}_{n:05d}_{case[0]}", method(n))

if __name__ == "__main__":
    unittest.main()
