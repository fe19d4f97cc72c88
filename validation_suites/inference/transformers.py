"""Multi-head attention and the layers of transformers, in training and evaluation mode, padded sequences and causal order included.

A query none of whose keys takes part is not asked (see attention).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.monte_carlo import spread, value_of
from csvkit_ml.references.transformers import Shape, attended, decoder_layer, encoder_layer
from validation_suites import faults
from validation_suites.sampling import normal

REAL = ("float32", "float64")
MASKS = ("none", "causal", "padding", "pairs", "both")
SIZES: tuple[dict[str, int], ...] = (
    {"batch": 2, "length": 6, "memory": 5, "embed": 8, "heads": 2, "forward": 16},
    {"batch": 1, "length": 1, "memory": 1, "embed": 4, "heads": 1, "forward": 4},
    {"batch": 3, "length": 5, "memory": 7, "embed": 12, "heads": 4, "forward": 9},
    {"batch": 2, "length": 4, "memory": 3, "embed": 16, "heads": 2, "forward": 8},
)  # fmt: skip
ATTENTION = ("in_w", "in_b", "out_w", "out_b")
CROSS = tuple(f"cross_{n}" for n in ATTENTION)
BLOCK = ("one_w", "one_b", "two_w", "two_b")
NORMS = ("norm1_w", "norm1_b", "norm2_w", "norm2_b")
WEIGHTS: dict[str, tuple[str, ...]] = {
    "multi_head_attention": ATTENTION, "transformer_encoder_layer": (*ATTENTION, *BLOCK, *NORMS),
    "transformer_decoder_layer": (*ATTENTION, *CROSS, *BLOCK, *NORMS, "norm3_w", "norm3_b"),
}  # fmt: skip
"""Names of the weights that follow the data, in order."""
DATA = {"multi_head_attention": 2, "transformer_encoder_layer": 1, "transformer_decoder_layer": 2}
"""Sequences among the inputs: queries or targets [B, L, E], then keys or memory [B, S, E]."""


def _shape(name: str, size: Mapping[str, int]) -> tuple[int, ...]:
    e, f = size["embed"], size["forward"]
    inner = name.removeprefix("cross_")
    return {"in_w": (3 * e, e), "in_b": (3 * e,), "out_w": (e, e), "one_w": (f, e), "one_b": (f,), "two_w": (e, f)}.get(inner, (e,))


def _weight(id: str, dtype: str, label: str, name: str, size: Mapping[str, int]) -> Tensor:
    """Spread as fan-in demands; gains around one."""
    shape = _shape(name, size)
    gain = name.startswith("norm") and name.endswith("_w")
    return normal(dtype, shape, id, label, name, scale=0.2 if len(shape) == 1 else shape[-1] ** -0.5, offset=1.0 if gain else 0.0)


def _samples(id: str) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        layer = id != "multi_head_attention"
        for dtype in REAL:
            for i, size in enumerate(SIZES):
                for mask in MASKS if i == 0 else MASKS[i : i + 1]:
                    for first in (False, True) if layer and (mask in ("none", "both") or i == 2) else (False,):
                        parts = (dtype, *(f"{k[0]}{size[k]}" for k in ("batch", "length", "embed", "heads")), mask)
                        label = "-".join((*parts, "norm-first") if first else parts)
                        lengths = (size["length"], size["memory"])[: DATA[id]]
                        data = [normal(dtype, (size["batch"], n, size["embed"]), id, label, str(k)) for k, n in enumerate(lengths)]
                        weights = [_weight(id, dtype, label, name, size) for name in WEIGHTS[id]]
                        given = params(heads=size["heads"], mask=mask, norm_first=first, eps=1e-5)
                        why = SampleClass.ORDINARY if i == 0 and mask in ("none", "padding") else SampleClass.COVERING
                        yield Sample(name=label, dtype=dtype, inputs=(*data, *weights), params=given, why=why)

    return made


def padded(batch: int, keys: int) -> Array:
    """[B, S], true for the keys that are there: the second sequence is shorter by one, the third by two, never empty."""
    return np.arange(keys)[None, :] < np.maximum(1, keys - np.arange(batch))[:, None]


def allowed(queries: int, keys: int) -> Array:
    """[L, S], true for pairs that may look at each other: the diagonal and every second pair beside it."""
    i, j = np.indices((queries, keys))
    return np.asarray(((i + j) % 2 == 0) | (j == 0))


def taken(mask: str, batch: int, queries: int, keys: int, *, causal: bool = True) -> Array:
    """[B, 1, L, S]; the first key always takes part."""
    out = np.ones((batch, 1, queries, keys), dtype=bool)
    if mask in ("causal", "both") and causal:
        out &= np.tri(queries, keys, dtype=bool)
    if mask == "pairs":
        out &= allowed(queries, keys)
    if mask in ("padding", "both"):
        out &= padded(batch, keys)[:, None, None, :]
    return out


def _layer(id: str, sample: Sample) -> Callable[..., Any]:
    """The layer as a function of data and weights in the sample's order."""
    mask, count = sample.param("mask"), DATA[id]
    shape = Shape(heads=sample.param("heads"), eps=sample.param("eps"), norm_first=sample.param("norm_first"))
    batch, queries = sample.inputs[0].shape[:2]
    keys = sample.inputs[count - 1].shape[1]

    def of(*arrays: Any) -> Any:
        x, memory, w = arrays[0], arrays[count - 1], dict(zip(WEIGHTS[id], arrays[count:], strict=True))
        if id == "multi_head_attention":
            return attended(x, memory, memory, w, shape.heads, taken(mask, batch, queries, keys))
        if id == "transformer_encoder_layer":
            return encoder_layer(x, w, shape, taken(mask, batch, queries, queries))
        own = {"both": "causal", "padding": "none"}.get(mask, mask)
        reached = "padding" if mask in ("padding", "both") else "none"
        return decoder_layer(x, memory, w, shape, taken(own, batch, queries, queries), taken(reached, batch, queries, keys))

    return of


