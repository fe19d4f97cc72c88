"""Torch bindings: autocast on the CPU with bfloat16, and the gradient scaler there."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.binding import Binding


def _operand(t, *shape):
    """Values that bfloat16 does not hold, from a fixed stream."""
    return t.rand(*shape, generator=t.Generator().manual_seed(sum(shape))) - 0.4


def _calls(t):
    """Operator by name: (call, float32 operands)."""
    f, o = t.nn.functional, lambda *s: _operand(t, *s)
    sign = t.tensor([1.0, -1.0, 1.0])
    return {
        "matmul": (t.matmul, (o(5, 7), o(7, 3))), "mm": (t.mm, (o(5, 7), o(7, 3))), "bmm": (t.bmm, (o(2, 5, 7), o(2, 7, 3))),
        "addmm": (t.addmm, (o(5, 3), o(5, 7), o(7, 3))), "baddbmm": (t.baddbmm, (o(2, 5, 3), o(2, 5, 7), o(2, 7, 3))),
        "addbmm": (t.addbmm, (o(5, 3), o(2, 5, 7), o(2, 7, 3))), "linear": (f.linear, (o(5, 7), o(3, 7), o(3))),
        "conv1d": (f.conv1d, (o(2, 3, 9), o(4, 3, 3))), "conv2d": (f.conv2d, (o(2, 3, 6, 6), o(4, 3, 3, 3))),
        "conv3d": (f.conv3d, (o(1, 2, 5, 5, 5), o(3, 2, 2, 2, 2))), "einsum": (lambda a, b: t.einsum("ij,jk->ik", a, b), (o(5, 7), o(7, 3))),
        "dot_attention": (f.scaled_dot_product_attention, (o(1, 2, 4, 8), o(1, 2, 5, 8), o(1, 2, 5, 8))),
        "mse_loss": (f.mse_loss, (o(5, 3), o(3, 5).T)), "smooth_l1_loss": (f.smooth_l1_loss, (o(5, 3), o(3, 5).T)),
        "l1_loss": (f.l1_loss, (o(5, 3), o(3, 5).T)),
        "huber_loss": (f.huber_loss, (o(5, 3), o(3, 5).T)), "nll_loss": (lambda x: f.nll_loss(x, t.tensor([0, 2, 1])), (o(3, 4),)),
        "binary_cross_entropy_with_logits": (f.binary_cross_entropy_with_logits, (o(5, 3), o(3, 5).T.abs())),
        "cosine_embedding_loss": (lambda a, b: f.cosine_embedding_loss(a, b, sign), (o(3, 6), o(6, 3).T)),
        "kl_div": (lambda a, b: f.kl_div(a, b, reduction="batchmean"), (o(5, 3), o(3, 5).T.abs())),
        "cdist": (t.cdist, (o(5, 3), o(4, 3))), "fft": (lambda x: t.fft.fft(x).abs(), (o(8),)), "prod": (t.prod, (o(7),)), "trace": (t.trace, (o(4, 4),)),
        "cat": (lambda a, b: t.cat([a, b]), (o(5, 3), o(3, 3))), "stack": (lambda a, b: t.stack([a, b]), (o(3, 3), o(3, 3) * 2)),
        "index_copy": (lambda a, b: t.index_copy(a, 0, t.tensor([2, 0]), b), (o(4, 3), o(2, 3))),
        "add": (t.add, (o(5, 3), o(5, 3) * 2)), "relu": (t.relu, (o(5, 3),)), "sum": (t.sum, (o(5, 3),)),
    }  # fmt: skip


def _policy(region):
    """Under autocast against the call outside, with operands in the policy's format."""

    def form(t, p):
        call, operands = _calls(t)[p["operator"]]
        given = operands if p["policy"] != 1 else [x.bfloat16() for x in operands]
        if p["policy"] == 2:
            given = [operands[0], operands[1].bfloat16()] if p["operator"] != "index_copy" else list(operands)
        with region(t):
            found = call(*given)
            double = call(*[x.double() for x in operands]).dtype
        wanted = t.bfloat16 if p["policy"] == 0 else t.float32
        plain = call(*[x.to(wanted) for x in given])
        kept = double == (t.float64 if p["policy"] in (2, 3) else double)
        return t.tensor([found.dtype == wanted, t.equal(found, plain.to(found.dtype)), kept])

    return form


def _region(t):
    return t.autocast("cpu", dtype=t.bfloat16)


def _region_by_amp(t):
    return t.amp.autocast(device_type="cpu", dtype=t.bfloat16, cache_enabled=False)


def _scaler(t, p):
    return t.amp.GradScaler(
        "cpu", init_scale=p["start"], growth_factor=p["growth"], backoff_factor=p["backoff"], growth_interval=p["interval"]
    )


def _scaling(step):
    def form(t, p, x):
        scaler, w = _scaler(t, p), t.nn.Parameter(t.zeros_like(x))
        optimiser = t.optim.SGD([w], lr=1.0)
        scales, weights = [], []
        for bad in p["overflow"]:
            optimiser.zero_grad()
            scaler.scale((w * x).sum() * (float("inf") if bad else 1.0)).backward()
            scaler = step(t, p, scaler, optimiser)
            scales.append(scaler.get_scale())
            weights.append(w.detach().clone())
        return [t.tensor(scales), t.stack(weights)]

    return form


