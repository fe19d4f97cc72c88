"""Losses: mean squared error, cross entropy, binary cross entropy with logits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise, Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.logits import LOG_SOFTMAX_RATIONALE, log_softmax
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, uniform

DTYPES = ("float32", "float64")
REDUCTIONS = ("mean", "sum", "none")
IGNORED = -100
SOURCE = "PyTorch documentation, torch.nn"


def reduced(loss: Any, scale: Any, reduction: str, weight: Any) -> tuple[Any, Any, int]:
    """(loss, scale, rounded terms) after a reduction; the mean is divided by the sum of `weight`."""
    if reduction == "none":
        return loss, scale, 1
    total = weight.sum() if reduction == "mean" else np.longdouble(1)
    return loss.sum() / total, scale.sum() / total, int(loss.size)


def _mse_samples() -> Iterable[Sample]:
    rows = pairwise({"dtype": DTYPES, "reduction": REDUCTIONS, "shape": ((4, 33), (7,), (2, 3, 5, 16))})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{r['reduction']}-{'x'.join(map(str, r['shape']))}"
        x, t = (normal(r["dtype"], r["shape"], "mse", part, name) for part in "xt")
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=(x, t), params=params(reduction=r["reduction"]), why=why)
    for n in (1, 15, 16, 17, 40_000):
        x, t = (normal("float32", (n,), "mse", part, str(n)) for part in "xt")
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(x, t), params=params(reduction="mean"), why=SampleClass.EDGE)
    for dtype in DTYPES:
        t = normal(dtype, (3, 65), "mse", "near", dtype, offset=100.0)
        near = Tensor.of(t.array() * (1 + 2.0**-18), dtype)
        yield Sample(name=f"{dtype}-near", dtype=dtype, inputs=(near, t), params=params(reduction="mean"), why=SampleClass.CONDITIONED)
        nan = Tensor.of(np.where(np.arange(65) == 3, np.nan, t.array()[:1]), dtype)
        yield Sample(name=f"{dtype}-nan", dtype=dtype, inputs=(nan, nan), params=params(reduction="none"), why=SampleClass.SPECIAL)


def _mse(sample: Sample) -> tuple[Expected, ...]:
    """Three roundings an element (difference, square, division by n), then the sum."""
    x, t = map(extended, sample.arrays())
    loss = (x - t) ** 2
    value, scale, n = reduced(loss, np.nan_to_num(loss), sample.param("reduction"), np.ones(loss.shape, dtype=np.longdouble))
    return (expected_extended(value, dtype=sample.dtype, radius=(n + 4) * U * scale, scale=scale, terms=n + 3),)


def _cross_entropy_samples() -> Iterable[Sample]:
    rows = pairwise(
        {
            "dtype": DTYPES, "reduction": REDUCTIONS, "weighted": (False, True), "label_smoothing": (0.0, 0.1),
            "ignored": (False, True), "shape": ((9, 17), (3, 10, 4), (2, 5, 3, 4)),
        }
    )  # fmt: skip
    for i, r in enumerate(rows):
        flags = "".join(f"-{n}" for n in ("weighted", "ignored") if r[n]) + (f"-smooth{r['label_smoothing']}" if r["label_smoothing"] else "")
        name = f"{r['dtype']}-{r['reduction']}-{'x'.join(map(str, r['shape']))}{flags}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield cross_entropy_sample(name, r["dtype"], r["shape"], why=why, **{k: r[k] for k in ("reduction", "weighted", "label_smoothing", "ignored")})
    for dtype in DTYPES:
        for how, scale, offset in (("extreme", 40.0, 0.0), ("offset", 1.0, 1e4), ("flat", 0.0, 3.0)):
            yield cross_entropy_sample(f"{dtype}-{how}", dtype, (8, 33), scale=scale, offset=offset, why=SampleClass.CONDITIONED)
    for n in (1, 2, 16, 257, 5000):
        yield cross_entropy_sample(f"float32-c{n}", "float32", (4, n), why=SampleClass.EDGE)


def cross_entropy_sample(
    name: str, dtype: str, shape: tuple[int, ...], *, reduction: str = "mean", weighted: bool = False, label_smoothing: float = 0.0,
    ignored: bool = False, scale: float = 3.0, offset: float = 0.0, why: SampleClass,
) -> Sample:  # fmt: skip
    """Logits [N, C, ...], class indices [N, ...], class weights [C]."""
    random = seed_for("cross entropy", name)
    target = random.integers(0, shape[1], (shape[0], *shape[2:]))
    if ignored:
        target.reshape(-1)[:: max(2, target.size // 3)] = IGNORED
    x = normal(dtype, shape, "cross entropy", name, scale=scale, offset=offset)
    weight = uniform(dtype, (shape[1],), "cross entropy", name, low=0.25, high=2.0)
    p = params(reduction=reduction, label_smoothing=label_smoothing, weighted=weighted)
    return Sample(name=name, dtype=dtype, inputs=(x, Tensor.of(target, "int64"), weight), params=p, why=why)


def cross_entropy_parts(sample: Sample) -> tuple[Any, Any, Any, Any, Any]:
    """(log p, its error in u, one-hot targets [N, C, ...], class weights, which targets count), classes on axis 1."""
    x, target, weight = sample.arrays()
    lp, error = log_softmax(extended(x), axis=1)
    counts = target != IGNORED
    hot = np.expand_dims(np.where(counts, target, 0), 1) == np.arange(x.shape[1]).reshape(-1, *[1] * (x.ndim - 2))
    w = extended(weight if sample.param("weighted") else np.ones_like(weight)).reshape(-1, *[1] * (x.ndim - 2))
    return lp, error, hot.astype(np.longdouble), w, counts


def _cross_entropy(sample: Sample) -> tuple[Expected, ...]:
    """(1 - s) w_t (-log p_t) + s / C sum_c w_c (-log p_c); the mean is divided by the sum of w_t over the targets that count."""
    lp, error, hot, w, counts = cross_entropy_parts(sample)
    s = extended(np.float64(sample.param("label_smoothing")))
    share = ((1 - s) * hot + s / lp.shape[1]) * w * np.expand_dims(counts, 1)
    loss = -(share * lp).sum(axis=1) + 0.0
    own = (share * (error + 6 * np.abs(lp))).sum(axis=1)
    spread = 0 if s == 0 else min(lp.shape[1], 6 * np.sqrt(lp.shape[1])) * (share * np.abs(lp)).sum(axis=1)
    total = (hot * w).sum(axis=1) * counts
    value, scale, n = reduced(loss, own + spread, sample.param("reduction"), total)
    scale = scale + 2 * min(n, 6 * np.sqrt(n)) * np.abs(value)
    return (expected_extended(value, dtype=sample.dtype, radius=(n + lp.shape[1] + 40) * U * scale, scale=scale, any_sign_of_zero=True),)


def _bce_samples() -> Iterable[Sample]:
    rows = pairwise({"dtype": DTYPES, "reduction": REDUCTIONS, "weighted": (False, True), "positive": (False, True), "shape": ((4, 33), (17,))})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{r['reduction']}-{'x'.join(map(str, r['shape']))}{'-weighted' * r['weighted']}{'-positive' * r['positive']}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _bce_sample(name, r["dtype"], r["shape"], r["reduction"], r["weighted"], r["positive"], why=why)
    for dtype in DTYPES:
        yield _bce_sample(f"{dtype}-extreme", dtype, (8, 33), "none", False, True, scale=200.0, why=SampleClass.CONDITIONED)
        yield _bce_sample(f"{dtype}-tiny", dtype, (8, 33), "mean", False, False, scale=1e-6, why=SampleClass.CONDITIONED)


def _bce_sample(
    name: str, dtype: str, shape: tuple[int, ...], reduction: str, weighted: bool, positive: bool, *, scale: float = 3.0, why: SampleClass
) -> Sample:
    x, t = normal(dtype, shape, "bce", name, scale=scale), uniform(dtype, shape, "bce", name, low=0.0, high=1.0)
    w, pw = (uniform(dtype, shape[-1:], "bce", part, name, low=0.25, high=2.0) for part in ("w", "pw"))
    return Sample(name=name, dtype=dtype, inputs=(x, t, w, pw), params=params(reduction=reduction, weighted=weighted, positive=positive), why=why)


def _bce(sample: Sample) -> tuple[Expected, ...]:
    """w [(1 - t) x + (1 + (p - 1) t) softplus(-x)]; seven roundings on the sum of magnitudes."""
    x, t, w, p = map(extended, sample.arrays())
    w, p = (v if sample.param(n) else np.ones_like(v) for v, n in ((w, "weighted"), (p, "positive")))
    soft = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)
    loss = w * ((1 - t) * x + (1 + (p - 1) * t) * soft)
    magnitude = w * (np.abs((1 - t) * x) + (1 + np.abs(p - 1) * t) * (np.log1p(np.exp(-np.abs(x))) + np.abs(x)))
    value, scale, n = reduced(loss, magnitude, sample.param("reduction"), np.ones(loss.shape, dtype=np.longdouble))
    return (expected_extended(value, dtype=sample.dtype, radius=(n + 20) * U * scale, scale=scale, terms=n + 8, any_sign_of_zero=True),)


def _unstable(sample: Sample) -> Any:
    """log(sum(exp(x))) without the maximum taken out, in the sample's own format."""
    x, target, _ = sample.arrays()
    if x.ndim != 2 or sample.param("reduction") != "mean" or sample.param("label_smoothing") or sample.param("weighted") or (target < 0).any():
        return None
    return np.mean(np.log(np.exp(x).sum(axis=1)) - np.take_along_axis(x, target[:, None], axis=1)[:, 0])


