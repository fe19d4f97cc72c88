"""Torch bindings: transforms of torch.distributions, by class, composed with the identity, cached, and by the constraint that they serve."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _pointwise(t, name, dtype, **more):
    d = t.distributions
    if name == "cdf":
        return d.CumulativeDistributionTransform(d.Normal(t.zeros((), dtype=dtype), t.ones((), dtype=dtype)), **more)
    if name == "affine":
        return d.AffineTransform(t.tensor(0.5, dtype=dtype), t.tensor(-2.5, dtype=dtype), **more)
    if name == "power":
        return d.PowerTransform(t.tensor(1.5, dtype=dtype), **more)
    return {"exp": d.ExpTransform, "sigmoid": d.SigmoidTransform, "tanh": d.TanhTransform, "softplus": d.SoftplusTransform}[name](**more)


def _asked(made, part, x):
    if part == "inverse":
        return made.inv(x)
    y = made(x)
    return y if part == "forward" else made.log_abs_det_jacobian(x, y)


def _by_inverse(t, p, x):
    """The inverse of the inverse; its Jacobian is the negative."""
    made = _pointwise(t, p["name"], x.dtype).inv
    if p["part"] == "inverse":
        return made(x)
    y = made.inv(x)
    return y if p["part"] == "forward" else -made.log_abs_det_jacobian(y, x)


def _composed(t, p, x):
    made = t.distributions.ComposeTransform([_pointwise(t, p["name"], x.dtype), t.distributions.identity_transform])
    return _asked(made, p["part"], x)


def _independent(t, p, x):
    """Each number is an event of one dimension."""
    made = t.distributions.IndependentTransform(_pointwise(t, p["name"], x.dtype), 1)
    y = _asked(made, p["part"], x[:, None])
    return y if p["part"] == "jacobian" else y[:, 0]


def _vector(t, name):
    d = t.distributions
    parts = [d.ExpTransform(), d.AffineTransform(0.0, 3.0)]
    made = {
        "softmax": d.SoftmaxTransform,
        "stick_breaking": d.StickBreakingTransform,
        "lower_cholesky": d.LowerCholeskyTransform,
        "positive_definite": d.PositiveDefiniteTransform,
        "corr_cholesky": d.CorrCholeskyTransform,
        "compose": lambda: d.IndependentTransform(d.ComposeTransform([d.AffineTransform(1.0, 2.0), d.ExpTransform()]), 1),
        "cat": lambda: d.CatTransform(parts, dim=1, lengths=[2, 2]),
        "stack": lambda: d.StackTransform(parts, dim=1),
        "reshape": lambda: d.ReshapeTransform((6,), (2, 3)),
        "abs": d.AbsTransform,
    }
    return made[name]()


_WITH_JACOBIAN = ("stick_breaking", "corr_cholesky", "compose", "reshape")


def _results(made, name, x):
    y = made(x)
    return [y, made.log_abs_det_jacobian(x, y)] if name in _WITH_JACOBIAN else y


def _by_class(t, p, x):
    return _results(_vector(t, p["name"]), p["name"], x)


def _by_constraint(t, p, x):
    """What biject_to or transform_to gives for the constraint."""
    c, d = t.distributions.constraints, t.distributions
    found = {
        "softmax": lambda: d.transform_to(c.simplex), "stick_breaking": lambda: d.biject_to(c.simplex),
        "lower_cholesky": lambda: d.transform_to(c.lower_cholesky), "positive_definite": lambda: d.transform_to(c.positive_definite),
        "corr_cholesky": lambda: d.biject_to(c.corr_cholesky),
    }  # fmt: skip
    made = found.get(p["name"], lambda: _vector(t, p["name"]))()
    y = made(x)
    if not bool(made.codomain.check(y).all()):
        raise ValueError("the result does not meet the constraint")
    return _results(made, p["name"], x)


def _there_and_back(t, p, x):
    """Of what the inverse finds for the image."""
    made = _vector(t, p["name"])
    if p["name"] in ("abs", "softmax"):
        return _results(made, p["name"], x)
    back = made.inv(made(x.double())).to(x.dtype)
    close = bool(((back - x).abs() <= 1e-6).all())
    return _results(made, p["name"], x if close else back)


BINDINGS = (
    Binding(
        function="transform_pointwise",
        forms={
            "plain": lambda t, p, x: _asked(_pointwise(t, p["name"], x.dtype), p["part"], x),
            "cached": lambda t, p, x: _asked(_pointwise(t, p["name"], x.dtype, cache_size=1), p["part"], x),
            "inverse-of-inverse": _by_inverse,
            "composed": _composed,
            "independent": _independent,
        },
        names=(
            "torch.distributions.ExpTransform",
            "torch.distributions.AffineTransform",
            "torch.distributions.PowerTransform",
            "torch.distributions.SigmoidTransform",
            "torch.distributions.TanhTransform",
            "torch.distributions.SoftplusTransform",
            "torch.distributions.CumulativeDistributionTransform",
            "torch.distributions.ComposeTransform",
            "torch.distributions.IndependentTransform",
            "torch.distributions.identity_transform",
            "torch.distributions.Transform",
        ),
        dtypes=FLOATS,
        layouts=("strided",),
    ),
    Binding(
        function="transform_vectors",
        forms={"plain": _by_class, "constraint": _by_constraint, "there-and-back": _there_and_back},
        names=(
            "torch.distributions.SoftmaxTransform",
            "torch.distributions.StickBreakingTransform",
            "torch.distributions.LowerCholeskyTransform",
            "torch.distributions.PositiveDefiniteTransform",
            "torch.distributions.CorrCholeskyTransform",
            "torch.distributions.CatTransform",
            "torch.distributions.StackTransform",
            "torch.distributions.ReshapeTransform",
            "torch.distributions.AbsTransform",
            "torch.distributions.biject_to",
            "torch.distributions.transform_to",
        ),
        dtypes=FLOATS,
        layouts=("strided", "transposed"),
    ),
)
