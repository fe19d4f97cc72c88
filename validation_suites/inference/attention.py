"""Scaled dot-product attention: masks, causal order, grouped heads, scales, lengths around tiles.

A query none of whose keys takes part is not asked: the softmax of nothing is undefined, and the sources differ (NaN by the formula, zero by
the later ONNX text). NaN under a mask is not asked either: a sum of NaN and -inf, and a skipped key, are both readings of "masked".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.attention import attention
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, tensor

ID = "scaled_dot_product_attention"
DTYPES = ("float32", "float64", "float16", "bfloat16")
LENGTHS = ((16, 17), (1, 65), (7, 7), (17, 16), (63, 64), (64, 63), (65, 129), (129, 33), (1, 1))
MASKS = ("none", "causal", "bool", "additive")
MASK_SHAPES = ("queries-keys", "batch", "heads")


def _mask(kind: str, shape: tuple[int, ...], dtype: str, name: str) -> Tensor:
    """About a third masked, never a whole row; additive masks hold finite values, and -inf where masked."""
    rng = seed_for(ID, "mask", name)
    keep = rng.uniform(size=shape) < 0.7
    keep[..., 0] |= ~keep.any(axis=-1)
    return Tensor.of(keep) if kind == "bool" else tensor(np.where(keep, rng.standard_normal(shape), -np.inf), dtype)


def _inputs(
    dtype: str, name: str, *, heads: tuple[int, int] | None, lengths: tuple[int, int], sizes: tuple[int, int], size: float = 1.0
) -> tuple[Tensor, ...]:
    """q, k, v of two batches; heads = (query heads, key heads), None = rank 3."""
    (queries, keys), (d, e) = lengths, sizes
    hq, hk = ((heads[0],), (heads[1],)) if heads else ((), ())
    shapes = ((2, *hq, queries, d), (2, *hk, keys, d), (2, *hk, keys, e))
    return tuple(normal(dtype, s, ID, name, x, scale=1.0 if x == "v" else size) for s, x in zip(shapes, "qkv", strict=True))


def _mask_shape(row: dict[str, Any]) -> tuple[int, ...]:
    queries, keys = row["lengths"]
    heads = (row["heads"][0],) if row["heads"] else ()
    if row["mask_shape"] == "queries-keys":
        return (queries, keys)
    if row["mask_shape"] == "batch":
        return (2, *(1 for _ in heads), 1, keys) if row["heads"] else (2, 1, keys)
    return (2, *heads, queries, keys)


def _covering() -> Iterable[Sample]:
    rows = pairwise(
        {
            "dtype": DTYPES, "lengths": LENGTHS, "mask": MASKS, "mask_shape": MASK_SHAPES, "heads": ((3, 3), (4, 2), (6, 1), None),
            "scale": (None, 0.3125), "sizes": ((16, 16), (8, 24), (64, 64), (33, 33)),
        },
        lambda r: (r["mask"] in ("bool", "additive") or r["mask_shape"] == "queries-keys"),
    )  # fmt: skip
    for row in rows:
        heads = "rank3" if row["heads"] is None else "h{}-{}".format(*row["heads"])
        form = "" if row["mask_shape"] == "queries-keys" else "-" + row["mask_shape"]
        (queries, keys), (d, e) = row["lengths"], row["sizes"]
        scaled = "-scaled" if row["scale"] else ""
        name = f"{row['dtype']}-{row['mask']}{form}-{heads}-l{queries}-s{keys}-d{d}-e{e}{scaled}"
        inputs = _inputs(row["dtype"], name, heads=row["heads"], lengths=row["lengths"], sizes=row["sizes"])
        if row["mask"] in ("bool", "additive"):
            inputs = (*inputs, _mask(row["mask"], _mask_shape(row), row["dtype"], name))
        p = params(causal=row["mask"] == "causal", scale=row["scale"])
        yield Sample(name=name, dtype=row["dtype"], inputs=inputs, params=p, why=SampleClass.COVERING)


def _special(dtype: str) -> tuple[Tensor, ...]:
    """NaN in a query (that row), in a key (that head) and in a value (that column of that head)."""
    q, k, v = (t.array().copy() for t in _inputs(dtype, "special", heads=(4, 4), lengths=(19, 33), sizes=(16, 16)))
    q[0, 1, 2, 3], k[1, 0, 32, 0], v[0, 3, 5, 7] = np.nan, np.nan, np.nan
    return Tensor.of(q), Tensor.of(k), Tensor.of(v)


def _samples() -> Iterable[Sample]:
    plain = params(causal=False, scale=None)
    causal = params(causal=True, scale=None)
    for dtype in DTYPES:
        trio = _inputs(dtype, "ordinary", heads=(4, 4), lengths=(32, 32), sizes=(32, 32))
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=trio, params=plain)
        yield Sample(name=f"{dtype}-ordinary-causal", dtype=dtype, inputs=trio, params=causal)
        inputs = (*trio, _mask("bool", (2, 1, 1, 32), dtype, "padding"))
        yield Sample(name=f"{dtype}-ordinary-padding", dtype=dtype, inputs=inputs, params=plain)
    yield from _covering()
    for dtype in DTYPES:
        size = 5.0 if dtype in ("float32", "float64") else 2.0
        inputs = _inputs(dtype, "peaked", heads=(2, 2), lengths=(17, 64), sizes=(32, 32), size=size)
        yield Sample(name=f"{dtype}-peaked", dtype=dtype, inputs=inputs, params=plain, why=SampleClass.CONDITIONED)
        inputs = _inputs(dtype, "flat", heads=(2, 2), lengths=(17, 64), sizes=(32, 32), size=2.0**-6)
        yield Sample(name=f"{dtype}-flat", dtype=dtype, inputs=inputs, params=plain, why=SampleClass.CONDITIONED)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=_special(dtype), params=plain, why=SampleClass.SPECIAL)
    for dtype in ("float32", "float64"):
        q, k, v = _inputs(dtype, "far", heads=(2, 2), lengths=(16, 33), sizes=(16, 16))
        far = Tensor.of(k.array() * k.array().dtype.type(200))
        yield Sample(name=f"{dtype}-far-logits", dtype=dtype, inputs=(q, far, v), params=plain, why=SampleClass.CONDITIONED)
        away = np.where(np.tri(16, 33, dtype=bool), 0.0, -10_000.0)
        inputs = (q, k, v, tensor(away, dtype))
        yield Sample(name=f"{dtype}-mask-minus-10000", dtype=dtype, inputs=inputs, params=plain, why=SampleClass.CONDITIONED)
    large = _inputs("float32", "large", heads=(8, 8), lengths=(80, 96), sizes=(64, 64))
    yield Sample(name="float32-81920", dtype="float32", inputs=large, params=causal, why=SampleClass.EDGE)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    q, k, v, *mask = sample.arrays()
    return (
        attention(q, k, v, dtype=sample.dtype, scale=sample.param("scale"), mask=mask[0] if mask else None, causal=sample.param("causal")),
    )


def _grouped_wrongly(sample: Sample) -> Sample | None:
    """Query head i reads key head i mod H instead of i // (Hq / H)."""
    q, k, v, *mask = sample.arrays()
    if q.ndim < 4 or q.shape[1] == k.shape[1]:
        return None
    order = np.arange(q.shape[1]) % k.shape[1]
    return replace(sample, inputs=(sample.inputs[0], Tensor.of(k[:, order]), Tensor.of(v[:, order]), *map(Tensor.of, mask)))


