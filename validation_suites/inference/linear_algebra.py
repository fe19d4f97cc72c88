"""Matrix products: matmul, linear layers, Gemm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Componentwise
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import sum_of_products
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, positive, tensor

DTYPES = ("float32", "float64", "float16", "bfloat16")
NARROW = ("float16", "bfloat16")
ORACLE = "sums in double (float32 and narrower, products exact) or 80-bit extended precision (double), radius gamma_n |A||B|"

FORMS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "batched": ((2, 3, 8, 16), (2, 3, 16, 9)),
    "broadcast": ((3, 1, 7, 33), (2, 33, 5)),
    "matrix-batch": ((6, 20), (4, 20, 3)),
    "vector-vector": ((257,), (257,)),
    "matrix-vector": ((19, 65), (65,)),
    "vector-matrix": ((65,), (65, 19)),
    "batch-vector": ((3, 5, 31), (31,)),
    "vector-batch": ((31,), (3, 31, 5)),
}
EDGES = (1, 16, 17, 31, 63, 255, 256, 512)


def _cancelling(dtype: str, id: str) -> tuple[Tensor, Tensor]:
    """Rows (v, -v, w) against columns (c, c, d) with tiny d: almost everything cancels."""
    rng = seed_for("cancelling", id, dtype)
    v, c = rng.uniform(0.5, 1.5, (9, 48)), rng.uniform(0.5, 1.5, (48, 7))
    w, d = rng.standard_normal((9, 8)), rng.standard_normal((8, 7)) * 2.0**-6
    return tensor(np.hstack([v, -v, w]), dtype), tensor(np.vstack([c, c, d]), dtype)


def _graded(dtype: str, id: str) -> tuple[Tensor, Tensor]:
    """Rows and columns of very different size, so that a normwise bound would hide errors of the small ones."""
    rng = seed_for("graded", id, dtype)
    power = 4.0 if dtype == "float16" else 16.0
    grade = 2.0 ** np.linspace(-power, power, 24).round()
    return tensor(rng.standard_normal((24, 40)) * grade[:, None], dtype), tensor(rng.standard_normal((40, 24)) * grade[::-1], dtype)


def _not_finite(dtype: str, id: str) -> tuple[Tensor, Tensor]:
    """A NaN in one row, infinities in two others, against positive columns."""
    a = positive(dtype, (6, 20), id, "special", dtype).array().copy()
    a[1, 3], a[2, 19], a[4, 0] = np.nan, np.inf, -np.inf
    return Tensor.of(a), positive(dtype, (20, 5), id, "special-b", dtype)


def _matmul_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        pair = (normal(dtype, (33, 64), "matmul-a", dtype), normal(dtype, (64, 17), "matmul-b", dtype))
        yield Sample(name=f"{dtype}-normal", dtype=dtype, inputs=pair)
        pair = (positive(dtype, (16, 128), "matmul-a", dtype), positive(dtype, (128, 16), "matmul-b", dtype))
        yield Sample(name=f"{dtype}-positive", dtype=dtype, inputs=pair)
        yield Sample(name=f"{dtype}-cancelling", dtype=dtype, inputs=_cancelling(dtype, "matmul"), why=SampleClass.CONDITIONED)
        yield Sample(name=f"{dtype}-graded", dtype=dtype, inputs=_graded(dtype, "matmul"), why=SampleClass.CONDITIONED)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=_not_finite(dtype, "matmul"), why=SampleClass.SPECIAL)
    for form, (left, right) in FORMS.items():
        pair = (normal("float32", left, "matmul-a", form), normal("float32", right, "matmul-b", form))
        yield Sample(name=f"float32-{form}", dtype="float32", inputs=pair, why=SampleClass.COVERING)
    for dtype in ("float64", "bfloat16"):
        pair = (normal(dtype, (3, 1, 7, 33), "matmul-a", dtype, "b"), normal(dtype, (2, 33, 5), "matmul-b", dtype, "b"))
        yield Sample(name=f"{dtype}-broadcast", dtype=dtype, inputs=pair, why=SampleClass.COVERING)
    for n in EDGES:
        pair = (normal("float32", (8, n), "matmul-a", str(n)), positive("float32", (n, 8), "matmul-b", str(n)))
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=pair, why=SampleClass.EDGE)
    pair = (positive("float32", (3, 20_000), "matmul-a", "long"), positive("float32", (20_000, 2), "matmul-b", "long"))
    yield Sample(name="float32-n20000", dtype="float32", inputs=pair, why=SampleClass.EDGE)
    pair = (normal("float32", (200, 24), "matmul-a", "wide"), normal("float32", (24, 200), "matmul-b", "wide"))
    yield Sample(name="float32-200x200", dtype="float32", inputs=pair, why=SampleClass.EDGE)
    for name, (left, right) in {"no-rows": ((0, 4), (4, 3)), "no-terms": ((3, 0), (0, 2))}.items():
        pair = (normal("float32", left, "none"), normal("float32", right, "none"))
        yield Sample(name=f"float32-{name}", dtype="float32", inputs=pair, why=SampleClass.EDGE)


def _matmul(sample: Sample) -> tuple[Expected, ...]:
    a, b = sample.arrays()
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    drop = tuple(axis for axis, one in ((-2, a.ndim == 1), (-1, b.ndim == 1)) if one)
    full = sum_of_products(left, right, dtype=sample.dtype)
    assert full.low is not None
    value, low, radius, scale = (np.squeeze(np.asarray(v), axis=drop) for v in (full.value, full.low, full.radius, full.scale))
    return (replace(full, value=value, low=low, radius=radius, scale=scale),)


def _without_last(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    a = inputs[0].array().copy()
    a[..., -1] = 0
    return (Tensor.of(a), *inputs[1:])


def _drop_last(function: Function, sample: Sample, results: Results) -> Results | None:
    if 0 in sample.inputs[0].shape or 0 in results[0].shape:
        return None
    return faults.truth(function, replace(sample, inputs=_without_last(sample.inputs)))


DROPPED = Fault(id="dropped-last-term", sentence="The last term of every sum is left out (a missed tail).", apply=_drop_last)


def narrow_accumulation(columns: Callable[[Sample], tuple[Array, Array] | None]) -> Fault:
    """float16 and bfloat16 sums rounded to the data's format after every term."""

    def compute(sample: Sample) -> Array | None:
        pair = columns(sample) if sample.dtype in NARROW else None
        if pair is None:
            return None
        a, b = pair
        total = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
        for k in range(a.shape[1]):
            total = (total + a[:, k : k + 1] * b[k]).astype(a.dtype)
        return total

    return faults.computed("narrow-accumulation", "float16 or bfloat16 sums are rounded to the data's format after every term.", compute)


