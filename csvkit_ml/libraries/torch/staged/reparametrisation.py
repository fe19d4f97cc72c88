"""Torch bindings: normalised, orthogonal, parametrised and pruned weights; initial values."""

from __future__ import annotations

import importlib
from typing import Any

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import quiet

FLOATS = ("float32", "float64")


def _holder(t, x):
    """A module with one parameter."""
    module = t.nn.Module()
    module.weight = t.nn.Parameter(x.detach().clone())
    return module


def _prune_of(t):
    """torch.nn.utils.prune, which torch does not import by itself."""
    return importlib.import_module(t.__name__ + ".nn.utils.prune")


def _weight_norm_parametrised(t, p, v, g):
    module = _holder(t, v)
    t.nn.utils.parametrizations.weight_norm(module, dim=p["dim"])
    module.parametrizations.weight.original0.data.copy_(g)
    return module.weight


def _weight_norm_old(removed):
    def call(t, p, v, g):
        module = _holder(t, v)
        t.nn.utils.weight_norm(module, dim=p["dim"])
        module.weight_g.data.copy_(g)
        if removed:
            return t.nn.utils.remove_weight_norm(module).weight
        module.forward = lambda: module.weight
        return module()

    return quiet(call)


def _weight_norm_removed(t, p, v, g):
    module = _holder(t, v)
    t.nn.utils.parametrizations.weight_norm(module, dim=p["dim"])
    module.parametrizations.weight.original0.data.copy_(g)
    return t.nn.utils.parametrize.remove_parametrizations(module, "weight").weight


def _weight_norm_operator(t, p, v, g):
    return t._weight_norm(v, g, p["dim"] if p["dim"] is not None else -1)


def _spectral_parametrised(removed):
    def form(t, p, x):
        t.manual_seed(p["seed"])
        module = _holder(t, x)
        t.nn.utils.parametrizations.spectral_norm(module, n_power_iterations=60)
        module.train().weight  # noqa: B018
        module.eval()
        return t.nn.utils.parametrize.remove_parametrizations(module, "weight").weight if removed else module.weight

    return form


def _spectral_old(removed):
    def call(t, p, x):
        t.manual_seed(p["seed"])
        module = t.nn.Linear(x.shape[1], x.shape[0], bias=False)
        module.weight.data.copy_(x)
        t.nn.utils.spectral_norm(module, n_power_iterations=60)
        module(t.zeros(1, x.shape[1]))
        return t.nn.utils.remove_spectral_norm(module).weight if removed else module.weight

    return quiet(call)


def _gram(q):
    """Products in double, so that the factors' own errors are seen."""
    wide = q.detach().double()
    return ((wide.mT @ wide) if q.shape[0] >= q.shape[1] else (wide @ wide.mT)).to(q.dtype)


def _orthogonal(name, trivialised=False):
    def form(t, p, x):
        t.manual_seed(p["seed"])
        module = t.nn.Linear(x.shape[1], x.shape[0], bias=False, dtype=x.dtype)
        t.nn.utils.parametrizations.orthogonal(module, orthogonal_map=name, use_trivialization=trivialised)
        original: Any = module.parametrizations.weight.original
        given = x if original.shape == x.shape else x.mT
        if name == "householder":  # the diagonal holds the signs of the columns
            tall = given if given.shape[0] >= given.shape[1] else given.mT
            tall = tall.tril(-1) + t.eye(*tall.shape, dtype=x.dtype) * tall.diagonal().sign()
            given = tall if tall.shape == given.shape else tall.mT
        original.data.copy_(given)
        return _gram(module.weight)

    return form


def _orthogonal_assigned(t, p, x):
    """An orthogonal matrix that is written in comes back."""
    t.manual_seed(p["seed"])
    module = t.nn.Linear(x.shape[1], x.shape[0], bias=False, dtype=x.dtype)
    t.nn.utils.parametrizations.orthogonal(module)
    tall = x if x.shape[0] >= x.shape[1] else x.mT
    q = t.linalg.qr(tall)[0]
    module.weight = q if x.shape[0] >= x.shape[1] else q.mT
    return _gram(module.weight)


def _orthogonal_initial(t, p, x):
    t.manual_seed(p["seed"])
    return _gram(t.nn.init.orthogonal_(t.empty_like(x)))