def _off_by_one(sample: Sample) -> Sample | None:
    """Key j takes part where j <= i + 1."""
    if not sample.param("causal"):
        return None
    queries, keys = sample.inputs[0].shape[-2], sample.inputs[1].shape[-2]
    later = Tensor.of(np.tri(queries, keys, 1, dtype=bool))
    return replace(sample, inputs=(*sample.inputs, later), params=params(causal=False, scale=sample.param("scale")))


def _aligned_right(sample: Sample) -> Sample | None:
    """The causal diagonal ends in the lower right corner."""
    queries, keys = sample.inputs[0].shape[-2], sample.inputs[1].shape[-2]
    if not sample.param("causal") or queries >= keys:
        return None
    later = Tensor.of(np.tri(queries, keys, keys - queries, dtype=bool))
    return replace(sample, inputs=(*sample.inputs, later), params=params(causal=False, scale=sample.param("scale")))


def _unmasked(sample: Sample) -> Sample | None:
    return replace(sample, inputs=sample.inputs[:3]) if len(sample.inputs) > 3 else None


def _key_unread(sample: Sample) -> Sample | None:
    """The last key is left out."""
    q, k, v, *mask = sample.arrays()
    if k.shape[-2] < 2:
        return None
    some = mask[0] if mask else np.ones((1, 1), dtype=bool)
    if some.shape[-1] > 1:
        shorter = np.ascontiguousarray(some[..., :-1])
        lost = ~shorter.any(axis=-1) if shorter.dtype.kind == "b" else np.isneginf(shorter.astype(np.float64)).all(axis=-1)
        if lost.any():
            return None
        mask = [shorter]
    return replace(
        sample, inputs=(sample.inputs[0], *(Tensor.of(np.ascontiguousarray(x[..., :-1, :])) for x in (k, v)), *map(Tensor.of, mask))
    )