def _plain_pair(sample: Sample) -> tuple[Array, Array] | None:
    a, b = sample.arrays()
    return (a, b) if a.ndim == b.ndim == 2 else None


def _swapped(sample: Sample) -> Array | None:
    a, b = (x.astype(np.float64) for x in sample.arrays())
    return np.asarray(np.matmul(a[..., ::-1, :], b)) if a.ndim > 1 and a.shape[-2] > 1 and a.size else None


LINEAR_SHAPES: dict[str, tuple[tuple[int, ...], int]] = {
    "matrix": ((9, 65), 17), "one-row": ((1, 128), 33), "vector": ((31,), 8), "batch": ((2, 5, 64), 10), "one-output": ((16, 257), 1),
}  # fmt: skip


def _linear_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        for bias in (True, False):
            x, w = normal(dtype, (12, 96), "linear-x", dtype), normal(dtype, (24, 96), "linear-w", dtype)
            inputs = (x, w, normal(dtype, (24,), "linear-b", dtype)) if bias else (x, w)
            yield Sample(name=f"{dtype}-{'bias' if bias else 'plain'}", dtype=dtype, inputs=inputs)
        a, b = _cancelling(dtype, "linear")
        inputs = (a, Tensor.of(b.array().T), normal(dtype, (7,), "linear-c", dtype, scale=2.0**-4))
        yield Sample(name=f"{dtype}-cancelling", dtype=dtype, inputs=inputs, why=SampleClass.CONDITIONED)
        a, b = _not_finite(dtype, "linear")
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(a, Tensor.of(b.array().T)), why=SampleClass.SPECIAL)
    for name, (shape, out) in LINEAR_SHAPES.items():
        for bias in (True, False):
            x, w = positive("float32", shape, "linear-x", name), normal("float32", (out, shape[-1]), "linear-w", name)
            inputs = (x, w, normal("float32", (out,), "linear-b", name)) if bias else (x, w)
            full = f"float32-{name}-{'bias' if bias else 'plain'}"
            yield Sample(name=full, dtype="float32", inputs=inputs, why=SampleClass.COVERING)
    large = tuple(normal("float32", s, "linear", str(s)) for s in ((300, 40), (120, 40), (120,)))
    yield Sample(name="float32-36000", dtype="float32", inputs=large, why=SampleClass.EDGE)


def _linear(sample: Sample) -> tuple[Expected, ...]:
    x, w, *rest = sample.arrays()
    flat = x.reshape(-1, x.shape[-1])
    full = sum_of_products(flat, w.T, dtype=sample.dtype, plus=rest[0] if rest else None)
    assert full.low is not None
    shape = (*x.shape[:-1], w.shape[0])
    value, low, radius, scale = (np.asarray(v).reshape(shape) for v in (full.value, full.low, full.radius, full.scale))
    return (replace(full, value=value, low=low, radius=radius, scale=scale),)


def _no_bias(sample: Sample) -> Array | None:
    x, w, *rest = (a.astype(np.float64) for a in sample.arrays())
    return np.asarray(x @ w.T) if rest else None


