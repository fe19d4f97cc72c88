"""References of attention with cache, cap and scores: loops over heads in double, and ONNX's own reference implementation."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.attention_cache import FUNCTIONS


def one_head(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray | None, p: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(y, products, with cap and mask, softmax) of (length, size) operands."""
    raw = (q @ k.T) * (q.shape[1] ** -0.5 if p["scale"] is None else p["scale"])
    s = p["softcap"] * np.tanh(raw / p["softcap"]) if p["softcap"] else raw
    if mask is not None:
        s = np.where(mask, s, -np.inf) if mask.dtype.kind == "b" else s + mask
    w = np.exp(s - s.max(axis=1, keepdims=True))
    w = w / w.sum(axis=1, keepdims=True)
    return w @ v, raw, s, w


def by_heads(sample: Sample) -> list[np.ndarray]:
    """All outputs, head after head."""
    p, (q, k, v, *rest) = dict(sample.params), (a if a.dtype.kind == "b" else a.astype(np.float64) for a in sample.arrays())
    (hq, hk), found = p["heads"], []
    for b in range(q.shape[0]):
        ks, vs = (
            [x[b, h] if x.ndim == 4 else x[b][:, h * (x.shape[2] // hk) : (h + 1) * (x.shape[2] // hk)] for h in range(hk)] for x in (k, v)
        )
        if p["cached"]:
            ks, vs = ([np.concatenate([past[b, h], new[h]]) for h in range(hk)] for past, new in ((rest[-2], ks), (rest[-1], vs)))
        rows = []
        for h in range(hq):
            mine = q[b, h] if q.ndim == 4 else q[b][:, h * (q.shape[2] // hq) : (h + 1) * (q.shape[2] // hq)]
            mask = None
            if p["masked"]:
                m = rest[0]
                mask = m if m.ndim == 2 else m[b, 0]
            rows.append(one_head(mine, ks[h // (hq // hk)], vs[h // (hq // hk)], mask, p))
        found.append((rows, ks, vs))
    y = np.stack([np.stack([r[0] for r in rows]) for rows, _, _ in found])
    out = [y.swapaxes(1, 2).reshape(y.shape[0], y.shape[2], -1) if p["form"] == "3d" else y]
    out += [np.stack([np.stack(f[i]) for f in found]) for i in (1, 2)] if p["cached"] else []
    if p["mode"] is not None:
        place = {0: 1, 2: 2, 3: 3}[p["mode"]]
        out.append(np.stack([np.stack([r[place] for r in rows]) for rows, _, _ in found]))
    return out


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_head_after_head_in_double(function: Function) -> None:
    for sample in function.samples():
        made = function.reference(sample)
        for e, want in zip(made, by_heads(sample), strict=True):
            assert e.shape == want.shape
            np.testing.assert_allclose(e.value, want, rtol=1e-12, atol=1e-12, err_msg=sample.name)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_the_reference_implementation_of_onnx_agrees(function: Function) -> None:
    """Not compared: products beside a cap, in whose place it gives out capped ones."""
    capped = [s for s in function.samples() if s.param("softcap") and s.param("mode") == 0]
    for sample in [s for s in function.samples() if s.dtype == "float32" and s not in capped][::3]:
        model = onnx.load_from_string(lower(function.id, sample))
        feeds = {f"x{i}": a for i, a in enumerate(sample.arrays())}
        for e, got in zip(function.reference(sample), ReferenceEvaluator(model).run(None, feeds), strict=True):
            np.testing.assert_allclose(got, e.value, rtol=1e-4, atol=1e-5, err_msg=sample.name)


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 50
