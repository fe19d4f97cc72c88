"""Fourier transforms against numpy's, and their roots of unity against balls."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from csvkit_ml.references.fourier import roots
from validation_suites.inference.fourier import FUNCTIONS
from validation_suites.inference.windowed_transforms import FUNCTIONS as WINDOWED

BY_ID = {f.id: f for f in (*FUNCTIONS, *WINDOWED)}


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 12, 16, 17, 30, 97, 128, 257])
def test_roots_of_unity_are_known_to_eight_units(n: int) -> None:
    made = roots(n)
    for m in range(n):
        with flint.ctx.workprec(200):
            z = flint.acb(-2 * flint.arb(m) / n).exp_pi_i()
            for part, true in ((made[m].real, z.real), (made[m].imag, z.imag)):
                high = float(part)
                error = flint.arb(high) + flint.arb(float(part - np.longdouble(high))) - true
                assert abs(float(error)) < 8 * 2.0**-64


def by_numpy(id: str, sample: Sample) -> Any:
    p, x = dict(sample.params), sample.arrays()[0]
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    kind = id.rstrip("n") if id.endswith("n") else id
    axes, norm = p["axes"], p["norm"]
    sizes = p["sizes"] or [wide.shape[a] for a in axes]
    if p["sizes"] is None and kind in ("irfft", "hfft"):
        sizes = [*sizes[:-1], 2 * (sizes[-1] - 1)]
    inner = {"fft": "fft", "ifft": "ifft", "rfft": "fft", "irfft": "ifft", "hfft": "fft", "ihfft": "ifft"}[kind]
    steps = [(kind, axes[-1], sizes[-1])] + [(inner, a, n) for a, n in zip(axes[:-1], sizes[:-1], strict=True)]
    for name, a, n in steps if kind in ("rfft", "ihfft", "fft", "ifft") else steps[::-1]:
        wide = getattr(np.fft, name)(wide, n, a, norm)
    return wide


@pytest.mark.parametrize("id", [f.id for f in FUNCTIONS if "shift" not in f.id and "freq" not in f.id])
def test_another_algorithm_agrees(id: str) -> None:
    for sample in BY_ID[id].samples():
        (made,) = BY_ID[id].reference(sample)
        other = by_numpy(id, sample)
        assert made.shape == other.shape, sample.name
        size = np.sqrt((np.abs(other) ** 2).mean()) if other.size else 0.0
        assert np.abs(made.value - other).max(initial=0.0) <= 1e-12 * size * max(1, np.log2(other.size or 1)), sample.name


@pytest.mark.parametrize(("id", "other"), [("fftfreq", np.fft.fftfreq), ("rfftfreq", np.fft.rfftfreq)])
def test_frequencies(id: str, other: Any) -> None:
    for sample in BY_ID[id].samples():
        np.testing.assert_allclose(BY_ID[id].reference(sample)[0].value, other(sample.param("n"), sample.param("d")), rtol=1e-15)


@pytest.mark.parametrize(("id", "other"), [("fftshift", np.fft.fftshift), ("ifftshift", np.fft.ifftshift)])
def test_shifts(id: str, other: Any) -> None:
    for sample in BY_ID[id].samples():
        x = sample.arrays()[0].astype(np.float64)
        np.testing.assert_array_equal(BY_ID[id].reference(sample)[0].value, other(x, sample.param("axes")))


@pytest.mark.parametrize(
    ("id", "other"),
    [
        ("bartlett_window", lambda n, p: np.bartlett(n)), ("hann_window", lambda n, p: np.hanning(n)),
        ("blackman_window", lambda n, p: np.blackman(n)), ("kaiser_window", lambda n, p: np.kaiser(n, p["beta"])),
        ("hamming_window", lambda n, p: (p["alpha"] - 0.54) + (np.hamming(n) - 0.54) * p["beta"] / 0.46 + 0.54),
    ],
)  # fmt: skip
def test_windows_of_numpy(id: str, other: Any) -> None:
    for sample in BY_ID[id].samples():
        p = dict(sample.params)
        n = p["n"]
        want = np.ones(1) if n == 1 else other(n + 1, p)[:n] if p["periodic"] else other(n, p)
        np.testing.assert_allclose(BY_ID[id].reference(sample)[0].value, want, rtol=1e-7, atol=1e-14, err_msg=sample.name)


def test_pieces_by_loops_and_back() -> None:
    for sample in BY_ID["stft"].samples():
        p, (x, *w) = dict(sample.params), sample.arrays()
        n, half = p["fft"], p["fft"] // 2
        mode = {"replicate": "edge"}.get(p["pad"], p["pad"])
        signal = np.pad(x.astype(np.float64), ((0, 0), (half, half)), mode=mode) if p["center"] else x.astype(np.float64)
        window = np.zeros(n)
        left = (n - p["win"]) // 2
        window[left : left + p["win"]] = w[0] if w else 1.0
        made = BY_ID["stft"].reference(sample)[0].value
        for t in range(made.shape[2]):
            piece = signal[:, t * p["hop"] : t * p["hop"] + n] * window
            whole = np.fft.fft(piece, norm="ortho" if p["normalized"] else "backward")
            np.testing.assert_allclose(made[:, :, t], whole[:, : made.shape[1]], atol=1e-11)
    for sample in BY_ID["istft"].samples():
        p, (z, *w) = dict(sample.params), sample.arrays()
        n, half = p["fft"], p["fft"] // 2
        window = np.zeros(n)
        left = (n - p["win"]) // 2
        window[left : left + p["win"]] = w[0] if w else 1.0
        made = BY_ID["istft"].reference(sample)[0].value
        top, below = np.zeros((2, (z.shape[2] - 1) * p["hop"] + n)), np.zeros((z.shape[2] - 1) * p["hop"] + n)
        for t in range(z.shape[2]):
            norm = "ortho" if p["normalized"] else "backward"
            piece = np.fft.irfft(z[:, : n // 2 + 1, t], n, norm=norm) if p["onesided"] else np.fft.ifft(z[:, :, t], norm=norm).real
            top[:, t * p["hop"] : t * p["hop"] + n] += piece * window
            below[t * p["hop"] : t * p["hop"] + n] += window**2
        first = half if p["center"] else 0
        for k in range(min(p["length"], top.shape[1] - first)):
            if below[first + k] > 0:
                np.testing.assert_allclose(made[:, k], top[:, first + k] / below[first + k], rtol=1e-6, atol=1e-6, err_msg=sample.name)
