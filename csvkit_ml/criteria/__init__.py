"""How results are judged: one file per kind of criterion, all pure. Adding a kind is adding a file."""

from csvkit_ml.criteria.certified import Certified
from csvkit_ml.criteria.componentwise import Componentwise
from csvkit_ml.criteria.counts import Counts
from csvkit_ml.criteria.declared import Declared
from csvkit_ml.criteria.exact import Exact
from csvkit_ml.criteria.factorisation import CholeskyFactor
from csvkit_ml.criteria.formats import FORMATS, Format, gamma, round_to
from csvkit_ml.criteria.joint import Each
from csvkit_ml.criteria.least_squares import LeastSquares
from csvkit_ml.criteria.moved import Moved
from csvkit_ml.criteria.one_of import OneOf
from csvkit_ml.criteria.positions import Positions
from csvkit_ml.criteria.relation import BackwardError
from csvkit_ml.criteria.scaled import Scaled
from csvkit_ml.criteria.statistical import Goodness
from csvkit_ml.criteria.ulp import Ulp

__all__ = [
    "FORMATS", "BackwardError", "Certified", "CholeskyFactor", "Componentwise", "Counts", "Declared", "Each", "Exact", "Format", "Goodness",
    "LeastSquares", "Moved", "OneOf", "Positions", "Scaled", "Ulp", "gamma", "round_to",
]  # fmt: skip