def _prune(t, module, kind, amount):
    prune = _prune_of(t)
    if kind == "custom":
        return prune.custom_from_mask(module, "weight", (module.weight > 0).to(module.weight.dtype))
    if kind == "identity":
        return prune.identity(module, "weight")
    if kind in ("rows", "columns"):
        return prune.ln_structured(module, "weight", amount, n=2, dim=0 if kind == "rows" else 1)
    if kind == "twice":
        prune.l1_unstructured(module, "weight", amount)
    return prune.l1_unstructured(module, "weight", amount)


def _by_class(t, module, kind, amount):
    prune = _prune_of(t)
    if kind == "custom":
        prune.CustomFromMask.apply(module, "weight", (module.weight > 0).to(module.weight.dtype))
    elif kind == "identity":
        prune.Identity.apply(module, "weight")
    elif kind in ("rows", "columns"):
        prune.LnStructured.apply(module, "weight", amount, 2, 0 if kind == "rows" else 1)
    else:
        for _ in range(2 if kind == "twice" else 1):
            prune.L1Unstructured.apply(module, "weight", amount)
    return module


def _pruned(how):
    def form(t, p, x):
        prune, module = _prune_of(t), _holder(t, x)
        before = prune.is_pruned(module)
        how(t, module, p["kind"], p["amount"])
        module.weight.sum().backward()
        pruned, gradient, told = module.weight.detach().clone(), module.weight_orig.grad, prune.is_pruned(module)
        prune.remove(module, "weight")
        permanent = t.equal(module.weight, pruned) and isinstance(module.weight, t.nn.Parameter) and not prune.is_pruned(module)
        return [pruned, gradient, t.tensor([told, before, permanent])]

    return form


def _pruned_with_scores(t, module, kind, amount):
    """Scores that are the magnitudes, given apart."""
    if kind == "l1":
        return _prune_of(t).l1_unstructured(module, "weight", amount, importance_scores=module.weight.detach() * -1)
    return _prune(t, module, kind, amount)


def _globally(t, p, a, b):
    first, second = _holder(t, a), _holder(t, b)
    prune = _prune_of(t)
    prune.global_unstructured([(first, "weight"), (second, "weight")], prune.L1Unstructured, amount=p["amount"])
    return [first.weight, second.weight]


def _randomly(by_class):
    def once(t, p, seed):
        prune = _prune_of(t)
        t.manual_seed(seed)
        module, dim = _holder(t, t.ones(p["shape"])), 1 if p["kind"] == "columns" else 0
        if p["kind"] == "cells":
            (prune.RandomUnstructured.apply if by_class else prune.random_unstructured)(module, "weight", p["amount"])
        elif by_class:
            prune.RandomStructured.apply(module, "weight", p["amount"], dim)
        else:
            prune.random_structured(module, "weight", p["amount"], dim)
        return module.weight.detach()

    def form(t, p):
        first, again = once(t, p, p["seed"]), once(t, p, p["seed"])
        others = [once(t, p, p["seed"] + i) for i in range(1, 9)]
        zeros = first == 0
        found = zeros.sum() if p["kind"] == "cells" else zeros.all(1 if p["kind"] == "rows" else 0).sum()
        whole = p["kind"] == "cells" or int(zeros.sum()) == int(found) * p["shape"][1 if p["kind"] == "rows" else 0]
        return [found.reshape(1), t.tensor([t.equal(first, again) and whole, any(not t.equal(first, o) for o in others)])]

    return form


def _maps(t):
    """(w + 1, 2 w), each with its inverse."""

    def made(forward, inverse):
        return type("Map", (t.nn.Module,), {"forward": lambda self, w: forward(w), "right_inverse": lambda self, w: inverse(w)})()

    return made(lambda w: w + 1, lambda w: w - 1), made(lambda w: 2 * w, lambda w: w / 2)


def _parametrised(t, p, x):
    parametrize, module = t.nn.utils.parametrize, _holder(t, x)
    kind = type(module)
    for m in _maps(t):
        parametrize.register_parametrization(module, "weight", m)
    weight, original = module.weight.detach().clone(), module.parametrizations.weight.original.detach().clone()
    told = parametrize.is_parametrized(module) and parametrize.is_parametrized(module, "weight")
    same = parametrize.type_before_parametrizations(module) is kind
    with parametrize.cached():
        cached = module.weight is module.weight
    fresh = module.weight is not module.weight
    with t.no_grad():
        module.weight = t.full_like(x, 6.0)
    written = module.weight.detach().clone()
    module.weight = x
    parametrize.remove_parametrizations(module, "weight")
    answers = [told, same, cached, parametrize.is_parametrized(module), fresh]
    return [weight, original, written, module.weight, t.tensor(answers)]


