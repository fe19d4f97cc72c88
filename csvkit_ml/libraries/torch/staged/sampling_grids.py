"""Torch bindings: grid_sample and affine_grid."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
LAYOUTS = ("strided", "transposed", "offset", "channels-last")


def _sampled(mode):
    def call(t, p, x, grid):
        return t.nn.functional.grid_sample(x, grid, mode=mode, padding_mode=p["padding"], align_corners=p["align_corners"])

    return call


def _affine(t, p, theta):
    size = (theta.shape[0], 2, *p["sizes"])
    return t.nn.functional.affine_grid(theta, size, align_corners=p["align_corners"])


def _binding(function, mode):
    return Binding(
        function=function, forms={"plain": _sampled(mode)}, names=("torch.nn.functional.grid_sample", "torch.grid_sampler"), dtypes=FLOATS,
        layouts=LAYOUTS, modes=("inference-mode", "requires-grad"),
    )  # fmt: skip


BINDINGS = (
    _binding("grid_sample_nearest", "nearest"),
    _binding("grid_sample_linear", "bilinear"),
    _binding("grid_sample_cubic", "bicubic"),
    Binding(
        function="affine_grid", forms={"plain": _affine}, names=("torch.nn.functional.affine_grid", "torch.affine_grid_generator"),
        dtypes=FLOATS, modes=("inference-mode",),
    ),
)  # fmt: skip