def _step(t, p, scaler, optimiser):
    scaler.step(optimiser)
    scaler.update()
    return scaler


def _unscale_first(t, p, scaler, optimiser):
    scaler.unscale_(optimiser)
    return _step(t, p, scaler, optimiser)


def _resumed(t, p, scaler, optimiser):
    """The scaler is saved and loaded into another after each step."""
    _step(t, p, scaler, optimiser)
    other = _scaler(t, {**p, "start": 3.0})
    other.load_state_dict(scaler.state_dict())
    return other


def _unscaled(t, p, g):
    scaler, w = t.amp.GradScaler("cpu", init_scale=p["start"]), t.nn.Parameter(t.zeros_like(g))
    optimiser = t.optim.SGD([w], lr=1.0)
    scaler.scale((w * g).sum()).backward()
    scaled = t.equal(w.grad, g * p["start"])
    scaler.unscale_(optimiser)
    gradient = w.grad.clone()
    norm = t.nn.utils.clip_grad_norm_([w], 10.0)
    try:
        scaler.unscale_(optimiser)
        refused = False
    except RuntimeError:
        refused = True
    scaler.step(optimiser)
    scaler.update()
    return [gradient, norm, w.detach(), t.tensor([refused, scaled])]


def _seen(t):
    """A function that is computed in float32 under autocast, and tells whether its backward ran under the same state."""
    outcome: dict[str, Any] = {}

    def forward(ctx, x):
        outcome["dtype"] = x.dtype
        outcome["forward"] = t.is_autocast_enabled("cpu")
        return x * 2

    def backward(ctx, g):
        outcome["backward"] = t.is_autocast_enabled("cpu")
        return g * 2

    wide = staticmethod(t.amp.custom_fwd(forward, device_type="cpu", cast_inputs=t.float32))
    made: Any = type(
        "Wide", (t.autograd.Function,), {"forward": wide, "backward": staticmethod(t.amp.custom_bwd(backward, device_type="cpu"))}
    )
    return made, outcome


def _state(t, p):
    made, outcome = _seen(t)
    x = t.ones(3, dtype=t.bfloat16, requires_grad=True)
    with t.autocast("cpu", dtype=t.bfloat16, enabled=p["enabled"], cache_enabled=p["cached"]):
        inside, cached, dtype = t.is_autocast_enabled("cpu"), t.is_autocast_cache_enabled(), t.get_autocast_dtype("cpu")
        with t.autocast("cpu", enabled=False):
            nested = t.is_autocast_enabled("cpu")
        y = made.apply(x)
    y.sum().backward()
    cast = outcome["dtype"] == (t.float32 if p["enabled"] else t.bfloat16)
    return t.tensor(
        [inside, t.is_autocast_enabled("cpu"), nested, cached, dtype == t.bfloat16, cast, outcome["backward"] == outcome["forward"]]
    )


def _state_by_hand(t, p):
    """The switches that the region turns."""
    answers = _state(t, p).tolist()
    before = t.is_autocast_enabled("cpu"), t.get_autocast_dtype("cpu"), t.is_autocast_cache_enabled()
    t.set_autocast_enabled("cpu", p["enabled"])
    t.set_autocast_dtype("cpu", t.bfloat16)
    t.set_autocast_cache_enabled(p["cached"])
    t.autocast_increment_nesting()
    inside, cached, dtype = t.is_autocast_enabled("cpu"), t.is_autocast_cache_enabled(), t.get_autocast_dtype("cpu")
    if t.autocast_decrement_nesting() == 0:
        t.clear_autocast_cache()
    t.set_autocast_enabled("cpu", before[0])
    t.set_autocast_dtype("cpu", before[1])
    t.set_autocast_cache_enabled(before[2])
    return t.tensor(
        [inside, t.is_autocast_enabled("cpu"), answers[2], cached, dtype == t.bfloat16 and t.amp.is_autocast_available("cpu"), *answers[5:]]
    )


def _binding(function, names, dtypes, **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=(), since="2.4")


BINDINGS = (
    _binding("autocast_policy", ("torch.autocast", "torch.amp.autocast"), ("int64",), plain=_policy(_region), amp=_policy(_region_by_amp)),
    _binding(
        "loss_scaling",
        ("torch.amp.GradScaler", "torch.GradScaler"),
        ("float32",),
        plain=_scaling(_step),
        unscaled_first=_scaling(_unscale_first),
        resumed=_scaling(_resumed),
    ),
    _binding("loss_unscaling", ("torch.amp.GradScaler", "torch.nn.utils.clip_grad_norm_"), ("float32",), plain=_unscaled),
    _binding(
        "autocast_state",
        (
            "torch.autocast",
            "torch.is_autocast_enabled",
            "torch.is_autocast_cache_enabled",
            "torch.get_autocast_dtype",
            "torch.set_autocast_enabled",
            "torch.set_autocast_dtype",
            "torch.set_autocast_cache_enabled",
            "torch.autocast_increment_nesting",
            "torch.autocast_decrement_nesting",
            "torch.clear_autocast_cache",
            "torch.amp.custom_fwd",
            "torch.amp.custom_bwd",
            "torch.amp.is_autocast_available",
        ),
        ("int64",),
        plain=_state,
        by_hand=_state_by_hand,
    ),
)
