"""Loading pre-trained values: what a checkpoint that does not quite fit changes, what it does not hold, and what stays shared with it (traps as they are)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.sampling import normal
from validation_suites.training.autograd import whole

FLOATS = ("float32", "float64")
AREA = "transfer learning"
SOURCE = "PyTorch documentation, torch.nn.Module.load_state_dict, register_buffer; Saving and Loading Models"


def _refused_cases() -> Iterable[Sample]:
    """Three entries of the model, three of the checkpoint; the middle one has another shape there."""
    for dtype, (label, shape) in itertools.product(FLOATS, (("wider", (5, 4)), ("flat", (20,)), ("one-axis-more", (1, 4, 5)))):
        shapes = ((6,), (4, 5), (3, 2), (6,), shape, (3, 2))
        inputs = [Tensor.of(whole(s, "refused", label, str(j)), dtype) for j, s in enumerate(shapes)]
        yield case(f"{dtype}-{label}", *inputs, dtype=dtype)


def _refused(sample: Sample) -> tuple[Any, ...]:
    """(the entries that fit, as in the checkpoint; the one that does not, as it was; refused when strict, and when not)."""
    _, kept, _, first, _, last = sample.arrays()
    return first, kept, last, yes(True, True)


def _untouched(sample: Sample) -> tuple[Any, ...]:
    return (*sample.arrays()[:3], yes(True, True))


def _cast_cases() -> Iterable[Sample]:
    """Values of a checkpoint in a wider format than the model's (`dtype`): ordinary ones, and ones beyond its range or below its steps."""
    for dtype, wide in (("float32", "float64"), ("float16", "float32"), ("bfloat16", "float32")):
        top, low = {"float32": (1e39, 1e-46), "float16": (65520.0, 1e-8), "bfloat16": (3.4e38, 1e-41)}[dtype]
        yield case(f"{dtype}-ordinary", normal(wide, (4, 33), "cast", dtype), dtype=dtype, into=dtype)
        edge = np.array([top, -top, low, -low, 1 + 2.0**-8, 1 + 2.0**-11, np.inf, -np.inf, np.nan, 0.0])
        yield case(f"{dtype}-beyond", Tensor.of(edge, wide), dtype=dtype, into=dtype)
        yield case(f"{dtype}-one", normal(wide, (1,), "cast one", dtype), dtype=dtype, into=dtype)


def _cast(sample: Sample) -> tuple[Any, ...]:
    """(rounded to the model's format, no refusal: past its range an infinity)."""
    return round_to(sample.dtype, sample.arrays()[0].astype(np.float64), None), yes(True)


def _chopped(sample: Sample) -> tuple[Any, ...]:
    """Low bits are dropped, not rounded."""
    bits = {"float32": 23, "float16": 10, "bfloat16": 7}[sample.dtype]
    mantissa, exponent = np.frexp(sample.arrays()[0].astype(np.float64))
    return np.ldexp(np.trunc(mantissa * 2.0 ** (bits + 1)) / 2.0 ** (bits + 1), exponent), yes(True)


def _saturated(sample: Sample) -> tuple[Any, ...]:
    made = round_to(sample.dtype, sample.arrays()[0].astype(np.float64), None).astype(np.float64)
    return np.where(np.isinf(made), np.sign(made) * 65504.0, made), yes(True)


def _alias_cases() -> Iterable[Sample]:
    for dtype, shape in itertools.product(FLOATS, ((4, 5), (1, 1), (3, 17))):
        yield case(f"{dtype}-{shape[0]}x{shape[1]}", Tensor.of(whole(shape, "alias", str(shape)), dtype), dtype=dtype)


def _alias(sample: Sample) -> tuple[Any, ...]:
    """The checkpoint is loaded twice, then 8 is added to it in place: (assigned: follows, copied: does not, still a parameter)."""
    x = sample.arrays()[0]
    return x + 8, x, yes(True, True)


def _absent_cases() -> Iterable[Sample]:
    """A frozen layer's weight, a non-persistent buffer in the source and one in the target; whether the target is frozen."""
    for dtype, frozen in itertools.product(FLOATS, (False, True)):
        inputs = [Tensor.of(whole(s, "absent", str(j)), dtype) for j, s in enumerate(((4, 5), (6,), (6,)))]
        yield case(f"{dtype}-{'frozen' if frozen else 'free'}", *inputs, dtype=dtype, frozen=frozen)


