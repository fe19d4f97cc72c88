"""A function: one piece of mathematics, library-neutral, with everything needed to judge it.

Functions live in `validation_suites/`; they never import a machine-learning library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from csvkit_ml.model.tensor import Array, Tensor

Json = None | bool | int | float | str | tuple["Json", ...]
"""What a parameter of a sample may be (lists are tuples, so that samples are values)."""


class Side(Enum):
    """The regime that a function falls under."""

    TRAINING = "training"
    INFERENCE = "inference"
    BOTH = "both"


class SampleClass(Enum):
    """Why a sample is there; 'ordinary' comes first in reports."""

    ORDINARY = "ordinary"
    SPECIAL = "special values"
    EDGE = "edge sizes"
    COVERING = "parameter covering array"
    CONDITIONED = "ill-conditioned"
    EXHAUSTIVE = "exhaustive"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One input of a function, by value."""

    name: str
    """Unique within the function, readable, [a-z0-9_.,=+-] only, e.g. `float32-n64-positive`."""
    dtype: str
    """The dtype whose arithmetic is judged; a binding that does not offer it is not asked."""
    inputs: tuple[Tensor, ...]
    """Operands in the order of the function's definition."""
    params: tuple[tuple[str, Json], ...] = ()
    """Attributes by name (stride, eps, axis, ...), sorted by name."""
    why: SampleClass = SampleClass.ORDINARY
    """Sample class of CRITERIA."""
    held: tuple[Tensor, ...] = ()
    """What definition and binding need beside the inputs (a whole model, a maker's expected values); never sent as an operand."""

    def param(self, name: str) -> Any:
        """Value of a parameter. Raises KeyError."""
        return dict(self.params)[name]

    def arrays(self) -> tuple[Array, ...]:
        """Inputs as read-only numpy arrays of their own dtype."""
        return tuple(t.array() for t in self.inputs)


