"""Layers in other dress: dropout between recurrent layers, synchronised and lazy norms, padding with zeros, optimisers that ask for a graph."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Exact, Goodness
from csvkit_ml.criteria.joint import Each
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import extended
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.sampling import positive, uniform
from validation_suites.training.randomness import draw

CELLS = ("relu", "lstm", "gru")
STEPS, ROWS, WIDTH = 5, 24, 32
RATES = (0.5, 0.1, 0.9)
SOURCE = "PyTorch documentation, torch.nn.RNN, LSTM and GRU (dropout); Zaremba, Sutskever and Vinyals 2014"


def _recurrent_samples() -> Iterable[Sample]:
    """x [steps, rows, width], positive."""
    for i, (kind, p, dtype) in enumerate(itertools.product(CELLS, RATES, ("float32", "float64"))):
        name = f"{dtype}-{kind}-p{p:g}"
        x = positive(dtype, (STEPS, ROWS, WIDTH), "recurrent dropout", name)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=dtype, inputs=(x,), params=params(kind=kind, p=p, seed=90 + i), why=why)


def layer(kind: str, x: Any) -> Any:
    """A layer whose weights are the identity, whose gates are open and whose memory is closed."""
    return {"relu": lambda: np.maximum(x, 0), "lstm": lambda: np.tanh(np.tanh(x)), "gru": lambda: np.tanh(x)}[kind]()


def _outputs(sample: Sample) -> tuple[Array, Array, Array]:
    """(both layers with what is kept between them, both layers alone, allowance of either)."""
    x, kind = extended(sample.arrays()[0]), sample.param("kind")
    first = layer(kind, x)
    kept = layer(kind, first / (1 - extended(np.float64(sample.param("p"))))).astype(np.float64)
    alone = layer(kind, first).astype(np.float64)
    return kept, alone, 32 * FORMATS[sample.dtype].u * np.abs(kept)


def _expected(sample: Sample, mask: Array) -> tuple[Expected, ...]:
    kept, _, slack = _outputs(sample)
    first = Expected(name="y", dtype=sample.dtype, value=np.where(mask, kept, 0.0), extra={"kept": kept, "slack": slack})
    return (first, Expected(name="y1", dtype="bool", value=yes(True, True)))


def _mask(sample: Sample, keep: float) -> Array:
    return np.asarray(draw(sample).random(sample.inputs[0].shape) < keep)


def _recurrent(sample: Sample) -> tuple[Expected, ...]:
    """(training: each value kept or 0; [evaluation as without dropout, no step has the first step's mask])."""
    return _expected(sample, _mask(sample, 1 - float(sample.param("p"))))


def _judged(sample: Sample) -> Criterion:
    return Each(criteria=(Goodness(distribution="masked", arguments=(1 - float(sample.param("p")),)), Exact()))


def _answers(id: str, sentence: str, change: Any, anew: bool = True) -> Fault:
    """Another first output; the second as it is, or without the answer that masks differ."""
    return faults.computed(id, sentence, lambda sample: (change(sample), yes(True, anew)))


def _locked(sample: Sample) -> Array:
    """One mask for all steps."""
    kept, *_ = _outputs(sample)
    return np.asarray(kept * _mask(sample, 1 - float(sample.param("p")))[:1])


def _after_last(sample: Sample) -> Array:
    """Dropout after the last layer, too."""
    kept, *_ = _outputs(sample)
    keep = 1 - float(sample.param("p"))
    first, second = draw(sample).random((2, *kept.shape)) < keep
    return np.asarray(kept * first * second / keep)


def _still_on(_: Function, __: Sample, results: Results) -> Results:
    return (results[0], ~results[1])


def _norm_cases() -> Iterable[Sample]:
    """(weight, bias, running mean, running variance, x); three, four and five axes."""
    for i, (shape, affine, momentum) in enumerate(itertools.product(((6, 5), (4, 3, 7), (2, 4, 3, 3), (2, 3, 2, 3, 2)), (True, False), (0.25, None))):
        made = [uniform("float32", (shape[1],), "synchronised", str(i), str(k), low=0.25, high=2.0) for k in range(4)]
        x = uniform("float32", shape, "synchronised x", str(i))
        yield case(
            f"{'x'.join(map(str, shape))}{'-affine' * affine}-{'cumulative' if momentum is None else 'decaying'}", *made, x, dtype="float32",
            affine=affine, momentum=momentum, eps=1e-3, counted=i,
        )  # fmt: skip


def _converted(sample: Sample) -> tuple[Any, ...]:
    """(weight, bias, mean, variance, batches counted; [of that class, settings kept, training alike, statistics alike, evaluation alike])."""
    w, b, mean, var = (a.astype(np.float64) for a in sample.arrays()[:4])
    ones = (np.ones_like(w), np.zeros_like(b)) if not sample.param("affine") else (w, b)
    return (*ones, mean, var, np.array([sample.param("counted")]), yes(*[True] * 5))


def _fresh_statistics(sample: Sample) -> tuple[Any, ...]:
    made = _converted(sample)
    return (*made[:2], 0 * made[2], 0 * made[3] + 1, 0 * made[4], made[5])


def _lazy_cases() -> Iterable[Sample]:
    """(x, weight, bias) of norms that give exact results: values of +-3 and an eps of 7, so that the deviation is 4."""
    for kind, axes in itertools.product(("batch", "instance"), (1, 2, 3)):
        for c in (1, 5):
            sign = np.resize([1.0, -1.0, -1.0, 1.0], (4, c, *[4, 2, 2][:axes]))
            signs = np.where(np.indices(sign.shape).sum(0) % 2, -3.0, 3.0)
            w, b = np.arange(1, c + 1) * 4.0, np.arange(c) - 2.0
            yield case(f"{kind}{axes}d-c{c}", *(Tensor.of(a, "float32") for a in (signs, w, b)), dtype="float32", kind=kind, axes=axes, eps=7.0)


def _lazy(sample: Sample, *, scaled: bool = True) -> tuple[Any, ...]:
    """(y, number of channels; [lazy before, ordinary after])."""
    x, w, b = (a.astype(np.float64) for a in sample.arrays())
    along = (-1, *[1] * sample.param("axes"))
    y = x / 4 * (w.reshape(along) if scaled else 1) + b.reshape(along)
    return y, np.array([w.size]), yes(True, True)


def _padding_cases() -> Iterable[Sample]:
    for axes, pads in itertools.product((1, 2, 3), ((1, 2), (0, 3), (-1, 2), (2, 2))):
        x = uniform("float32", (2, 3, *[4, 5, 3][:axes]), "zero padding", str(axes), str(pads))
        every = tuple(v for k in range(axes) for v in (pads if k % 2 == 0 else pads[::-1]))
        yield case(f"{axes}d-{pads[0]}_{pads[1]}", x, dtype="float32", axes=axes, pads=every)


def padded(sample: Sample, value: float = 0.0, turned: bool = False) -> Array:
    """Pairs of (before, after), last axis first; a negative one cuts."""
    x, pads = sample.arrays()[0].astype(np.float64), sample.param("pads")
    for k, axis in enumerate(range(x.ndim - 1, x.ndim - 1 - sample.param("axes"), -1)):
        before, after = pads[2 * k : 2 * k + 2][:: -1 if turned else 1]
        width = [(0, 0)] * x.ndim
        width[axis] = (max(before, 0), max(after, 0))
        cut = [slice(None)] * x.ndim
        cut[axis] = slice(max(-before, 0), x.shape[axis] - max(-after, 0))
        x = np.pad(x[tuple(cut)], width, constant_values=value)
    return x


GRAPHED = ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adadelta", "ASGD", "Rprop")


def _graphed_cases() -> Iterable[Sample]:
    for name, foreach in itertools.product(GRAPHED, (False, True)):
        made = (uniform("float32", (5,), "graphed", name, k) for k in ("p", "g"))
        yield case(f"{name.lower()}-{'foreach' if foreach else 'loop'}", *made, dtype="float32", optimiser=name, foreach=foreach)


def _moved(sample: Sample) -> tuple[Any, ...]:
    p, g = (a.astype(np.float64) for a in sample.arrays())
    return p - 0.125 * g, yes(True)


ROWS_OF = (
    Guarantee(
        id="synchronised_batch_norm", area="normalisation", source="Ioffe and Szegedy 2015; PyTorch documentation, torch.nn.SyncBatchNorm",
        cases=_norm_cases, truth=_converted,
        requirement="The library shall turn batch norms into synchronised ones that keep parameters and statistics, and are the same in one process.",
        faults=(wrong("statistics-fresh", "The statistics begin anew.", _fresh_statistics), denied("other-class", "The layer is left as it is.", 5),
                denied("training-differs", "Training gives another result.", 5, 2), denied("evaluation-differs", "Evaluation does.", 5, 4),
                faults.stale()),
    ),
    Guarantee(
        id="lazy_normalisation", area="normalisation", source="PyTorch documentation, torch.nn.LazyBatchNorm1d and its kin", cases=_lazy_cases, truth=_lazy,
        requirement="The library shall give a lazy norm the number of channels of its first batch, and make it the ordinary layer.",
        faults=(wrong("unscaled", "The weights are left out.", lambda s: _lazy(s, scaled=False)), denied("still-lazy", "The layer stays lazy.", 2, 1),
                faults.stale(), faults.relative(1e-4)),
    ),
    Guarantee(
        id="zero_padding", area="shape", source="PyTorch documentation, torch.nn.ZeroPad1d, 2d, 3d", cases=_padding_cases, truth=lambda s: (padded(s),),
        requirement="The library shall pad with zeros before and after, axis by axis from the last, and cut where a width is negative.", side=Side.BOTH,
        faults=(wrong("ones", "Ones are put there.", lambda s: (padded(s, 1.0),)), faults.rolled(), faults.stale(),
                faults.computed("ends-exchanged", "Before and after are exchanged.",
                                lambda s: None if s.param("pads")[0] == s.param("pads")[1] else padded(s, turned=True))),
    ),
    Guarantee(
        id="capturable_refused", area="optimisers", source="PyTorch documentation, torch.optim, `capturable`", cases=_graphed_cases,
        truth=lambda s: (s.arrays()[0].astype(np.float64), yes(True)),
        requirement="The library shall refuse steps for a device's graph where parameters are not on such a device, and leave the parameters as they are.",
        faults=(wrong("moved", "The parameters have moved when it refuses.", _moved), denied("taken", "The step is taken.", 1), faults.stale()),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="recurrent_dropout", side=Side.TRAINING, area="randomness", source=SOURCE, oracle="the distribution; kept values in extended precision",
        requirement="The library shall zero what passes from one recurrent layer to the next, at every step anew, and not after the last nor in evaluation.",
        samples=_recurrent_samples, reference=_recurrent, criterion=_judged,
        faults=(
            _answers("never-dropped", "Nothing is dropped.", lambda s: _outputs(s)[0], anew=False),
            _answers("one-mask", "One mask serves all steps.", _locked, anew=False),
            _answers("after-the-last", "What leaves the last layer is dropped, too.", _after_last),
            _answers("unscaled", "What is kept is not divided by 1 - p.", lambda s: _outputs(s)[1] * _mask(s, 1 - float(s.param("p")))),
            Fault(id="in-evaluation", sentence="It drops in evaluation.", apply=_still_on),
        ),
    ),
    *(r.function() for r in ROWS_OF),
)  # fmt: skip