def _absent(sample: Sample) -> tuple[Any, ...]:
    """(weight as stored, the target's own buffer, [buffer is a key, flag of the source is taken over, target is trainable, strict loading refused])."""
    weight, _, own = sample.arrays()
    return weight, own, yes(False, False, not sample.param("frozen"), False)


def _counter_cases() -> Iterable[Sample]:
    for kept, told, count in ((True, True, 7), (True, False, 7), (False, False, 0), (False, True, 0), (True, True, 2**40)):
        label = f"{'with' if kept else 'without'}-counter-{'versioned' if told else 'plain'}-{count}"
        yield case(label, Tensor.of(np.array([count]), "int64"), dtype="int64", kept=kept, told=told)


def _counter(sample: Sample) -> tuple[Any, ...]:
    """(count of batches after loading into a new layer, strict loading refused): a checkpoint without a version may lack the counter."""
    return np.where(sample.param("kept"), sample.arrays()[0], 0), yes(not sample.param("kept") and sample.param("told"))


ROWS = (
    Guarantee(
        id="transfer_shape_mismatch", area=AREA, source=SOURCE, cases=_refused_cases, truth=_refused,
        requirement="The library shall refuse a checkpoint with an entry of another shape, strict or not, leave that entry as it was and load the others "
        "(a trap: after a caught error the model is half loaded; a maker builds it anew).",
        faults=(wrong("all-or-nothing", "Nothing is loaded.", _untouched), denied("not-refused", "Strict loading goes through.", 3),
                denied("tolerated", "Loading that is not strict goes through.", 3, 1), faults.relative(1e-4), faults.stale()),
    ),
    Guarantee(
        id="transfer_casting", area=AREA, source=SOURCE + "; IEEE 754-2019, 4.3.1", cases=_cast_cases, truth=_cast,
        requirement="The library shall round a checkpoint's values to the nearest of the model's format without refusal (a trap: values past its range "
        "become infinities; a maker compares formats and looks for infinities before loading).",
        faults=(wrong("chopped", "Values are chopped.", _chopped), wrong("saturated", "Past the range is the largest half.", _saturated),
                faults.nan_lost(), faults.stale(), denied("refused", "The other format is refused.", 1)),
    ),
    Guarantee(
        id="transfer_assignment", area=AREA, source=SOURCE, cases=_alias_cases, truth=_alias,
        requirement="The library shall share memory with the checkpoint where it is assigned, and not where it is copied (a trap: a checkpoint changed after "
        "assignment changes the model; a maker copies, or drops the checkpoint).",
        faults=(wrong("copied", "Assignment copies.", lambda s: (s.arrays()[0], s.arrays()[0], yes(True, True))),
                wrong("shared", "Copying shares.", lambda s: (s.arrays()[0] + 8, s.arrays()[0] + 8, yes(True, True))),
                denied("not-a-parameter", "What was assigned is not trained.", 2), faults.stale()),
    ),
    Guarantee(
        id="transfer_not_stored", area=AREA, source=SOURCE, cases=_absent_cases, truth=_absent,
        requirement="The library shall store in a checkpoint neither non-persistent buffers nor which parameters are frozen, and leave both as they are in "
        "the model that it is loaded into (a trap: what was frozen is trained after a resume; a maker freezes again after loading).",
        faults=(wrong("buffer-overwritten", "The buffer is taken over.", lambda s: (s.arrays()[0], s.arrays()[1], _absent(s)[2])),
                denied("buffer-stored", "The buffer is a key.", 2), denied("flag-stored", "The flag is taken over.", 2, 1),
                denied("refused", "The missing buffer is refused.", 2, 3), faults.stale()),
    ),
    Guarantee(
        id="transfer_missing_counter", area=AREA, source="PyTorch documentation, torch.nn.BatchNorm1d; load_state_dict", cases=_counter_cases, truth=_counter,
        requirement="The library shall load a batch normalisation's count of batches, accept its absence in a checkpoint that carries no version, and "
        "refuse it in one that does (a trap: a plain dict loses the check; a maker keeps a state dict's metadata).",
        faults=(denied("other-answer", "Refused where it is accepted, or the other way.", 1), faults.stale(),
                wrong("counts-on", "One batch more.", lambda s: (_counter(s)[0] + 1, _counter(s)[1]))),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)
