"""Torch bindings: copies, ranges, identities and constants, complex numbers taken apart and put together."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

MOVED = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
COMPLEX = ("complex64", "complex128")
REAL = ("float32", "float64")


def _both(*names):
    return tuple(n for name in names for n in ("torch." + name, "torch.Tensor." + name))


def _binding(function, forms, names, dtypes=MOVED, layouts=("strided", "transposed", "offset", "expanded"), modes=("inference-mode",)):
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=layouts, modes=modes)


def _dtype(t, p):
    """Of a sample without operands."""
    return getattr(t, p["kind"])


def _in_place_of_ones(t, p):
    return t.ones(p["shape"], dtype=_dtype(t, p)).fill_(p["value"])


def _zeros_or_ones(t, p):
    if p["value"] not in (0, 1):
        return t.empty(p["shape"], dtype=_dtype(t, p)).fill_(p["value"])
    return (t.ones if p["value"] else t.zeros)(p["shape"], dtype=_dtype(t, p))


def _zeros_or_ones_like(t, p):
    x = t.empty(p["shape"], dtype=_dtype(t, p))
    if p["value"] not in (0, 1):
        return t.fill(x, p["value"])
    return (t.ones_like if p["value"] else t.zeros_like)(x)


def _new(t, p):
    x = t.empty((), dtype=_dtype(t, p))
    if p["value"] not in (0, 1):
        return x.new_full(p["shape"], p["value"])
    return (x.new_ones if p["value"] else x.new_zeros)(p["shape"])


def _full_like(t, p):
    return t.full_like(t.empty(p["shape"], dtype=_dtype(t, p)), p["value"])


def _real_and_imaginary(t, p, x):
    return t.stack([t.real(x), t.imag(x)], dim=-1)


def _real_and_imaginary_attributes(t, p, x):
    return t.stack([x.real, x.imag], dim=-1)


def _of_its_own(t, x):
    """In storage of its own: pairs must be adjacent and begin at an even offset."""
    return x.clone(memory_format=t.contiguous_format)


def _complex(t, p, x):
    return t.complex(x[..., 0].contiguous(), x[..., 1].contiguous())


BINDINGS = (
    _binding(
        "copy",
        {
            "plain": lambda t, p, x: t.clone(x),
            "method": lambda t, p, x: x.clone(),
            "contiguous": lambda t, p, x: x.clone(memory_format=t.contiguous_format),
            "module": lambda t, p, x: t.nn.Identity()(x),
            "detached": lambda t, p, x: t.detach_copy(x.detach()),
            "alias": lambda t, p, x: t.alias_copy(x),
            "copied-into": lambda t, p, x: t.empty_like(x).copy_(x),
        },
        (
            *_both("clone"), "torch.nn.Identity", "torch.detach_copy", "torch.Tensor.detach", "torch.alias_copy", "torch.Tensor.copy_",
            "torch.empty_like",
        ),
    ),
    _binding(
        "arange",
        {
            "plain": lambda t, p: t.arange(p["start"], p["stop"], p["step"], dtype=_dtype(t, p)),
            "out": lambda t, p: t.arange(p["start"], p["stop"], p["step"], out=t.empty(0, dtype=_dtype(t, p))),
        },
        ("torch.arange",),
        ("float32", "float64", "int64", "int32", "int16"),
        layouts=(),
    ),
    _binding(
        "eye",
        {"plain": lambda t, p: t.eye(p["rows"], p["columns"], dtype=_dtype(t, p))},
        ("torch.eye",),
        layouts=(),
    ),
    _binding(
        "full",
        {
            "plain": lambda t, p: t.full(p["shape"], p["value"], dtype=_dtype(t, p)),
            "like": _full_like,
            "filled": _in_place_of_ones,
            "zeros-or-ones": _zeros_or_ones,
            "zeros-or-ones-like": _zeros_or_ones_like,
            "new": _new,
        },
        (
            "torch.full", "torch.full_like", "torch.Tensor.fill_", "torch.fill", "torch.zeros", "torch.ones", "torch.zeros_like",
            "torch.ones_like", "torch.Tensor.new_full", "torch.Tensor.new_zeros", "torch.Tensor.new_ones",
        ),
        layouts=(),
    ),
    _binding(
        "element_count",
        {"plain": lambda t, p, x: t.numel(x), "method": lambda t, p, x: x.numel(), "nelement": lambda t, p, x: x.nelement()},
        (*_both("numel"), "torch.Tensor.nelement"),
    ),
    _binding(
        "vander",
        {"plain": lambda t, p, x: t.vander(x, p["columns"], p["increasing"])},
        ("torch.vander",),
        (*REAL, "int64"),
    ),
    _binding(
        "view_as_real",
        {
            "plain": lambda t, p, x: t.view_as_real(x),
            "copy": lambda t, p, x: t.view_as_real_copy(x),
            "parts": _real_and_imaginary,
            "attributes": _real_and_imaginary_attributes,
        },
        ("torch.view_as_real", "torch.view_as_real_copy", *_both("real", "imag")),
        COMPLEX,
    ),
    _binding(
        "view_as_complex",
        {
            "plain": lambda t, p, x: t.view_as_complex(_of_its_own(t, x)),
            "copy": lambda t, p, x: t.view_as_complex_copy(_of_its_own(t, x)),
            "parts": _complex,
        },
        ("torch.view_as_complex", "torch.view_as_complex_copy", "torch.complex"),
        REAL,
    ),
    _binding(
        "conjugate",
        {
            "plain": lambda t, p, x: t.conj(x),
            "method": lambda t, p, x: x.conj(),
            "resolved": lambda t, p, x: t.resolve_neg(t.resolve_conj(x.conj())),
            "resolved-method": lambda t, p, x: x.conj().resolve_conj().resolve_neg(),
            "physical": lambda t, p, x: t.conj_physical(x),
        },
        (*_both("conj", "resolve_conj", "resolve_neg"), "torch.conj_physical"),
        COMPLEX,
    ),
)  # fmt: skip
