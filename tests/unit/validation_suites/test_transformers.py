"""Transformer layers by loops over batches, heads, queries and keys; Monte Carlo arithmetic on formulas whose errors are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.references.monte_carlo import spread, value_of
from validation_suites.inference.transformers import DATA, FUNCTIONS, WEIGHTS, padded

BY_ID = {f.id: f for f in FUNCTIONS}


def _sees(mask: str, b: int, i: int, j: int, keys: int) -> bool:
    if mask in ("causal", "both") and j > i:
        return False
    if mask == "pairs" and (i + j) % 2 and j:
        return False
    return mask not in ("padding", "both") or j < max(1, keys - b)


def _attend(x: Any, key: Any, w: Any, heads: int, mask: str, prefix: str = "") -> Any:
    batch, queries, embed = x.shape
    keys, width = key.shape[1], embed // heads
    big, small = w[prefix + "in_w"], w[prefix + "in_b"]
    q, k, v = (s @ big[i * embed : (i + 1) * embed].T + small[i * embed : (i + 1) * embed] for i, s in enumerate((x, key, key)))
    out = np.zeros_like(x)
    for b in range(batch):
        for h in range(heads):
            at = slice(h * width, (h + 1) * width)
            for i in range(queries):
                seen = [j for j in range(keys) if _sees(mask, b, i, j, keys)]
                e = [math.exp(float(q[b, i, at] @ k[b, j, at]) / math.sqrt(width)) for j in seen]
                out[b, i, at] = sum(p * v[b, j, at] for p, j in zip(e, seen, strict=True)) / sum(e)
    return out @ w[prefix + "out_w"].T + w[prefix + "out_b"]


def _norm(x: Any, w: Any, k: int, eps: float) -> Any:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * w[f"norm{k}_w"] + w[f"norm{k}_b"]


def _by_loops(id: str, sample: Sample) -> Any:
    arrays = [a.astype(np.float64) for a in sample.arrays()]
    w = dict(zip(WEIGHTS[id], arrays[DATA[id] :], strict=True))
    x, memory = arrays[0], arrays[DATA[id] - 1]
    heads, mask, eps, first = (sample.param(k) for k in ("heads", "mask", "eps", "norm_first"))
    if id == "multi_head_attention":
        return _attend(x, memory, w, heads, mask)
    decoder = id == "transformer_decoder_layer"
    own = {"both": "causal", "padding": "none"}.get(mask, mask) if decoder else mask
    blocks = [lambda y: _attend(y, y, w, heads, own)]
    if decoder:
        blocks.append(lambda y: _attend(y, memory, w, heads, "padding" if mask in ("padding", "both") else "none", "cross_"))
    blocks.append(lambda y: np.maximum(y @ w["one_w"].T + w["one_b"], 0) @ w["two_w"].T + w["two_b"])
    for k, block in enumerate(blocks, 1):
        x = x + block(_norm(x, w, k, eps)) if first else _norm(x + block(x), w, k, eps)
    return x


@pytest.mark.parametrize("id", BY_ID)
def test_loops_agree(id: str) -> None:
    for sample in BY_ID[id].samples():
        (made,), want = BY_ID[id].reference(sample), _by_loops(id, sample)
        if id == "transformer_encoder_layer" and sample.param("mask") in ("padding", "both"):
            want = want * padded(*want.shape[:2])[..., None]
        np.testing.assert_allclose(made.value, want, rtol=1e-11, atol=1e-11, err_msg=sample.name)
        assert float(np.max(made.scale)) < 500, sample.name


def test_the_spread_of_single_operations_is_that_of_their_rounding() -> None:
    x = np.random.default_rng(1).uniform(1, 2, (2000,))
    product = spread(lambda a: a * a, x, dtype="float32", names=("product",))
    np.testing.assert_allclose(product.value, x * x, rtol=1e-15)
    share = np.asarray(product.scale) / (x * x)
    assert 0.4 < float(share.mean()) < 0.8
    kept = spread(lambda a: np.maximum(a, 1.5), x, dtype="float32", names=("kept",))
    assert float(np.max(kept.scale)) == 0.0
    cancelled = spread(lambda a: (a * 1.1) - (a * 1.1), x, dtype="float64", names=("cancelled",))
    assert float(np.abs(cancelled.value).max()) == 0.0
    assert float(np.min(cancelled.scale)) > 0.1


def test_sums_spread_like_the_root_of_their_length_and_the_stream_is_fixed() -> None:
    for n in (4, 64, 1024):
        x = np.ones((40, n))
        made = spread(lambda a: a.sum(axis=-1), x, dtype="float32", names=("sum", str(n)))
        assert 0.3 * n < float(np.mean(made.scale)) < n
    again = [np.asarray(spread(lambda a: a.sum(axis=-1), x, dtype="float32", names=("sum",)).scale) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    assert value_of(lambda a: np.sqrt(a * a).max(axis=-1), x).tolist() == [1.0] * 40