def _unshifted(sample: Sample) -> Array | None:
    """exp without subtracting the maximum, in float32."""
    q, k, v, *mask = sample.arrays()
    if mask or sample.param("causal") or q.shape[:-2] != k.shape[:-2] or sample.dtype == "float64":
        return None
    factor = sample.param("scale") or q.shape[-1] ** -0.5
    e = np.exp((q.astype(np.float32) @ np.swapaxes(k.astype(np.float32), -1, -2)) * np.float32(factor))
    return np.asarray(e @ v.astype(np.float32) / e.sum(axis=-1, keepdims=True))


def _scale(change: Callable[[float, int], float]) -> Callable[[Sample], Sample]:
    def changed(sample: Sample) -> Sample:
        d = sample.inputs[0].shape[-1]
        return replace(sample, params=params(causal=sample.param("causal"), scale=change(sample.param("scale") or d**-0.5, d)))

    return changed


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id=ID,
        side=Side.INFERENCE,
        area="attention",
        requirement="The library shall return softmax(scale Q K^T + mask) V with every mask, causal order, grouped heads and given scale.",
        source="Vaswani et al. 2017; Ainslie et al. 2023 (grouped heads); ONNX operator specification, Attention-23; "
        "torch.nn.functional.scaled_dot_product_attention",
        oracle="the definition in 80-bit extended precision; radius from the same error analysis with u = 2^-64",
        samples=_samples,
        reference=_reference,
        criterion=Scaled(
            c=1.0, c_hard=4.0, wide_accumulation=False,
            scale="[exp(D_ij +- E_P D) - 1 + (2n + 10) u_acc + 4 u] P|V| / u, D = ((d + 2) u_acc + 5 u)|scale||Q||K^T| + u(|s| + |s - max|)",
            rationale="Softmax bound composed with two products: relative change of every weight under the error of its logit, by component; "
            "16-bit intermediate results may be stored in 16 bits, sums are float32. The hard bound leaves room for a faster exponential.",
            literature="Blanchard, Higham, Higham 2021 (softmax); Higham 2002, ch. 3; Dao et al. 2022 (order of summation)",
        ),
        faults=(
            faults.TF32_INPUTS, faults.BF16_INPUTS, faults.one_element(), faults.stale(), faults.nan_lost(),
            faults.other_sample("mask-ignored", "The mask is not applied.", _unmasked),
            faults.other_params("causal-ignored", "Later keys take part.", causal=False),
            faults.other_sample("causal-off-by-one", "The key after the query takes part.", _off_by_one),
            faults.other_sample("causal-lower-right", "The causal diagonal is aligned at the lower right corner.", _aligned_right),
            faults.other_sample("scale-1/d", "The scale is divided by sqrt(d) once more.", _scale(lambda s, d: s * d**-0.5)),
            faults.other_sample("scale-ignored", "A given scale is ignored.", _scale(lambda s, d: d**-0.5)),
            faults.other_sample("kv-heads-interleaved", "Query head i reads key head i mod H.", _grouped_wrongly),
            faults.other_sample("last-key-unread", "The last key is left out (a missed tail).", _key_unread),
            faults.computed("unshifted-softmax", "exp is taken without subtracting the maximum.", _unshifted),
        ),
    ),
)  # fmt: skip
