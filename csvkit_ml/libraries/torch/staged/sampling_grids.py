"""Torch bindings: grid_sample and affine_grid."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
LAYOUTS = ("strided", "transposed", "offset", "channels-last")


def _sampled(mode):
    def call(t, p, x, grid):
        return t.nn.functional.grid_sample(x, grid, mode=mode, padding_mode=p["padding"], align_corners=p["align_corners"])

    return call


def _own(mode):
    """The functions of one rank, which take modes by number."""

    def call(t, p, x, grid):
        given = (("bilinear", "nearest", "bicubic").index(mode), ("zeros", "border", "reflection").index(p["padding"]), p["align_corners"])
        return (t.grid_sampler_2d if x.dim() == 4 else t.grid_sampler_3d)(x, grid, *given)

    return call


def _affine(t, p, theta):
    size = (theta.shape[0], 2, *p["sizes"])
    return t.nn.functional.affine_grid(theta, size, align_corners=p["align_corners"])


def _binding(function, mode):
    return Binding(
        function=function, forms={"plain": _sampled(mode), "own-rank": _own(mode)}, dtypes=FLOATS,
        names=(
            "torch.nn.functional.grid_sample", "torch.grid_sampler", "torch.grid_sampler_2d",
            *(() if mode == "bicubic" else ("torch.grid_sampler_3d",)),
        ),
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