def _parametrised_together(t, p, x):
    """The maps handed over to another module."""
    parametrize, first, second = t.nn.utils.parametrize, _holder(t, x), _holder(t, x)
    for m in _maps(t):
        parametrize.register_parametrization(first, "weight", m)
    parametrize.transfer_parametrizations_and_params(first, second)
    outcome = _parametrised(t, p, x)
    return [second.weight, second.parametrizations.weight.original, *outcome[2:]]


def _initial(old):
    def call(t, p):
        kind, x = p["kind"], t.full(p["shape"], float("nan"), dtype=getattr(t, p["dtype_name"]))
        arguments = (p["value"],) if kind == "constant" else (int(p["value"]),) if kind == "dirac" else ()
        name = kind if old and kind in ("constant", "eye", "dirac") else kind + "_"
        return getattr(t.nn.init, name)(x, *arguments)

    return quiet(call)


def _binding(function, names, dtypes=FLOATS, layouts=(), since="", **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    names = tuple(n if n.startswith("torch.") else "torch.nn.utils." + n for n in names)
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=layouts, since=since)


BINDINGS = (
    _binding(
        "weight_norm",
        ("parametrizations.weight_norm", "weight_norm", "remove_weight_norm", "parametrize.remove_parametrizations"),
        since="2.1",
        plain=_weight_norm_parametrised,
        removed=_weight_norm_removed,
        hook=_weight_norm_old(False),
        hook_removed=_weight_norm_old(True),
        operator=_weight_norm_operator,
    ),
    _binding(
        "spectral_norm",
        ("parametrizations.spectral_norm", "spectral_norm", "remove_spectral_norm"),
        dtypes=("float32",),
        plain=_spectral_parametrised(False),
        removed=_spectral_parametrised(True),
        hook=_spectral_old(False),
        hook_removed=_spectral_old(True),
    ),
    _binding(
        "orthogonal_matrices",
        ("parametrizations.orthogonal", "torch.nn.init.orthogonal_"),
        plain=_orthogonal("matrix_exp", True),
        cayley=_orthogonal("cayley", True),
        householder=_orthogonal("householder"),
        exponential=_orthogonal("matrix_exp"),
        assigned=_orthogonal_assigned,
        initial=_orthogonal_initial,
    ),
    _binding(
        "pruning",
        (
            "prune.l1_unstructured",
            "prune.ln_structured",
            "prune.custom_from_mask",
            "prune.identity",
            "prune.L1Unstructured",
            "prune.LnStructured",
            "prune.CustomFromMask",
            "prune.Identity",
            "prune.remove",
            "prune.is_pruned",
            "prune.PruningContainer",
            "prune.BasePruningMethod",
        ),
        dtypes=("float32",),
        plain=_pruned(_prune),
        by_class=_pruned(_by_class),
        with_scores=_pruned(_pruned_with_scores),
    ),
    _binding("pruning_global", ("prune.global_unstructured",), dtypes=("float32",), plain=_globally),
    _binding(
        "pruning_random",
        ("prune.random_unstructured", "prune.random_structured", "prune.RandomUnstructured", "prune.RandomStructured"),
        dtypes=("float32",),
        plain=_randomly(False),
        by_class=_randomly(True),
    ),
    _binding(
        "parametrisation",
        (
            "parametrize.register_parametrization",
            "parametrize.remove_parametrizations",
            "parametrize.is_parametrized",
            "parametrize.cached",
            "parametrize.ParametrizationList",
            "parametrize.type_before_parametrizations",
            "parametrize.transfer_parametrizations_and_params",
        ),
        dtypes=("float32",),
        plain=_parametrised,
        transferred=_parametrised_together,
    ),
    _binding(
        "initial_gain",
        ("torch.nn.init.calculate_gain",),
        dtypes=("float64",),
        plain=lambda t, p: float(t.nn.init.calculate_gain(p["name"], p["slope"])),
    ),
    _binding(
        "initial_values",
        (
            "torch.nn.init.constant_",
            "torch.nn.init.ones_",
            "torch.nn.init.zeros_",
            "torch.nn.init.eye_",
            "torch.nn.init.dirac_",
            "torch.nn.init.constant",
            "torch.nn.init.eye",
            "torch.nn.init.dirac",
        ),
        plain=_initial(False),
        deprecated=_initial(True),
    ),
)
