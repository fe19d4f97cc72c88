"""Torch bindings: trigonometric and hyperbolic functions."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.forms import called

BINDINGS = (
    called("sin"),
    called("cos"),
    called("tan"),
    called("asin", also="arcsin", names=("torch.Tensor.arcsin",), forms={"arc-method": lambda t, p, x: x.arcsin()}),
    called("acos", also="arccos", names=("torch.Tensor.arccos",), forms={"arc-method": lambda t, p, x: x.arccos()}),
    called("atan", also="arctan", names=("torch.Tensor.arctan",), forms={"arc-method": lambda t, p, x: x.arctan()}),
    called("atan2", also="arctan2", names=("torch.Tensor.arctan2",), forms={"arc-method": lambda t, p, y, x: y.arctan2(x)}),
    called("sinh"),
    called("cosh"),
    called("asinh", also="arcsinh", names=("torch.Tensor.arcsinh",), forms={"arc-method": lambda t, p, x: x.arcsinh()}),
    called("acosh", also="arccosh", names=("torch.Tensor.arccosh",), forms={"arc-method": lambda t, p, x: x.arccosh()}),
    called("atanh", also="arctanh", names=("torch.Tensor.arctanh",), forms={"arc-method": lambda t, p, x: x.arctanh()}),
    called("sinc", also="special.sinc"),
    called("hypot"),
    called("deg2rad"),
    called("rad2deg"),
)