def _ignored_counted(sample: Sample) -> Any:
    x, target, _ = sample.arrays()
    if sample.param("reduction") != "mean" or sample.param("weighted") or not (target == IGNORED).any():
        return None
    return _cross_entropy(sample)[0].value * (target != IGNORED).sum() / target.size


COMMON = (faults.relative(1e-4), faults.one_element(), faults.stale(), faults.TF32_INPUTS)

FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="mse_loss", side=Side.TRAINING, area="losses", requirement="The library shall return the mean (or sum, or each) of (x - t)^2.",
        source=f"{SOURCE}, MSELoss", oracle="extended precision (2^-64)", samples=_mse_samples, reference=_mse, criterion=Componentwise(),
        faults=(*COMMON, faults.nan_lost(), faults.other_params("sum-for-mean", "The sum is not divided by n.",
                reduction=lambda r: "sum" if r == "mean" else r)),
    ),
    Function(
        id="cross_entropy", side=Side.TRAINING, area="losses",
        requirement="The library shall return the cross entropy of softmax(x) and class targets, weighted, smoothed and reduced as asked.",
        source=f"{SOURCE}, CrossEntropyLoss; Szegedy et al. 2016 (label smoothing)", oracle="extended precision (2^-64)",
        samples=_cross_entropy_samples, reference=_cross_entropy,
        criterion=Scaled(c=2.0, c_hard=16.0, scale="sum of shares (|x - max| + log s + E|x - max| + sqrt(C)) + sqrt(n) |loss|",
                         rationale=LOG_SOFTMAX_RATIONALE, literature="Blanchard, Higham, Higham 2021; Higham and Mary 2019"),
        faults=(*COMMON, faults.other_params("smoothing-ignored", "Label smoothing is ignored.", label_smoothing=0.0),
                faults.other_params("weight-ignored", "Class weights are ignored.", weighted=False),
                faults.other_params("sum-for-mean", "The sum is not divided.", reduction=lambda r: "sum" if r == "mean" else r),
                faults.computed("no-shift", "The maximum is not taken out of the exponent.", _unstable),
                faults.computed("ignored-counted", "Ignored targets count in the mean's divisor.", _ignored_counted)),
    ),
    Function(
        id="bce_with_logits", side=Side.TRAINING, area="losses",
        requirement="The library shall return the binary cross entropy of sigmoid(x) and targets, weighted and reduced as asked.",
        source=f"{SOURCE}, BCEWithLogitsLoss", oracle="extended precision (2^-64)", samples=_bce_samples, reference=_bce,
        criterion=Componentwise(),
        faults=(*COMMON, faults.other_params("weight-ignored", "Weights are ignored.", weighted=False),
                faults.other_params("positive-ignored", "The weight of positives is ignored.", positive=False),
                faults.other_params("sum-for-mean", "The sum is not divided by n.", reduction=lambda r: "sum" if r == "mean" else r)),
    ),
)  # fmt: skip
