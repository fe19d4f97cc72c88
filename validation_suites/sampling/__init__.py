"""Where samples come from: special values, edge sizes, covering arrays, seeded data."""

from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import EDGE_SIZES, all_patterns, normal, positive, special, tensor, uniform

__all__ = ["EDGE_SIZES", "all_patterns", "normal", "pairwise", "positive", "special", "tensor", "uniform"]
