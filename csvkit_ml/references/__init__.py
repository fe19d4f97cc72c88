"""The arithmetic that references are written in: exact integers, Arb balls, extended precision."""

from csvkit_ml.references.balls import elementwise, enclose
from csvkit_ml.references.exact import exact_matmul, exactly
from csvkit_ml.references.extended import U, expected_extended, extended, split

__all__ = ["U", "elementwise", "enclose", "exact_matmul", "exactly", "expected_extended", "extended", "split"]
