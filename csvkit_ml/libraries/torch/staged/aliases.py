"""Other public names of a function as variants of it: made from the name alone, so that what a name verifies is a call of that name.

Each is judged against the function's own reference, like every other variant. What works in place must return the tensor that it was
given, written; comparisons in place write 0 or 1 of the operand's dtype.
"""

from __future__ import annotations

from typing import Any, Callable, Dict

from csvkit_ml.libraries.torch.staged.forms import resolve

Form = Callable[..., Any]
Names = Dict[str, Dict[str, Form]]
"""Calls by public name, by function."""
_METHOD = "torch.Tensor."


def truths(t: Any, y: Any) -> Any:
    """0 and 1 of any dtype as bool. Raises ValueError for other numbers."""
    if not bool(((y == 0) | (y == 1)).all()):
        raise ValueError("neither 0 nor 1 was written for a truth value")
    return y == 1


def _same(t: Any, y: Any) -> Any:
    return y


def _function(name: str, given: "tuple[str, ...]", after: Form) -> Form:
    path = name[len("torch.") :]
    return lambda t, p, *x: after(t, resolve(t, path)(*x, *(p[g] for g in given)))


def _method(name: str, given: "tuple[str, ...]", after: Form) -> Form:
    return lambda t, p, x, *more: after(t, getattr(x, name)(*more, *(p[g] for g in given)))


def _reflected(name: str, after: Form) -> Form:
    """`x - y` asked of the second operand."""
    return lambda t, p, x, y: after(t, getattr(y, name)(x))


def _inplace(call: Form, after: Form) -> Form:
    """Into a copy of the first operand, expanded to the shape of the result. Raises ValueError where another tensor is returned."""

    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        y = x.expand(t.broadcast_shapes(x.shape, *(m.shape for m in more))).clone() if more else x.clone()
        made = call(t, p, y, *more)
        if made is not y:
            raise ValueError("what works in place returned another tensor")
        return after(t, made)

    return form


def _form(name: str, given: "tuple[str, ...]", after: Form) -> Form:
    last = name.rsplit(".", 1)[-1]
    if name.startswith(_METHOD) and last.startswith("__r") and last not in ("__rshift__", "__round__"):
        return _reflected(last, after)
    written = last.startswith("__i") and last != "__invert__" or last.endswith("_") and not last.endswith("__")
    then = _same if written else after
    call = _method(last, given, then) if name.startswith(_METHOD) else _function(name, given, then)
    return _inplace(call, after) if written else call


def named(names: str, *given: str, after: Form = _same) -> Dict[str, Form]:
    """The call of each name.

    Args:
        names: below torch, separated by blanks: `abs_ Tensor.absolute special.expit Tensor.__iadd__`.
        given: parameters of the sample that follow the operands, in order.
        after: (torch, result) -> result, where the name returns it in another form.
    """
    return {"torch." + n: _form("torch." + n, given, after) for n in names.split()}

