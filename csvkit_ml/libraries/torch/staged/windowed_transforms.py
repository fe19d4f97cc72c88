"""Torch bindings: windows, short-time transforms forwards and back."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

REAL, COMPLEX = ("float32", "float64"), ("complex64", "complex128")


def _window(name, *given):
    """By the function, and by the newer module of windows."""

    def plain(t, p):
        return getattr(t, name + "_window")(p["n"], p["periodic"], *(p[g] for g in given), dtype=getattr(t, p["kind"]))

    def newer(t, p):
        made = getattr(t.signal.windows, name)
        if name == "hamming" and (p["alpha"], p["beta"]) != (0.54, 0.46):
            terms = [p["alpha"], p["beta"]]
            return t.signal.windows.general_cosine(p["n"], a=terms, sym=not p["periodic"], dtype=getattr(t, p["kind"]))
        more = {"beta": p["beta"]} if name == "kaiser" else {}
        return made(p["n"], sym=not p["periodic"], dtype=getattr(t, p["kind"]), **more)

    return Binding(
        function=name + "_window", forms={"plain": plain, "signal": newer}, names=("torch.%s_window" % name,), dtypes=REAL, layouts=(),
    )


def _given(p):
    return {"n_fft": p["fft"], "hop_length": p["hop"], "win_length": p["win"], "center": p["center"], "normalized": p["normalized"],
        "onesided": p["onesided"]}


def _forward(call):
    return lambda t, p, x, w=None: call(t, x)(window=w, pad_mode=p["pad"], return_complex=True, **_given(p))


def _back(call):
    return lambda t, p, z, w=None: call(t, z)(window=w, length=p["length"], **_given(p))


def _bound(t, name, x):
    return lambda **more: getattr(t, name)(x, **more)


BINDINGS = (
    _window("bartlett"),
    _window("hann"),
    _window("hamming", "alpha", "beta"),
    _window("blackman"),
    _window("kaiser", "beta"),
    Binding(
        function="stft",
        forms={"plain": _forward(lambda t, x: _bound(t, "stft", x)), "method": _forward(lambda t, x: x.stft)},
        names=("torch.stft", "torch.Tensor.stft"),
        dtypes=REAL,
        modes=("inference-mode",),
    ),
    Binding(
        function="istft",
        forms={"plain": _back(lambda t, x: _bound(t, "istft", x)), "method": _back(lambda t, x: x.istft)},
        names=("torch.istft", "torch.Tensor.istft"),
        dtypes=COMPLEX,
        modes=("inference-mode",),
    ),
)
