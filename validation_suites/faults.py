"""Seeded faults: wrong ways of computing that every function's cases must reject. Each factory gives one Fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Fault, Function, Results, Sample
from csvkit_ml.model.tensor import Array, Tensor


def truth(function: Function, sample: Sample) -> Results:
    """True results correctly rounded to the declared dtypes: what a perfect library answers."""
    return tuple(round_to(e.dtype, e.value, e.low) for e in function.reference(sample))


def _floating(a: Array) -> bool:
    return a.dtype.kind in "fcV" and a.size > 0


def _on_first(change: Callable[[Array], Array | None]) -> Callable[[Function, Sample, Results], Results | None]:
    def apply(_: Function, __: Sample, results: Results) -> Results | None:
        if not results or results[0].size == 0:
            return None
        changed = change(results[0])
        return None if changed is None else (changed, *results[1:])

    return apply


def keep_bits(array: Array, bits: int) -> Array:
    """Round to `bits` significant bits (nearest), in the array's own dtype."""
    wide = array.astype(np.float64)
    mantissa, exponent = np.frexp(wide)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(array.dtype))


def narrow_inputs(bits: int, id: str, sentence: str) -> Fault:
    """Inputs rounded to fewer significant bits before the computation (TF32: 11, bfloat16: 8)."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        if sample.dtype not in ("float32", "float64"):
            return None
        inputs = tuple(Tensor.of(keep_bits(t.array(), bits)) if t.dtype in ("float32", "float64") else t for t in sample.inputs)
        return truth(function, replace(sample, inputs=inputs))

    return Fault(id=id, sentence=sentence, apply=apply)


TF32_INPUTS = narrow_inputs(11, "tf32-inputs", "Inputs are rounded to TF32 (11 significant bits) without being asked.")
BF16_INPUTS = narrow_inputs(8, "bf16-inputs", "Inputs are rounded to bfloat16 (8 significant bits) without being asked.")


def relative(amount: float, id: str = "relative-error") -> Fault:
    """Every element of the first output is off by a relative amount."""

    def change(a: Array) -> Array | None:
        if not _floating(a):
            return None
        wide = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
        with np.errstate(all="ignore"):
            return np.asarray((wide * (1 + amount)).astype(a.dtype))

    return Fault(id=id, sentence=f"Every element is off by a relative {amount:g}.", apply=_on_first(change))


def one_element(amount: float = 0.5) -> Fault:
    """The last element alone is wrong (a tail that the vector loop missed)."""

    def change(a: Array) -> Array:
        out = a.copy()
        last = out.reshape(-1)
        if a.dtype.kind == "b":
            last[-1] = not last[-1]
        elif a.dtype.kind in "iu":
            last[-1] = last[-1] ^ 1
        else:
            value = complex(last[-1]) if a.dtype.kind == "c" else float(last[-1])
            finite = np.isfinite(value)
            last[-1] = (value * (1 + amount) + amount if finite else 1.0)  # fmt: skip
        return out

    return Fault(id="tail-element", sentence="The last element alone is wrong: a vector loop missed its tail.", apply=_on_first(change))


def transposed() -> Fault:
    """The last two axes of a square output are swapped."""

    def change(a: Array) -> Array | None:
        if a.ndim < 2 or a.shape[-1] != a.shape[-2] or a.shape[-1] < 2:
            return None
        out = np.ascontiguousarray(np.swapaxes(a, -1, -2))
        return None if np.array_equal(out.astype(np.float64), a.astype(np.float64), equal_nan=True) else out

    return Fault(id="transposed-output", sentence="The last two axes of the output are swapped.", apply=_on_first(change))


def stale() -> Fault:
    """The output buffer was never written: zeros (or the pattern of an earlier call)."""

    def change(a: Array) -> Array | None:
        return None if not np.any(a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)) else np.zeros_like(a)

    return Fault(id="stale-buffer", sentence="The output buffer is never written.", apply=_on_first(change))


def changed(id: str, sentence: str, change: Callable[[Array], Array]) -> Fault:
    """A change of the first true output, in the output's own dtype."""

    def of(a: Array) -> Array | None:
        out = change(a).astype(a.dtype)
        return None if out.tobytes() == a.tobytes() else out

    return Fault(id=id, sentence=sentence, apply=_on_first(of))


def rolled() -> Fault:
    """Results land one place too far along the last axis (off by one)."""

    def change(a: Array) -> Array | None:
        out = np.roll(a, 1, axis=-1) if a.ndim and a.shape[-1] > 1 else None
        same = out is not None and out.tobytes() == a.tobytes()
        return None if same else out

    return Fault(id="off-by-one", sentence="Results land one place too far along the last axis.", apply=_on_first(change))


def nan_lost() -> Fault:
    """NaN is quietly replaced by zero."""

    def change(a: Array) -> Array | None:
        if a.dtype.kind not in "fV" or not np.isnan(a.astype(np.float64)).any():
            return None
        return np.where(np.isnan(a.astype(np.float64)), np.zeros_like(a), a)

    return Fault(id="nan-lost", sentence="NaN is quietly replaced by zero.", apply=_on_first(change))


def other_params(id: str, sentence: str, **changes: Any) -> Fault:
    """Computed with other parameters; a callable value maps the sample's own value."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        values = dict(sample.params)
        if not set(changes) <= set(values):
            return None
        new = {k: (c(values[k]) if callable(c) else c) for k, c in changes.items()}
        if all(values[k] == v for k, v in new.items()):
            return None
        return truth(function, replace(sample, params=tuple(sorted({**values, **new}.items()))))

    return Fault(id=id, sentence=sentence, apply=apply)


def computed(id: str, sentence: str, compute: Callable[[Sample], Array | tuple[Array, ...] | None]) -> Fault:
    """Computed by another (wrong) formula in float64, rounded to the outputs' dtypes."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        with np.errstate(all="ignore"):
            out = compute(sample)
            if out is None:
                return None
            outs = out if isinstance(out, tuple) else (out,)
            return tuple(np.asarray(o).astype(r.dtype).reshape(r.shape) for o, r in zip(outs, results, strict=True))

    return Fault(id=id, sentence=sentence, apply=apply)


def other_sample(id: str, sentence: str, change: Callable[[Sample], Sample | None]) -> Fault:
    """The true result of a changed sample, where it differs from the sample's own; None = does not apply."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        other = change(sample)
        made = None if other is None else truth(function, other)
        if made is None or all(a.tobytes() == b.tobytes() for a, b in zip(made, results, strict=True)):
            return None
        return made

    return Fault(id=id, sentence=sentence, apply=apply)
