"""Torch bindings: losses of each element."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


_NATIVE = ("kl_div", "poisson_nll_loss", "hinge_embedding_loss", "margin_ranking_loss")
"""Losses that torch also offers under its own name, with the reduction as a number."""
_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2, "batchmean": 2}


def _native(function, operands, arguments):
    def form(t, p, *xs):
        given, how = operands(p, xs), {**arguments(p, xs), "reduction": _REDUCTIONS[p["reduction"]]}
        y = getattr(t, function)(*given, **how)
        return y / given[0].shape[0] if p["reduction"] == "batchmean" else y

    return form


def _loss(function, module, arguments, operands, modes=("requires-grad",)):
    """A loss by name and as a module.

    `arguments(p, xs)` gives keyword arguments of both besides the reduction, `operands(p, xs)` what the loss is called with;
    some losses refuse targets or weights that require a gradient: `modes`.
    """

    def how(p, xs):
        return {"reduction": p["reduction"], **arguments(p, xs)}

    return Binding(
        function=function,
        forms={
            "plain": lambda t, p, *xs: getattr(t.nn.functional, function)(*operands(p, xs), **how(p, xs)),
            "module": lambda t, p, *xs: getattr(t.nn, module)(**how(p, xs))(*operands(p, xs)),
            **({"native": _native(function, operands, arguments)} if function in _NATIVE else {}),
        },
        names=("torch.nn.functional." + function, "torch.nn." + module, *(("torch." + function,) if function in _NATIVE else ())),
        dtypes=FLOATS,
        modes=modes,
    )


def _all(p, xs):
    return xs


def _named(*names):
    return lambda p, xs: {n: p[n] for n in names}


BINDINGS = (
    _loss("l1_loss", "L1Loss", _named(), _all),
    _loss("smooth_l1_loss", "SmoothL1Loss", _named("beta"), _all),
    _loss("huber_loss", "HuberLoss", _named("delta"), _all),
    _loss("kl_div", "KLDivLoss", _named("log_target"), lambda p, xs: (xs[0], xs[2] if p["log_target"] else xs[1])),
    _loss("binary_cross_entropy", "BCELoss", lambda p, xs: {"weight": xs[2] if p["weighted"] else None}, lambda p, xs: xs[:2], ("no-grad",)),
    _loss("poisson_nll_loss", "PoissonNLLLoss", _named("log_input", "full", "eps"), lambda p, xs: (xs[0] if p["log_input"] else xs[1], xs[2])),
    _loss("gaussian_nll_loss", "GaussianNLLLoss", _named("full", "eps"), _all),
    _loss("hinge_embedding_loss", "HingeEmbeddingLoss", _named("margin"), _all),
    _loss("soft_margin_loss", "SoftMarginLoss", _named(), _all, ("no-grad",)),
    _loss("margin_ranking_loss", "MarginRankingLoss", _named("margin"), _all),
)
