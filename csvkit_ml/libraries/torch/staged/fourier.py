"""Torch bindings: Fourier transforms, frequencies and shifts."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

REAL, COMPLEX = ("float32", "float64"), ("complex64", "complex128")
MOVED = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
_REAL_DATA = ("rfft", "ihfft")


def _one(name):
    def plain(t, p, x):
        n = p["sizes"][0] if p["sizes"] is not None else None
        return getattr(t.fft, name)(x, n=n, dim=p["axes"][0], norm=p["norm"])

    def several(t, p, x):
        return getattr(t.fft, name + "n")(x, s=p["sizes"], dim=p["axes"], norm=p["norm"])

    def out(t, p, x):
        y = plain(t, p, x)
        n = p["sizes"][0] if p["sizes"] is not None else None
        return getattr(t.fft, name)(x, n=n, dim=p["axes"][0], norm=p["norm"], out=t.empty(0, dtype=y.dtype))

    return {"plain": plain, "several-axes": several, "out": out}


def _several(name):
    """Also by one axis after the other, where data and results are complex."""

    def plain(t, p, x):
        return getattr(t.fft, name + "n")(x, s=p["sizes"], dim=p["axes"], norm=p["norm"])

    def one_by_one(t, p, x):
        for i, axis in enumerate(p["axes"]):
            n = None if p["sizes"] is None else p["sizes"][i]
            x = getattr(t.fft, name)(x, n=n, dim=axis, norm=p["norm"])
        return x

    return {"plain": plain, **({"one-by-one": one_by_one} if name in ("fft", "ifft") else {})}


def _two(name):
    """The form for two axes."""
    return {"torch.fft." + name + "2": lambda t, p, x: getattr(t.fft, name + "2")(x, s=p["sizes"], dim=p["axes"], norm=p["norm"])}


def _bindings(name):
    dtypes = REAL if name in _REAL_DATA else COMPLEX
    layouts, modes = ("strided", "transposed", "offset"), ("inference-mode",)
    return (
        Binding(function=name, forms=_one(name), names=("torch.fft." + name, "torch.fft." + name + "n"), dtypes=dtypes, layouts=layouts,
            modes=modes),
        Binding(
            function=name + "n", forms=_several(name), names=("torch.fft." + name + "n",), dtypes=dtypes, layouts=layouts, modes=modes,
            aliases=_two(name),
        ),
    )  # fmt: skip


def _frequencies(name):
    def plain(t, p):
        return getattr(t.fft, name)(p["n"], d=p["d"], dtype=getattr(t, p["kind"]))

    def out(t, p):
        return getattr(t.fft, name)(p["n"], d=p["d"], out=t.empty(0, dtype=getattr(t, p["kind"])))

    return Binding(function=name, forms={"plain": plain, "out": out}, names=("torch.fft." + name,), dtypes=REAL, layouts=())


def _shift(name):
    plain = {"plain": lambda t, p, x: getattr(t.fft, name)(x, dim=p["axes"])}
    return Binding(function=name, forms=plain, names=("torch.fft." + name,), dtypes=MOVED, modes=("inference-mode",))


BINDINGS = (
    *(b for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft") for b in _bindings(name)),
    _frequencies("fftfreq"),
    _frequencies("rfftfreq"),
    _shift("fftshift"),
    _shift("ifftshift"),
)