def params(**values: Json) -> tuple[tuple[str, Json], ...]:
    """Parameters in canonical order."""
    return tuple(sorted(values.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The true value of one output: value + low, known to within `radius`, plus what its limit needs.

    All arrays are float64 (or the exact integer / bool / complex128 dtype) and have the output's shape
    or broadcast to it (radius, scale).
    """

    name: str
    """Output name, `y` for a single output."""
    dtype: str
    """dtype that the library must answer in."""
    value: Array
    """Leading part of the true value; NaN and infinities mean themselves."""
    low: Array | None = None
    """Trailing part (double-double), None = 0."""
    radius: Array | float = 0.0
    """Absolute error of value + low."""
    scale: Array | float = 0.0
    """The criterion's natural scale, e.g. S = |A||B|; 0 where the criterion has none."""
    terms: int = 1
    """Number of rounded terms n in the criterion's bound."""
    any_sign_of_zero: bool = False
    """True where the definition does not fix the sign of a zero result."""
    extra: Mapping[str, Array] = field(default_factory=dict)
    """Operands for criteria that are relations, not differences (backward error, statistics)."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.value.shape)


class Reason(Enum):
    """Why a comparison or a case came out as it did; the verdict follows from it."""

    WITHIN_BAND = "within the declared accuracy"
    IDENTICAL = "identical to the exact value"
    BEYOND_BAND = "past the declared accuracy class, within the a-priori bound"
    BEYOND_HARD = "past the a-priori bound: not arithmetic of the declared precision"
    SPECIAL_VALUE = "a NaN, infinity or signed zero differs"
    WRONG_SHAPE = "the shape differs"
    WRONG_DTYPE = "the dtype differs"
    WRONG_NAMES = "number or names of the outputs differ"
    EMPTY_AS_DEFINED = "empty, of the right shape and dtype, as the definition says"
    STATISTICS_FIT = "the sample fits the distribution at the level fixed in the plan"
    NOTHING_COMPARED = "zero elements compared: proves nothing"
    REFUSED = "an exception was raised where a value is defined"
    CRASHED = "the library ended the process"
    TIMED_OUT = "no answer within the time limit"
    KILLED = "the host ended the process"
    UNSUPPORTED = "the library says that it does not support this"
    NOT_RUN = "not executed"
    NOT_REPEATABLE = "repetitions that must be identical differ"
    SETTING_UNPROVEN = "the backend's setting could not be proven in force"
    REFERENCE_WEAK = "the reference's own error exceeds the limit"


class Verdict(Enum):
    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"


VERDICT: Mapping[Reason, Verdict] = {
    Reason.WITHIN_BAND: Verdict.PASSED,
    Reason.IDENTICAL: Verdict.PASSED,
    Reason.EMPTY_AS_DEFINED: Verdict.PASSED,
    Reason.STATISTICS_FIT: Verdict.PASSED,
    Reason.BEYOND_BAND: Verdict.FAILED,
    Reason.BEYOND_HARD: Verdict.FAILED,
    Reason.SPECIAL_VALUE: Verdict.FAILED,
    Reason.WRONG_SHAPE: Verdict.FAILED,
    Reason.WRONG_DTYPE: Verdict.FAILED,
    Reason.WRONG_NAMES: Verdict.FAILED,
    Reason.REFUSED: Verdict.FAILED,
    Reason.CRASHED: Verdict.FAILED,
    Reason.NOT_REPEATABLE: Verdict.FAILED,
    Reason.NOTHING_COMPARED: Verdict.INDETERMINATE,
    Reason.TIMED_OUT: Verdict.INDETERMINATE,
    Reason.KILLED: Verdict.INDETERMINATE,
    Reason.UNSUPPORTED: Verdict.INDETERMINATE,
    Reason.NOT_RUN: Verdict.INDETERMINATE,
    Reason.SETTING_UNPROVEN: Verdict.INDETERMINATE,
    Reason.REFERENCE_WEAK: Verdict.INDETERMINATE,
}
"""Total: every reason has exactly one verdict (tested)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a criterion found about one output."""

    output: str
    """Name of the output."""
    reason: Reason
    """Status follows from it."""
    compared: int
    """Elements compared."""
    offenders: int = 0
    """Elements past the band (special-value mismatches included)."""
    error: float = 0.0
    """Error at the element with the worst error/limit ratio, in the unit of `limit`; inf for a special-value mismatch."""
    limit: float = 0.0
    """Band limit T at that element (absolute, or the dimensionless bound of a relation)."""
    hard_limit: float = 0.0
    """Hard limit there."""
    ratio: float = 0.0
    """Worst error / band limit; <= 1 passes. The margin is its inverse."""
    rms_ratio: float = 0.0
    """Root mean square of error / band limit over all finite elements."""
    worst_index: tuple[int, ...] = ()
    """Where the worst is."""
    expected: str = ""
    """True value there, as text with its radius."""
    actual: str = ""
    """Library's value there, as text."""
    figures: tuple[tuple[str, str], ...] = field(default=(), metadata={"unwritten": True})
    """(name, text) that the report tabulates by sample, e.g. the log relative error of each parameter."""


class Criterion(Protocol):
    """How one output is judged. Implementations are frozen dataclasses of plain numbers, so they can be hashed and printed."""

    @property
    def kind(self) -> str:
        """Short stable name, e.g. `ulp`."""
        ...

    @property
    def formula(self) -> str:
        """The limit as a formula with this instance's constants."""
        ...

    @property
    def rationale(self) -> str:
        """Why this limit, in one or two sentences."""
        ...

    @property
    def literature(self) -> str:
        """Where the limit comes from."""
        ...

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge an output whose dtype and shape already match."""
        ...


Results = tuple[Array, ...]
"""Outputs in order, in their own dtypes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A seeded fault: a wrong way of computing the function that its cases must reject."""

    id: str
    """Kebab case, e.g. `tf32-inputs`."""
    sentence: str
    """What went wrong, for the report."""
    apply: Callable[[Function, Sample, Results], Results | None]
    """(function, sample, true results rounded to dtype) -> faulty results, or None where it does not apply to this sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function: what it must do, how that is sampled, known and judged."""

    id: str
    """Snake case, unique over all suites; the libraries' common operator name where there is one."""
    side: Side
    """Regime."""
    area: str
    """Section of the report, e.g. `elementwise`."""
    requirement: str
    """One sentence, `The library shall ...`."""
    source: str
    """Definition: paper, clause or operator specification."""
    oracle: str
    """Where the expected value comes from and how accurate it is."""
    samples: Callable[[], Iterable[Sample]]
    """Deterministic; every call gives the same samples in the same order."""
    reference: Callable[[Sample], tuple[Expected, ...]]
    """Pure; higher precision than the sample's dtype."""
    criterion: Criterion | Callable[[Sample], Criterion]
    """Limit of every output, or one chosen by sample."""
    faults: tuple[Fault, ...]
    """At least one; each must be caught by at least one sample."""
    repeatable: bool = True
    """Reruns and new processes must give identical bits."""
    lengthy: bool = False
    """A sample takes seconds (it compiles, trains, calls ten thousand times, or is very long): left out at quick depth."""

    def criterion_for(self, sample: Sample) -> Criterion:
        """The criterion that judges this sample's outputs."""
        return self.criterion(sample) if callable(self.criterion) else self.criterion


def seed_for(*names: str) -> np.random.Generator:
    """A generator whose stream depends only on the given names (Philox keyed by their SHA-256)."""
    import hashlib

    key = int.from_bytes(hashlib.sha256("|".join(names).encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


FloatArray = npt.NDArray[np.float64]
