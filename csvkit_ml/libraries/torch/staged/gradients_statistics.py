"""Torch bindings: gradients of statistics, pools by powers, and of traces, blocks, limits and signs."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _moments(t, p, x):
    return t.stack((t.std_mean if p["root"] else t.var_mean)(x, dim=-1, correction=p["correction"]), dim=-1)


_both = bound("var_mean", _moments)

BINDINGS = (
    _both._replace(names=(*_both.names, "torch.std_mean")),
    bound("cov", lambda t, p, x: t.cov(x, correction=p["correction"])),
    bound("corrcoef", lambda t, p, x: t.corrcoef(x)),
    bound("softmin", lambda t, p, x: t.nn.functional.softmin(x, dim=-1), 1, "nn.functional.softmin"),
    bound("lp_pool1d", lambda t, p, x: t.nn.functional.lp_pool1d(x, p["p"], 3, 2), 1, "nn.functional.lp_pool1d"),
    bound("lp_pool2d", lambda t, p, x: t.nn.functional.lp_pool2d(x, p["p"], (1, 3), (1, 2)), 1, "nn.functional.lp_pool2d"),
    bound("vecdot", lambda t, p, a, b: t.linalg.vecdot(a, b), 2, "linalg.vecdot"),
    bound("trace", lambda t, p, x: t.trace(x)),
    bound("block_diag", lambda t, p, a, b: t.block_diag(a, b), 2),
    bound("clamp_tensors", lambda t, p, x, low, high: t.clamp(x, low, high), 3, "clamp"),
    bound("nan_to_num", lambda t, p, x: t.nan_to_num(x, 1.0, 2.0, -2.0)),
    bound("copysign", lambda t, p, a, b: t.copysign(a, b)),
)