def _reference(id: str) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        made = spread(_layer(id, sample), *sample.arrays(), dtype=sample.dtype, names=(id, sample.name))
        if sample.param("mask") in ("padding", "both") and id == "transformer_encoder_layer":
            return (_without_padding(made, padded(*sample.inputs[0].shape[:2])),)
        return (made,)

    return reference


def _without_padding(made: Expected, there: Array) -> Expected:
    """What stands at padded places is not asked: the fast path answers zero there, the other the layer's value. Both are read as zero."""
    keep = there[..., None]
    assert made.low is not None
    value, low, radius, scale = (np.where(keep, np.asarray(a), 0.0) for a in (made.value, made.low, made.radius, made.scale))
    return replace(made, value=value, low=low, radius=radius, scale=scale)


def _changed(id: str, name: str, change: Callable[[Array], Array]) -> Callable[[Sample], Sample | None]:
    """Another weight."""

    def other(sample: Sample) -> Sample | None:
        if name not in WEIGHTS[id]:
            return None
        at = DATA[id] + WEIGHTS[id].index(name)
        inputs = tuple(Tensor.of(np.ascontiguousarray(change(t.array()))) if k == at else t for k, t in enumerate(sample.inputs))
        return replace(sample, inputs=inputs)

    return other


def _keys_for_queries(w: Array) -> Array:
    q, k, v = np.split(w, 3)
    return np.concatenate([k, q, v])


def _unmasked(sample: Sample) -> Sample | None:
    return _param(mask="none")(sample) if sample.param("mask") in ("causal", "pairs") else None


def _one_head(sample: Sample) -> Sample | None:
    return replace(sample, params=params(**{**dict(sample.params), "heads": 1})) if sample.param("heads") > 1 else None


def _wrong(id: str, name: str, sentence: str, change: Callable[[Sample], Sample | None]) -> Fault:
    """The layer of a changed sample, where it has another answer."""

    def apply(_: Function, sample: Sample, results: Results) -> Results | None:
        other = change(sample)
        if other is None:
            return None
        made = value_of(_layer(id, other), *other.arrays()).astype(results[0].dtype)
        if sample.param("mask") in ("padding", "both") and id == "transformer_encoder_layer":
            made = np.where(padded(*sample.inputs[0].shape[:2])[..., None], made, 0).astype(made.dtype)
        return None if np.array_equal(made, results[0]) else (made,)

    return Fault(id=name, sentence=sentence, apply=apply)


def _param(**changes: Any) -> Callable[[Sample], Sample]:
    return lambda s: replace(s, params=params(**{**dict(s.params), **{k: v(s.param(k)) if callable(v) else v for k, v in changes.items()}}))


def _narrowed(sample: Sample) -> Sample:
    return replace(sample, inputs=tuple(Tensor.of(faults.keep_bits(t.array(), 8)) for t in sample.inputs))


def _function(id: str, says: str, source: str) -> Function:
    layer = id != "multi_head_attention"
    own: tuple[Fault, ...] = () if not layer else (
        _wrong(id, "norm-place", "It is normalised on the other side.", _param(norm_first=lambda v: not v)),
        _wrong(id, "wrong-eps", "The guard of the normalisation is 1e-3.", _param(eps=1e-3)),
        _wrong(id, "second-bias", "The last bias is not added.", _changed(id, "two_b", np.zeros_like)),
    )  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="attention", requirement=f"The library shall return {says}, whatever mode and path it takes.",
        source=f"Vaswani et al. 2017; {source}", oracle="the definition in extended precision (64 bits)", samples=_samples(id),
        reference=_reference(id),
        criterion=Scaled(
            c=8.0, c_hard=64.0,
            scale="root mean square error of 16 evaluations with a random relative error up to u in every operation, in u",
            rationale="Mixed stability: what rounding in this precision moves the result by, times the largest of some hundred such errors (5.5) "
            "and a margin for libraries that round more often (fused or unfused scaling, stored logits).",
            literature="Parker 1997 (Monte Carlo arithmetic); Denis, de Oliveira Castro and Petit 2016 (Verificarlo)",
        ),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(),
            _wrong(id, "bf16-inputs", "Data and weights are rounded to bfloat16.", _narrowed),
            _wrong(id, "mask-ignored", "No mask is applied.", _unmasked), _wrong(id, "one-head", "All heads are one.", _one_head),
            _wrong(id, "exchanged", "Queries and keys are exchanged.", _changed(id, "in_w", _keys_for_queries)), *own,
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function("multi_head_attention", "attention in several heads with its products before and after", "torch.nn.MultiheadAttention"),
    _function("transformer_encoder_layer", "the output of a transformer's encoder layer", "torch.nn.TransformerEncoderLayer"),
    _function("transformer_decoder_layer", "the output of a transformer's decoder layer", "torch.nn.TransformerDecoderLayer"),
)
