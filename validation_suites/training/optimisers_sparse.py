"""Optimisers on sparse gradients: rows with entries move, the others and their averages stay; entries of one row add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.adaptive_rules import adagrad
from csvkit_ml.references.optimiser_rules import sgd
from csvkit_ml.references.row_rules import masked_adam, where_touched
from csvkit_ml.references.running_error import ARITHMETIC, Rounded
from csvkit_ml.references.trajectories import Hyper, Rule, State, expected_trajectory, trajectory
from validation_suites import faults
from validation_suites.sampling import pairwise, tensor
from validation_suites.training.optimisers import ACCUMULATED, ADAM, SGD
from validation_suites.training.optimisers_adaptive import ADAGRAD

SPARSE_ADAM: Mapping[str, Json] = {k: ADAM[k] for k in ("betas", "eps", "maximize")}
PLAIN_SGD: Mapping[str, Json] = {**SGD, "momentum": 0.0}


def _samples(id: str, plain: Mapping[str, Json], varied: Mapping[str, Sequence[Any]]) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        """Parameters [rows, d], indices [steps, k] with repetitions, values [steps, k, d]."""
        rows = pairwise({"dtype": ("float32", "float64"), "rows": (9, 40), "d": (5, 1), "entries": (6, 1, 20), **varied})
        for i, row in enumerate(rows):
            name = f"{row['dtype']}-rows{row['rows']}-d{row['d']}-entries{row['entries']}-{i}"
            random = seed_for("sparse", id, name)
            index = random.integers(0, row["rows"], (30, row["entries"]))
            p, values = random.standard_normal((row["rows"], row["d"])), random.standard_normal((30, row["entries"], row["d"]))
            how = params(**{**plain, **{k: row[k] for k in varied}}, cuts=(), groups=(0,), lrs=(0.05,), missing=0)
            inputs = (tensor(p, row["dtype"]), Tensor.of(index, "int64"), tensor(values, row["dtype"]))
            yield Sample(name=name, dtype=row["dtype"], inputs=inputs, params=how, why=SampleClass.COVERING if i else SampleClass.ORDINARY)

    return samples


def _collected(sample: Sample, entries: Array, *, last_only: bool = False) -> Array:
    """Entries [steps, k, d] in their places [steps, rows, d], in extended precision: those of one row added, or the last one alone."""
    p, index, _ = sample.arrays()
    g = np.zeros((len(index), *p.shape), dtype=np.longdouble)
    for step, rows in enumerate(index):
        if last_only:
            g[step, rows] = entries[step]
        else:
            np.add.at(g[step], rows, entries[step].astype(np.longdouble))
    return g


def _dense(sample: Sample, **how: bool) -> Sample:
    """The sample with dense gradients [steps, rows, d]."""
    return replace(sample, inputs=(sample.inputs[0], Tensor.of(_collected(sample, sample.arrays()[2], **how).astype(np.float64))))


def _touched(sample: Sample) -> Callable[[int], Array]:
    p, index, _ = sample.arrays()
    return lambda t: np.isin(np.arange(len(p)), index[t - 1])[:, None]


def _expected(rule: Rule, sample: Sample) -> tuple[Expected, ...]:
    """Adding the entries of a row is part of the step: each sum has an error of (entries - 1) u of the magnitudes."""
    values, by = sample.arrays()[2], ARITHMETIC[sample.dtype]
    g, size, count = (_collected(sample, x) for x in (values, np.abs(values), np.ones_like(values)))
    error = by.u * np.maximum(count - 1, 0) * size

    def summed(s: State, p: Any, _: Any, t: int, h: Hyper) -> Any:
        return rule(s, p, Rounded(g[t - 1], error[t - 1], by), t, h)

    return expected_trajectory(where_touched(summed, _touched(sample)), _dense(sample))


def _sparse(id: str, name: str, rule: Rule, samples: Callable[[], Iterable[Sample]], source: str, *more: Fault) -> Function:
    def everywhere(sample: Sample) -> tuple[Array, ...]:
        """Averages decay and parameters move in rows without entries as well."""
        return trajectory(rule, _dense(sample))

    def repeated_lost(sample: Sample) -> tuple[Array, ...] | None:
        _, index, _ = sample.arrays()
        repeated = any(len(set(row)) < len(row) for row in index.tolist())
        return trajectory(where_touched(rule, _touched(sample)), _dense(sample, last_only=True)) if repeated else None

    def late(sample: Sample) -> tuple[Array, ...]:
        """Every step takes the entries of the step before."""
        _, index, values = sample.arrays()
        back = [0, *range(len(index) - 1)]
        before = replace(sample, inputs=(sample.inputs[0], Tensor.of(index[back], sample.inputs[1].dtype), Tensor.of(values[back], sample.inputs[2].dtype)))
        return trajectory(where_touched(rule, _touched(before)), _dense(before))

    dense = () if rule in (sgd, adagrad) else (faults.computed("rows-untouched-move", "Rows without entries are stepped as well.", everywhere),)
    return Function(
        id=id, side=Side.TRAINING, area="optimisers",
        requirement=f"The library shall step the rows that a sparse gradient has entries in by {name}, and leave the others and their averages as they are.",
        source=source, oracle="independent implementation of the formula in extended precision (2^-64)", samples=samples,
        reference=lambda sample: _expected(rule, sample), criterion=ACCUMULATED,
        faults=(faults.relative(1e-3), faults.stale(), faults.one_element(), *dense,
                faults.computed("stale-gradient", "Every step uses the gradients of the step before.", late),
                faults.computed("repetitions-lost", "Of several entries in a row the last one wins.", repeated_lost), *more),
    )  # fmt: skip


MAXIMISED = faults.other_params("minimised", "Maximising is ignored.", maximize=False)

FUNCTIONS: tuple[Function, ...] = (
    _sparse("sparse_adam", "Adam", masked_adam, _samples("sparse_adam", SPARSE_ADAM, {"betas": ((0.9, 0.999), (0.5, 0.9)), "maximize": (False, True)}),
            "Kingma and Ba 2015, section 2; PyTorch documentation, torch.optim.SparseAdam", MAXIMISED,
            faults.other_params("other-beta", "b2 is off.", betas=lambda b: (b[0], b[1] - 0.01))),
    _sparse("sgd_sparse", "stochastic gradient descent", sgd, _samples("sgd_sparse", PLAIN_SGD, {"maximize": (False, True)}),
            "PyTorch documentation, torch.optim.SGD, sparse gradients", MAXIMISED),
    _sparse("adagrad_sparse", "Adagrad", adagrad, _samples("adagrad_sparse", ADAGRAD, {"lr_decay": (0.0, 0.1), "maximize": (False, True)}),
            "Duchi, Hazan, Singer 2011; PyTorch documentation, torch.optim.Adagrad, sparse gradients", MAXIMISED,
            faults.other_params("rate-kept", "The rate does not decay.", lr_decay=0.0)),
)  # fmt: skip
