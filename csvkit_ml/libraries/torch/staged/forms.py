"""The ways in which torch offers an elementwise function: by name, as a method, into a given tensor, in place, under other names."""

from __future__ import annotations

import operator
import warnings
from typing import Any, Callable, Dict, Tuple

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
WIDE = ("float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*SIGNED, "uint8")
Form = Callable[..., Any]


def resolve(t: Any, path: str) -> Any:
    """`special.exp2` of torch."""
    return operator.attrgetter(path)(t)


def quiet(call: Form) -> Form:
    """A form that is deprecated, and warns."""

    def form(t, p, *x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(t, p, *x)

    return form


def _plain(path: str) -> Form:
    return lambda t, p, *x: resolve(t, path)(*x)


def _out(path: str, dtype: str) -> Form:
    def call(t, p, *x):
        shape = t.broadcast_shapes(*(v.shape for v in x))
        return resolve(t, path)(*x, out=t.empty(shape, dtype=getattr(t, dtype) if dtype else x[0].dtype))

    return call


def _method(name: str) -> Form:
    return lambda t, p, x, *more: getattr(x, name)(*more)


def _inplace(name: str) -> Form:
    """Into the first operand, expanded to the shape of the result."""
    return lambda t, p, x, *more: getattr(x.expand(t.broadcast_shapes(x.shape, *(y.shape for y in more))).clone(), name + "_")(*more)


def _named(prefix: str, names: str) -> Tuple[str, ...]:
    return tuple(prefix + n for n in names.split())


def called(
    function: str,
    path: str = "",
    *,
    also: str = "",
    method: str = "",
    inplace: bool = True,
    out: bool = True,
    result: str = "",
    dtypes: Tuple[str, ...] = FLOATS,
    forms: "Dict[str, Form] | None" = None,
    names: Tuple[str, ...] = (),
) -> Binding:
    """A function that torch calls alike with one operand or more.

    Args:
        path: below torch; empty = the function's own id.
        also: other names of it below torch, separated by blanks: forms of their own.
        method: name of the Tensor method; '' = the same name, '-' = there is none (nor in place).
        inplace: whether the method has an in-place twin.
        out: whether it takes `out`.
        result: dtype of the result where it is not the operand's.
        forms: further ways to call it.
        names: further names that those forms verify.
    """
    path = path or function
    method = method or path
    made = {"plain": _plain(path)}
    known = ["torch." + path]
    if out:
        made["out"] = _out(path, result)
    if method != "-":
        made["method"] = _method(method)
        known.append("torch.Tensor." + method)
        if inplace:
            made["inplace"] = _inplace(method)
            known.append("torch.Tensor." + method + "_")
    made.update({other.replace(".", "-").replace("_", "-"): _plain(other) for other in also.split()})
    return Binding(
        function=function,
        forms={**made, **(forms or {})},
        names=(*known, *_named("torch.", also), *names),
        dtypes=dtypes,
        modes=("inference-mode",),
    )


def with_number(path: str) -> Form:
    """A 0-d second operand is passed as a Python number."""
    return lambda t, p, x, *y: resolve(t, path)(x, *(v.item() if v.dim() == 0 else v for v in y))
