"""Attention of ONNX beyond the scaled dot product: a cache of keys and values, heads side by side, capped logits, products that are given out.

The text of the operator changed in place between revisions of operator set 23. Only what they agree on is asked: no causal order together with
a cache (its diagonal moved), no cap together with a mask or causal order (their order changed), the scores of output modes 0 and 3, and of mode 2
with a mask or with a cap (mode 1 changed its meaning).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.attention import attention, scores
from validation_suites import faults
from validation_suites.inference.attention import FUNCTIONS as PLAIN
from validation_suites.sampling import normal, pairwise
from validation_suites.sampling.places import mask as truths

DTYPES = ("float32", "float16")
HEADS = ((3, 3), (4, 2), (6, 1), (9, 3), (1, 1))
"""Of queries, of keys."""
LENGTHS = ((5, 5, 7), (1, 1, 16), (4, 3, 0), (3, 8, 1), (17, 2, 31))
"""Queries, new keys, keys of the cache."""
SIZES = ((8, 8), (16, 24), (33, 5))
"""Of a key, of a value."""
ALONE = tuple((q, k, 0) for q, k, _ in LENGTHS)
"""Without a cache."""
SHAPED: dict[str, tuple[Any, ...]] = {"sizes": SIZES, "form": ("4d", "3d")}


def _operands(dtype: str, row: dict[str, Any], name: str) -> tuple[Tensor, ...]:
    (hq, hk), (queries, keys, _), (d, e) = row["heads"], row["lengths"], row["sizes"]
    shapes = ((hq, queries, d), (hk, keys, d), (hk, keys, e))
    if row["form"] == "3d":
        flat = tuple((2, n, h * w) for h, n, w in shapes)
        return tuple(normal(dtype, s, "attention cache", name, x) for s, x in zip(flat, "qkv", strict=True))
    return tuple(normal(dtype, (2, *s), "attention cache", name, x) for s, x in zip(shapes, "qkv", strict=True))


def _mask(dtype: str, row: dict[str, Any], name: str) -> tuple[Tensor, ...]:
    """Over queries and all keys; the first key always takes part."""
    queries, keys, past = row["lengths"]
    shape = (queries, keys + past)
    if row["mask"] == "none":
        return ()
    if row["mask"] == "additive":
        return (normal(dtype, (2, 1, *shape), "attention cache", name, "mask"),)
    keep = truths(shape, "attention cache", name, share=0.7).array().copy()
    keep[:, 0] = True
    return (Tensor.of(keep),)


def _cache(dtype: str, row: dict[str, Any], name: str) -> tuple[Tensor, ...]:
    past = row["lengths"][2]
    shapes = ((2, row["heads"][1], past, w) for w in row["sizes"])
    return tuple(normal(dtype, s, "attention cache", name, x) for s, x in zip(shapes, ("pk", "pv"), strict=True))


def _name(dtype: str, row: dict[str, Any]) -> str:
    def part(key: str, v: Any) -> str:
        return f"{key[0]}{'-'.join(map(str, v))}" if isinstance(v, tuple) else f"{key}{v}" if isinstance(v, float | int) else str(v)

    return "-".join([dtype, *(part(k, v) for k, v in row.items())]).replace("_", "-").lower()


def _agreed(row: Mapping[str, Any]) -> bool:
    """No cap beside a mask; no infinite logits given out."""
    mask = row.get("mask", "none")
    return not (row.get("softcap") and mask != "none") and not (row.get("mode") == 2 and mask == "bool")


def _samples(rows: dict[str, tuple[Any, ...]], *, cached: bool) -> Callable[[], Iterable[Sample]]:
    """Every pair of choices; in float16 every fourth row."""

    def made() -> Iterable[Sample]:
        chosen = pairwise(rows, _agreed)
        for dtype in DTYPES:
            for i, row in enumerate(chosen if dtype == "float32" else chosen[::4]):
                name = _name(dtype, row)
                row = {"mask": "none", "form": "4d", **row}
                inputs = (*_operands(dtype, row, name), *_mask(dtype, row, name), *(_cache(dtype, row, name) if cached else ()))
                p = params(
                    heads=row["heads"], form=row["form"], masked=row["mask"] != "none", cached=cached, scale=row.get("scale"),
                    softcap=row.get("softcap", 0.0), mode=row.get("mode"),
                )  # fmt: skip
                yield Sample(name=name, dtype=dtype, inputs=inputs, params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)

    return made


def apart(x: Array, heads: int) -> Array:
    """(batch, length, heads x size) to (batch, heads, length, size)."""
    return np.ascontiguousarray(np.moveaxis(x.reshape(*x.shape[:2], heads, -1), 2, 1)) if x.ndim == 3 else x


def _together(e: Expected) -> Expected:
    """An expected value (batch, heads, length, size) with its heads side by side."""

    def turned(a: Any) -> Array:
        return np.moveaxis(np.broadcast_to(a, e.value.shape), 1, 2).reshape(e.shape[0], e.shape[2], -1)

    return replace(e, value=turned(e.value), low=None if e.low is None else turned(e.low), radius=turned(e.radius), scale=turned(e.scale))


def _given(sample: Sample) -> dict[str, Any]:
    return dict(sample.params)


def _parts(sample: Sample) -> tuple[Array, Array, Array, Array | None]:
    """Queries, all keys, all values, heads apart; the mask."""
    p, (q, k, v, *rest) = _given(sample), sample.arrays()
    hq, hk = p["heads"]
    q, k, v = apart(q, hq), apart(k, hk), apart(v, hk)
    if p["cached"]:
        k, v = np.concatenate([rest[-2], k], axis=2), np.concatenate([rest[-1], v], axis=2)
    return q, k, v, rest[0] if p["masked"] else None


def _reference(sample: Sample) -> tuple[Expected, ...]:
    """y; the keys and values that are kept; the scores that are asked."""
    p, (q, k, v, mask) = _given(sample), _parts(sample)
    y = attention(q, k, v, dtype=sample.dtype, scale=p["scale"], mask=mask, softcap=p["softcap"])
    out = [_together(y) if p["form"] == "3d" else y]
    out += [exactly(a, dtype=sample.dtype, name=f"y{i}") for i, a in enumerate((k, v), 1)] if p["cached"] else []
    if p["mode"] is not None:
        raw, name = p["mode"] == 0, f"y{len(out)}"
        kind = "weights" if p["mode"] == 3 else "logits"
        out.append(
            scores(
                q, k, dtype=sample.dtype, name=name, kind=kind, scale=p["scale"], mask=None if raw else mask,
                softcap=0.0 if raw else p["softcap"],
            )  # fmt: skip
        )
    return tuple(out)


def _turned(sample: Sample) -> Sample | None:
    """The cache follows the new keys (masks are left as they are)."""
    if not sample.param("cached") or sample.inputs[-1].shape[2] == 0:
        return None
    p, (_, k, v, *rest) = _given(sample), sample.arrays()
    k, v = apart(k, p["heads"][1]), apart(v, p["heads"][1])
    n = min(k.shape[2], rest[-1].shape[2])
    old = [a.copy() for a in rest[-2:]]
    for new, kept in zip((k, v), old, strict=True):
        kept[:, :, -n:] = new[:, :, -n:]
    return replace(sample, inputs=(*sample.inputs[:-2], *map(Tensor.of, old)))


def _interleaved(sample: Sample) -> Sample | None:
    """Query head i reads key head i mod H: as if queries came in another order."""
    hq, hk = sample.param("heads")
    if sample.param("form") != "4d" or hk in (1, hq):
        return None
    q = sample.arrays()[0]
    order = np.arange(hq).reshape(hk, -1).T.reshape(-1)
    return replace(sample, inputs=(Tensor.of(np.ascontiguousarray(q[:, order])), *sample.inputs[1:]))


def _heads_inside(sample: Sample) -> Sample | None:
    """Heads lie innermost instead of outermost in a row of 3-D operands."""
    if sample.param("form") != "3d" or sample.param("heads")[1] == 1:
        return None
    p = _given(sample)

    def mixed(x: Array, h: int) -> Tensor:
        return Tensor.of(np.ascontiguousarray(np.swapaxes(x.reshape(*x.shape[:2], -1, h), 2, 3)).reshape(x.shape))

    q, k, v = sample.arrays()[:3]
    return replace(sample, inputs=(mixed(q, p["heads"][0]), mixed(k, p["heads"][1]), mixed(v, p["heads"][1]), *sample.inputs[3:]))


def _unmasked(sample: Sample) -> Sample | None:
    if not sample.param("masked"):
        return None
    m = sample.arrays()[3]
    none = Tensor.of(np.ones_like(m) if m.dtype.kind == "b" else np.zeros_like(m))
    return replace(sample, inputs=(*sample.inputs[:3], none, *sample.inputs[4:]))


COMMON = (
    faults.one_element(), faults.stale(), faults.TF32_INPUTS, faults.BF16_INPUTS,
    faults.other_sample("kv-heads-interleaved", "Query head i reads key head i mod H.", _interleaved),
)  # fmt: skip
LIMIT = PLAIN[0].criterion
assert isinstance(LIMIT, Scaled)


def _function(id: str, says: str, samples: Callable[[], Iterable[Sample]], *own: Fault) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="attention", requirement=f"The library shall {says}.",
        source="ONNX operator specification, Attention-23 (where its revisions agree); Ainslie et al. 2023; Gemma Team 2024 (capped logits)",
        oracle="the definition in 80-bit extended precision; radius from the same error analysis with u = 2^-64",
        samples=samples, reference=_reference, criterion=LIMIT, faults=(*COMMON, *own),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "attention_cache", "attend to the keys of a cache before the new ones, and give out both together",
        _samples({"heads": HEADS, "lengths": LENGTHS, **SHAPED, "mask": ("none", "bool", "additive"), "scale": (None, 0.3125)}, cached=True),
        faults.other_sample("cache-overwritten", "New keys and values take the place of the last of the cache.", _turned),
        faults.other_sample("heads-innermost", "In 3-D operands heads are taken to lie innermost.", _heads_inside),
        faults.other_sample("mask-ignored", "The mask is not applied.", _unmasked),
    ),
    _function(
        "attention_softcap", "cap the logits smoothly, c tanh(s / c), before the softmax",
        _samples({"heads": HEADS, "lengths": ALONE, **SHAPED, "softcap": (2.0, 0.5, 30.0), "scale": (None, 1.5)}, cached=False),
        faults.other_params("cap-ignored", "Logits are not capped.", softcap=0.0),
        faults.other_params("cap-doubled", "The cap is twice as high.", softcap=lambda c: 2 * c),
        faults.other_sample("heads-innermost", "In 3-D operands heads are taken to lie innermost.", _heads_inside),
    ),
    _function(
        "attention_scores", "give out the scaled products, those with cap or mask, or their softmax, as asked",
        _samples(
            {
                "heads": HEADS[:3], "lengths": ALONE, **SHAPED,
                "mask": ("none", "additive", "bool"), "softcap": (0.0, 2.0), "mode": (0, 2, 3), "scale": (None, 0.75),
            },
            cached=False,
        ),
        faults.other_params("other-score", "The softmax is given out for the products, and they for it.", mode=lambda m: 3 if m != 3 else 0),
        faults.other_params("scale-forgotten", "The scale is one.", scale=1.0),
        faults.other_sample("mask-ignored", "The mask is not applied.", _unmasked),
    ),
)  # fmt: skip
