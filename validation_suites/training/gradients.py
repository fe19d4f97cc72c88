"""Gradients as vector-Jacobian products from analytic derivatives, never from differences.

Every sample's first inputs are the function's operands, the last one is the upstream gradient g; the outputs are the gradients of the
differentiable operands in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Componentwise, Scaled
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.logits import LOG_SOFTMAX_RATIONALE, log_softmax
from csvkit_ml.references.windows import conv2d_gradients
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, special
from validation_suites.training.losses import cross_entropy_parts, cross_entropy_sample

DTYPES = ("float32", "float64")
GRADIENT = "PyTorch documentation, torch.autograd; derivative by hand"


def _operands(id: str, dtype: str, name: str, shapes: Sequence[tuple[int, ...]], scale: float = 1.0) -> tuple[Tensor, ...]:
    return tuple(normal(dtype, shape, id, name, str(i), scale=scale) for i, shape in enumerate(shapes))


def _roots(n: int) -> float:
    """Probabilistic growth of a sum of n terms in u: min(n, 6 sqrt(n))."""
    return float(min(n, 6 * np.sqrt(n)))


def _flushed(dtype: str) -> float:
    """Smallest normal number in units of u: what a factor loses that underflows."""
    return FORMATS[dtype].eta / FORMATS[dtype].u


def _tanh_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=_operands("grad_tanh", dtype, "ordinary", [(4, 257)] * 2))
        for n in (1, 7, 16, 17, 33, 65):
            yield Sample(name=f"{dtype}-n{n}", dtype=dtype, inputs=_operands("grad_tanh", dtype, str(n), [(n,)] * 2), why=SampleClass.EDGE)
        far = Tensor.of(np.linspace(-30, 30, 1021), dtype)
        ones = Tensor.of(np.ones(1021), dtype)
        yield Sample(name=f"{dtype}-sweep", dtype=dtype, inputs=(far, ones), why=SampleClass.CONDITIONED)
        edge = Tensor.of(special(dtype), dtype)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(edge, Tensor.of(np.ones(edge.shape), dtype)), why=SampleClass.SPECIAL)
    yield Sample(name="float32-n40000", dtype="float32", inputs=_operands("grad_tanh", "float32", "large", [(40_000,)] * 2), why=SampleClass.EDGE)


def _tanh(sample: Sample) -> tuple[Expected, ...]:
    """g (1 - tanh(x)^2) = g / cosh(x)^2; judged absolutely on |g|: the difference cancels in the tails."""
    x, g = map(extended, sample.arrays())
    with np.errstate(over="ignore", invalid="ignore"):
        value = g / np.cosh(x) ** 2
    scale = np.nan_to_num(np.abs(g) + 0 * np.nan_to_num(x))
    return (expected_extended(value, dtype=sample.dtype, radius=12 * U * np.nan_to_num(np.abs(value)), scale=scale, any_sign_of_zero=True),)


def _softmax_samples() -> Iterable[Sample]:
    rows = pairwise({"dtype": DTYPES, "axis": (-1, 0, 1), "shape": ((5, 9, 17), (16, 33, 8)), "scale": (1.0, 20.0)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-axis{r['axis']}-{r['shape'][-1]}-scale{r['scale']:g}"
        x, g = _operands("grad_softmax", r["dtype"], name, [r["shape"]] * 2, r["scale"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=(x, g), params=params(axis=r["axis"]), why=why)
    for n in (1, 2, 16, 257, 5000):
        x, g = _operands("grad_softmax", "float32", str(n), [(3, n)] * 2)
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(x, g), params=params(axis=-1), why=SampleClass.EDGE)
    for dtype in DTYPES:
        x, g = normal(dtype, (4, 33), "grad_softmax", "offset", offset=1e3), normal(dtype, (4, 33), "grad_softmax", "offset g")
        yield Sample(name=f"{dtype}-offset", dtype=dtype, inputs=(x, g), params=params(axis=-1), why=SampleClass.CONDITIONED)


def _softmax(sample: Sample) -> tuple[Expected, ...]:
    """p (g - sum(g p)); errors of p are relative, those of the sum sqrt(n) u, and a p below the smallest normal may be lost."""
    (x, g), axis = map(extended, sample.arrays()), int(sample.param("axis"))
    lp, error = log_softmax(x, axis=axis)
    p = np.exp(lp)
    inner = (g * p).sum(axis=axis, keepdims=True)
    mass = (np.abs(g) * p).sum(axis=axis, keepdims=True)
    scale = p * ((np.abs(g) + mass) * (error + 3) + (np.abs(g) * p * error).sum(axis=axis, keepdims=True) + _roots(x.shape[axis]) * mass)
    radius = U * (x.shape[axis] + 20) * scale
    scale = scale + _flushed(sample.dtype) * (np.abs(g) + mass)
    return (expected_extended(p * (g - inner), dtype=sample.dtype, radius=radius, scale=scale, any_sign_of_zero=True),)


def _matmul_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        for m, k, n in ((7, 33, 9), (16, 16, 16), (16, 64, 16), (1, 17, 1), (33, 16, 65), (1, 1, 1), (20, 257, 3)):
            inputs = _operands("grad_matmul", dtype, f"{m},{k},{n}", [(m, k), (k, n), (m, n)])
            why = SampleClass.ORDINARY if m == 7 else SampleClass.EDGE
            yield Sample(name=f"{dtype}-{m}x{k}x{n}", dtype=dtype, inputs=inputs, why=why)
        batch = _operands("grad_matmul", dtype, "batch", [(3, 5, 16), (3, 16, 9), (3, 5, 9)])
        yield Sample(name=f"{dtype}-batch", dtype=dtype, inputs=batch, why=SampleClass.COVERING)


def _matmul(sample: Sample) -> tuple[Expected, ...]:
    """(g B^T, A^T g)."""
    a, b, g = map(extended, sample.arrays())
    pairs = ((g, np.swapaxes(b, -1, -2)), (np.swapaxes(a, -1, -2), g))
    return tuple(_product(sample.dtype, i, left @ right, np.abs(left) @ np.abs(right), left.shape[-1]) for i, (left, right) in enumerate(pairs))


def _product(dtype: str, place: int, value: Any, scale: Any, terms: int) -> Expected:
    name = f"y{place}" if place else "y"
    return expected_extended(value, dtype=dtype, name=name, radius=(terms + 2) * U * scale, scale=scale, terms=terms, any_sign_of_zero=True)


def _conv2d_samples() -> Iterable[Sample]:
    rows = pairwise(
        {
            "dtype": DTYPES, "stride": ((1, 1), (2, 1), (2, 3)), "padding": ((0, 0), (1, 2)), "dilation": ((1, 1), (2, 1)), "groups": (1, 2, 4),
            "kernel": ((3, 3), (1, 1), (2, 3)), "bias": (True, False),
        }
    )  # fmt: skip
    for i, r in enumerate(rows):
        name = "-".join([r["dtype"], f"k{r['kernel'][0]}{r['kernel'][1]}", f"s{r['stride'][0]}{r['stride'][1]}", f"p{r['padding'][0]}",
                         f"d{r['dilation'][0]}", f"g{r['groups']}", "bias" if r["bias"] else "plain"])  # fmt: skip
        shape = [(2, 4, 11, 10), (8, 4 // r["groups"], *r["kernel"]), (8,)]
        size = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in
                zip((11, 10), r["padding"], r["dilation"], r["kernel"], r["stride"], strict=True)]  # fmt: skip
        inputs = _operands("grad_conv2d", r["dtype"], name, [*shape, (2, 8, *size)])
        p = params(**{n: r[n] for n in ("stride", "padding", "dilation", "groups", "bias")})
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=inputs, params=p, why=why)


def _conv2d(sample: Sample) -> tuple[Expected, ...]:
    """Gradients of input, weight and (where there is one) bias."""
    x, w, _, g = map(extended, sample.arrays())
    how = {n: sample.param(n) for n in ("stride", "padding", "dilation", "groups")}
    values, scales = conv2d_gradients(x, w, g, **how), conv2d_gradients(np.abs(x), np.abs(w), np.abs(g), **how)
    spots = g.size // g.shape[1]
    terms = (w.shape[0] // how["groups"] * w.shape[2] * w.shape[3], spots, spots)
    made = [_product(sample.dtype, i, v, s, n) for i, (v, s, n) in enumerate(zip(values, scales, terms, strict=True))]
    return tuple(made if sample.param("bias") else made[:2])


def _layer_norm_samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "shape": ((7, 33), (3, 5, 16), (2, 257)), "eps": (1e-5, 1e-3), "offset": (0.0, 30.0)})):
        name = f"{r['dtype']}-{'x'.join(map(str, r['shape']))}-eps{r['eps']:g}-offset{r['offset']:g}"
        x = normal(r["dtype"], r["shape"], "grad_layer_norm", name, offset=r["offset"])
        w, b, g = _operands("grad_layer_norm", r["dtype"], name, [r["shape"][-1:], r["shape"][-1:], r["shape"]])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=(x, w, b, g), params=params(eps=r["eps"]), why=why)


def _layer_norm(sample: Sample) -> tuple[Expected, ...]:
    """dx = (h - mean(h) - z mean(h z)) / sd with h = g w and z the normalised input; dw = sum g z; db = sum g.

    z carries u (|x| + mean|x|) / sd from the cancellation in x - mean, which every term inherits.
    """
    x, w, _, g = map(extended, sample.arrays())
    n, eps = x.shape[-1], extended(np.float64(sample.param("eps")))
    mean = x.mean(axis=-1, keepdims=True)
    sd = np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + eps)
    z, h = (x - mean) / sd, g * w
    dx = (h - h.mean(axis=-1, keepdims=True) - z * (h * z).mean(axis=-1, keepdims=True)) / sd
    loss = (np.abs(x) + np.abs(x).mean(axis=-1, keepdims=True)).max(axis=-1, keepdims=True) / sd
    growth = 4 + 2 * loss + _roots(n)
    size = np.abs(h) + np.abs(h).mean(axis=-1, keepdims=True) + (np.abs(z) + 1) * (np.abs(h) * (np.abs(z) + 1)).mean(axis=-1, keepdims=True)
    rows, outer = x.size // n, tuple(range(x.ndim - 1))
    scales = (size / sd * growth, (np.abs(g) * (np.abs(z) + 1) * (growth + _roots(rows))).sum(axis=outer), np.abs(g).sum(axis=outer) * _roots(rows))
    values = (dx, (g * z).sum(axis=outer), g.sum(axis=outer))
    return tuple(
        expected_extended(v, dtype=sample.dtype, name=f"y{i}" if i else "y", radius=(n + rows + 20) * U * s, scale=s, any_sign_of_zero=True)
        for i, (v, s) in enumerate(zip(values, scales, strict=True))
    )


def _cross_entropy_samples() -> Iterable[Sample]:
    rows = pairwise({"dtype": DTYPES, "reduction": ("mean", "sum"), "weighted": (False, True), "ignored": (False, True), "label_smoothing": (0.0, 0.1),
                     "shape": ((9, 17), (3, 10, 4))})  # fmt: skip
    for i, r in enumerate(rows):
        flags = "".join(f"-{n}" for n in ("weighted", "ignored") if r[n]) + "-smooth" * bool(r["label_smoothing"])
        name = f"{r['dtype']}-{r['reduction']}-{'x'.join(map(str, r['shape']))}{flags}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        how = {k: r[k] for k in ("reduction", "weighted", "label_smoothing", "ignored")}
        yield cross_entropy_sample(f"grad-{name}", r["dtype"], r["shape"], why=why, **how)
    for dtype in DTYPES:
        yield cross_entropy_sample(f"grad-{dtype}-extreme", dtype, (8, 33), scale=40.0, why=SampleClass.CONDITIONED)


def _cross_entropy(sample: Sample) -> tuple[Expected, ...]:
    """(p sum_c q_c w_c - q w) / sum of w_t, q the smoothed target; zero where the target is ignored."""
    lp, error, hot, w, counts = cross_entropy_parts(sample)
    s = extended(np.float64(sample.param("label_smoothing")))
    share = ((1 - s) * hot + s / lp.shape[1]) * w * np.expand_dims(counts, 1)
    total = (hot * w).sum(axis=1).flatten() @ counts.flatten() if sample.param("reduction") == "mean" else np.longdouble(1)
    mass = share.sum(axis=1, keepdims=True)
    value = (np.exp(lp) * mass - share) / total
    divisor = _roots(counts.size) if sample.param("reduction") == "mean" else 0.0
    scale = (np.exp(lp) * mass * (error + 4 + _roots(lp.shape[1])) + 6 * share) / total + divisor * np.abs(value)
    radius = (lp.shape[1] + 40) * U * scale
    scale = scale + _flushed(sample.dtype) * mass / total
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, any_sign_of_zero=True),)


def _mse_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        for reduction in ("mean", "sum"):
            for shape in ((4, 33), (1,), (40, 900)):
                name = f"{dtype}-{reduction}-{'x'.join(map(str, shape))}"
                inputs = _operands("grad_mse", dtype, name, [shape] * 2)
                why = SampleClass.ORDINARY if shape == (4, 33) else SampleClass.EDGE
                yield Sample(name=name, dtype=dtype, inputs=inputs, params=params(reduction=reduction), why=why)


def _mse(sample: Sample) -> tuple[Expected, ...]:
    """2 (x - t) / n: three roundings."""
    x, t = map(extended, sample.arrays())
    value = 2 * (x - t) / (x.size if sample.param("reduction") == "mean" else 1)
    return (_product(sample.dtype, 0, value, np.abs(value), 4),)


def _relu_of_upstream(sample: Sample) -> Any:
    """The upstream gradient passed on unchanged."""
    return sample.arrays()[-1] if sample.arrays()[0].shape == sample.arrays()[-1].shape else None


def _no_inner(sample: Sample) -> Any:
    x, g = map(extended, sample.arrays())
    return g * np.exp(log_softmax(x, axis=int(sample.param("axis")))[0])


def _scaled(scale: str, rationale: str, literature: str) -> Criterion:
    return Scaled(c=2.0, c_hard=16.0, scale=scale, rationale=rationale, literature=literature)


CANCELS = Scaled(
    c=13.0, c_hard=64.0, scale="|g|", literature="CRITERIA: gradients on the largest |f'|; Higham 2002, ch. 1",
    rationale="1 - y^2 from a y of 5 ulp carries 2|y| 5 u + 2 u absolutely; where it cancels no relative accuracy is to be had.",
)  # fmt: skip
COMMON = (faults.relative(1e-4, "gradient-off"), faults.one_element(), faults.stale(), faults.TF32_INPUTS)


def _gradient(
    id: str, of: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]], criterion: Criterion,
    *more: Any, source: str = GRADIENT,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.TRAINING, area="gradients", requirement=f"The library shall return the vector-Jacobian product of {of}.",
        source=source, oracle="analytic derivative in extended precision (2^-64)", samples=samples, reference=reference, criterion=criterion,
        faults=(*COMMON, *more),
    )  # fmt: skip


SUM_FOR_MEAN = faults.other_params("sum-for-mean", "1 / n of the mean is missing.", reduction=lambda r: "sum" if r == "mean" else r)

FUNCTIONS: tuple[Function, ...] = (
    _gradient("grad_tanh", "tanh", _tanh_samples, _tanh, CANCELS, faults.nan_lost(),
              faults.computed("upstream-passed-on", "The derivative is left out.", _relu_of_upstream)),
    _gradient("grad_softmax", "softmax", _softmax_samples, _softmax,
              _scaled("p [(|g| + sum|g|p)(e + 3) + sum|g|p e + sqrt(n) sum|g|p] + eta / u (|g| + sum|g|p), e the error of log softmax", LOG_SOFTMAX_RATIONALE,
                      "Blanchard, Higham, Higham 2021"),
              faults.computed("no-inner-product", "The sum of g p is not taken off.", _no_inner)),
    _gradient("grad_matmul", "the matrix product, for both factors", _matmul_samples, _matmul, Componentwise(), faults.transposed(), faults.rolled()),
    _gradient("grad_conv2d", "the 2-d convolution, for input, weight and bias", _conv2d_samples, _conv2d, Componentwise(), faults.rolled()),
    _gradient("grad_layer_norm", "layer normalisation, for input, weight and bias", _layer_norm_samples, _layer_norm,
              _scaled("(|h| + mean|h| + (|z| + 1) mean(|h|(|z| + 1))) / sd (4 + 2 max(|x| + mean|x|) / sd + sqrt(n))",
                      "Each normalised value inherits the cancellation of x - mean, relative to the standard deviation; means add sqrt(n) u.",
                      "Chan, Golub, LeVeque 1983; Higham and Mary 2019"),
              faults.other_params("wrong-eps", "Another eps.", eps=lambda e: 2 * e), faults.rolled()),
    _gradient("grad_cross_entropy", "the cross entropy of logits", _cross_entropy_samples, _cross_entropy,
              _scaled("(p m (e + 4 + sqrt(C)) + 6 q w + m eta / u) / W + sqrt(N)|y|, e the error of log softmax", LOG_SOFTMAX_RATIONALE,
                      "Blanchard, Higham, Higham 2021"),
              SUM_FOR_MEAN, faults.other_params("smoothing-ignored", "Label smoothing is ignored.", label_smoothing=0.0),
              faults.other_params("weight-ignored", "Class weights are ignored.", weighted=False)),
    _gradient("grad_mse_loss", "the mean squared error", _mse_samples, _mse, Componentwise(), SUM_FOR_MEAN),
)  # fmt: skip