GEMM_ADDED: dict[str, tuple[int, ...]] = {"none": (), "full": (11, 13), "row": (13,), "row2": (1, 13), "column": (11, 1), "one": (1,)}


def _gemm_samples() -> Iterable[Sample]:
    rows = pairwise(
        {
            "added": tuple(GEMM_ADDED), "trans_a": (False, True), "trans_b": (False, True), "alpha": (1.0, 0.5, -1.25),
            "beta": (1.0, -2.0, 0.375), "dtype": ("float32", "float64", "float16", "bfloat16"),
        },
        lambda r: r["added"] != "none" or r["beta"] == 1.0,
    )  # fmt: skip
    for i, row in enumerate(rows):
        dtype, key = row["dtype"], str(i)
        a = normal(dtype, (40, 11) if row["trans_a"] else (11, 40), "gemm-a", key)
        b = positive(dtype, (13, 40) if row["trans_b"] else (40, 13), "gemm-b", key)
        added = GEMM_ADDED[row["added"]]
        inputs = (a, b, normal(dtype, added, "gemm-c", key)) if added else (a, b)
        p = params(alpha=row["alpha"], beta=row["beta"], trans_a=row["trans_a"], trans_b=row["trans_b"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        name = f"{dtype}-{row['added']}-a{row['alpha']:g}-b{row['beta']:g}-t{row['trans_a']:d}{row['trans_b']:d}"
        yield Sample(name=name, dtype=dtype, inputs=inputs, params=p, why=why)
    for dtype in ("float32", "float64"):
        trio = tuple(normal(dtype, s, "gemm-square", dtype, str(i)) for i, s in enumerate([(32, 32)] * 3))
        p = params(alpha=1.0, beta=1.0, trans_a=False, trans_b=True)
        yield Sample(name=f"{dtype}-square", dtype=dtype, inputs=trio, params=p, why=SampleClass.EDGE)


def _gemm(sample: Sample) -> tuple[Expected, ...]:
    a, b, *rest = sample.arrays()
    p = dict(sample.params)
    left, right = (a.T if p["trans_a"] else a), (b.T if p["trans_b"] else b)
    added = rest[0] if rest else None
    return (sum_of_products(left, right, dtype=sample.dtype, plus=added, alpha=float(str(p["alpha"])), beta=float(str(p["beta"]))),)


def _wrong_transpose(sample: Sample) -> Array | None:
    a, b, *rest = (x.astype(np.float64) for x in sample.arrays())
    p = dict(sample.params)
    if b.shape[0] != b.shape[1]:
        return None
    left, right = (a.T if p["trans_a"] else a), (b if p["trans_b"] else b.T)
    return np.asarray(float(str(p["alpha"])) * (left @ right) + (float(str(p["beta"])) * rest[0] if rest else 0.0))


INPUT_FAULTS = (faults.TF32_INPUTS, faults.BF16_INPUTS)
OUTPUT_FAULTS = (faults.one_element(), faults.stale(), faults.transposed())
FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="matmul",
        side=Side.INFERENCE,
        area="linear algebra",
        requirement="The library shall return the matrix product, batched and broadcast as numpy.matmul.",
        source="ONNX operator specification, MatMul; numpy.matmul",
        oracle=ORACLE,
        samples=_matmul_samples,
        reference=_matmul,
        criterion=Componentwise(),
        faults=(
            *INPUT_FAULTS, DROPPED, narrow_accumulation(_plain_pair), *OUTPUT_FAULTS, faults.nan_lost(),
            faults.computed("rows-reversed", "Rows of the left operand are read in reverse order.", _swapped),
        ),
    ),
    Function(
        id="linear",
        side=Side.INFERENCE,
        area="linear algebra",
        requirement="The library shall return x W^T + b for the rows of x, with and without b.",
        source="torch.nn.Linear; ONNX operator specification, Gemm (transB = 1) and MatMul",
        oracle=ORACLE,
        samples=_linear_samples,
        reference=_linear,
        criterion=Componentwise(),
        faults=(
            *INPUT_FAULTS, DROPPED, faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost(),
            faults.computed("bias-lost", "The bias is not added.", _no_bias),
        ),
    ),
    Function(
        id="gemm",
        side=Side.INFERENCE,
        area="linear algebra",
        requirement="The library shall return alpha op(A) op(B) + beta C, op the identity or the transpose, C broadcast to the product.",
        source="ONNX operator specification, Gemm; torch.addmm",
        oracle=ORACLE,
        samples=_gemm_samples,
        reference=_gemm,
        criterion=Componentwise(),
        faults=(
            *INPUT_FAULTS, *OUTPUT_FAULTS,
            faults.other_params("alpha-ignored", "alpha is taken as 1.", alpha=1.0),
            faults.other_params("beta-ignored", "beta is taken as 1.", beta=1.0),
            faults.computed("wrong-transpose", "The right operand is transposed the other way.", _wrong_transpose),
        ),
    ),
)  # fmt: skip
