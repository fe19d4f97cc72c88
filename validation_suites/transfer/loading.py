"""Loading pre-trained values and giving parts of a network their own rates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.training.autograd import whole

DTYPES = ("float32", "float64")
KEYS = Exact(rationale="Keys are numbers here; values are only stored.", literature="IEEE 754-2019, 5.5")
STEPS = Exact(rationale="Rates are powers of two and data small integers: every step is exact.", literature="IEEE 754-2019, 4.3")
SETS = {
    "equal": (range(8), range(8)), "missing": (range(8), (0, 2, 3, 5, 6)), "unexpected": ((0, 2, 3), range(8)), "both": ((0, 1, 2, 3, 4), (3, 4, 5, 6)),
    "disjoint": (range(4), range(4, 9)), "shuffled": (range(8), (7, 3, 5, 1, 0)), "prefix": (range(3), range(103, 106)),
}  # fmt: skip
"""Keys of the model and of the checkpoint; over 100: the same name under a prefix."""


def _loading_samples() -> Iterable[Sample]:
    """Keys of the model, keys of the checkpoint, values before and values in the checkpoint, all int64."""
    for i, (name, (model, checkpoint)) in enumerate(SETS.items()):
        random = seed_for("loading", name)
        before, stored = (random.integers(-(2**40), 2**40, len(k)) for k in (model, checkpoint))
        inputs = tuple(Tensor.of(np.array(v), "int64") for v in (list(model), list(checkpoint), before, stored))
        yield Sample(name=f"int64-{name}", dtype="int64", inputs=inputs, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _loaded(sample: Sample) -> tuple[Expected, ...]:
    """(values of the model's entries, missing keys, unexpected keys in rising order, whether strict loading is refused)."""
    model, checkpoint, before, stored = (list(map(int, a)) for a in sample.arrays())
    there = dict(zip(checkpoint, stored, strict=True))
    values = [there.get(k, b) for k, b in zip(model, before, strict=True)]
    missing, unexpected = sorted(set(model) - set(checkpoint)), sorted(set(checkpoint) - set(model))
    lists = [exactly(np.array(v, dtype=np.int64), dtype="int64", name=f"y{i}" if i else "y") for i, v in enumerate((values, missing, unexpected))]
    return (*lists, exactly(np.array([bool(missing or unexpected)]), dtype="bool", name="y3"))


def _replaced(which: int, id: str, sentence: str, of: Any) -> Fault:
    """One output is computed otherwise from the sample's arrays and the true output."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        made = np.asarray(of(sample.arrays(), results[which])).astype(results[which].dtype)
        same = made.shape == results[which].shape and made.tobytes() == results[which].tobytes()
        return None if same else tuple(made if i == which else r for i, r in enumerate(results))

    return Fault(id=id, sentence=sentence, apply=apply)


def _by_position(arrays: Any, values: Any) -> Any:
    """Values in the order of the checkpoint, whatever the names."""
    out, stored = values.copy(), arrays[3]
    n = min(len(out), len(stored))
    out[:n] = stored[:n]
    return out


RATES = {"ratio": (0.5, 0.0625), "zero": (0.25, 0.0), "equal": (0.5, 0.5), "three": (1.0, 0.25, 0.0)}


def _group_samples() -> Iterable[Sample]:
    """A weight [4, 5] and a gradient for each group; one step of steepest descent, the rates halved, one step more."""
    for i, (dtype, (name, rates)) in enumerate((d, r) for r in RATES.items() for d in DTYPES):
        shapes = [(4, 5), (7,), (2, 3)][: len(rates)]
        pairs = [Tensor.of(whole(s, "groups", name, part, str(j)), dtype) for part in "wg" for j, s in enumerate(shapes)]
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=tuple(pairs), params=params(rates=rates, factor=0.5), why=why)


def _groups(sample: Sample) -> tuple[Expected, ...]:
    """w - rate g (1 + factor) for each group."""
    arrays, rates = [a.astype(np.float64) for a in sample.arrays()], sample.param("rates")
    n = len(rates)
    made = [w - r * g * (1 + sample.param("factor")) for w, g, r in zip(arrays[:n], arrays[n:], rates, strict=True)]
    return tuple(replace(exactly(v, dtype=sample.dtype, name=f"y{i}" if i else "y"), any_sign_of_zero=True) for i, v in enumerate(made))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="transfer_loading", side=Side.TRAINING, area="transfer learning",
        requirement="The library shall report exactly the missing and the unexpected keys of a checkpoint that differs from the model, refuse strict "
        "loading then, and load the entries that match (a trap: also when strict loading is refused, so that a model is half loaded after a caught error).",
        source="PyTorch documentation, torch.nn.Module.load_state_dict", oracle="set arithmetic", samples=_loading_samples, reference=_loaded, criterion=KEYS,
        faults=(faults.one_element(), faults.stale(), _replaced(0, "by-position", "Entries are loaded by position.", _by_position),
                _replaced(0, "nothing-loaded", "Nothing is loaded.", lambda arrays, _: arrays[2]),
                _replaced(1, "missing-untold", "Missing keys are not told.", lambda _, keys: keys[:0]),
                _replaced(2, "unexpected-untold", "The last unexpected key is not told.", lambda _, keys: keys[:-1]),
                _replaced(3, "not-refused", "Strict loading is not refused.", lambda _, answer: answer & False)),
    ),
    Function(
        id="transfer_parameter_groups", side=Side.TRAINING, area="transfer learning",
        requirement="The library shall step each parameter group at its own rate, leave a group of rate zero unchanged, and keep the ratio of the rates under "
        "a schedule.",
        source="PyTorch documentation, torch.optim (per-parameter options)", oracle="exact arithmetic of the formula", samples=_group_samples,
        reference=_groups, criterion=STEPS,
        faults=(faults.one_element(), faults.stale(), faults.relative(1e-4),
                faults.other_params("one-rate", "Every group gets the first rate.", rates=lambda r: (r[0],) * len(r)),
                faults.other_params("schedule-lost", "The schedule is not applied.", factor=1.0),
                faults.other_params("swapped", "Rates are assigned in reverse.", rates=lambda r: tuple(reversed(r)))),
    ),
)  # fmt: skip
