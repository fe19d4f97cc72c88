"""The arithmetic that references are written in: exact integers, Arb balls, extended precision."""

from csvkit_ml.references.balls import elementwise, enclose
from csvkit_ml.references.correct_rounding import arithmetic, converted, nearest, wrapped
from csvkit_ml.references.exact import exact_matmul, exactly
from csvkit_ml.references.extended import U, expected_extended, extended, split
from csvkit_ml.references.products import correlate, pad, sum_of_products, wide, windows

__all__ = [
    "U", "arithmetic", "converted", "correlate", "elementwise", "enclose", "exact_matmul", "exactly", "expected_extended", "extended",
    "nearest", "pad", "split", "sum_of_products", "wide", "windows", "wrapped",
]  # fmt: skip
