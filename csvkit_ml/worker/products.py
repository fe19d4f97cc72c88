"""Probes of arithmetic: products whose exact answer is known, so that a narrower format shows. Standard library only; staged.

Identity times values that need 8, 12 and 20 bits behind the point: bfloat16 loses the first, TF32 (and float16) the second, two pieces of
bfloat16 multiplied in three passes the third. At several sizes, because libraries choose kernels by size.
"""

from __future__ import annotations

import struct
from array import array
from typing import Callable, Dict, List, Tuple

from csvkit_ml.worker.wire import WireTensor

Multiply = Callable[[WireTensor, WireTensor], WireTensor]
"""(a, b) -> a @ b, float32."""
Convolve = Callable[[WireTensor, WireTensor], WireTensor]
"""(x [1, C, H, W], w [C, C, k, k]) -> convolution with stride 1 and padding k // 2."""

SHAPES = ((16, 16, 16), (128, 128, 32), (1024, 1024, 32), (16, 65536, 16))
"""(rows, inner, columns); the last is for kernels that split a long inner dimension."""
IMAGES = ((16, 1, 12), (64, 3, 12), (32, 3, 32))
"""(channels, kernel, extent)."""
FORMATS = ("float32", "float32 by transformation", "three passes of bfloat16", "TF32 or float16", "bfloat16", "wrong")
"""What arithmetic it was, best first; by transformation = the small errors of Winograd or FFT."""
_FLOORS = ((2.0**-9, "bfloat16"), (2.0**-13, "TF32 or float16"), (2.0**-22, "three passes of bfloat16"), (0.0, "float32 by transformation"))
_VALUES = struct.pack("<3f", 1 + 2**-8, 1 + 2**-12, 1 + 2**-9 + 2**-20)


def arithmetic(multiply: Multiply, convolve: Convolve) -> Dict[str, str]:
    """The poorest arithmetic seen in products and in convolutions of float32."""
    return {
        "float32 product": _worst([_product(multiply, *shape) for shape in SHAPES]),
        "float32 convolution": _worst([_convolution(convolve, *image) for image in IMAGES]),
    }


def sum_of_ones(multiply: Multiply) -> str:
    """4,096 ones times 4,096 ones in float16: 4096 where it is summed in more than float16."""
    one = struct.pack("<e", 1.0) * 4096
    answer = multiply(WireTensor("float16", (1, 4096), one), WireTensor("float16", (4096, 1), one))
    return "%g" % struct.unpack("<e", bytes(answer.data))[0]


def classify(wanted: bytes, got: bytes) -> str:
    """The arithmetic that explains the largest deviation; both are float32."""
    if wanted == got:
        return "float32"
    if len(wanted) != len(got):
        return "wrong"
    a, b = array("f", wanted), array("f", got)
    worst = max(abs(x - y) if y == y else 2.0 for x, y in zip(a, b))  # noqa: B905 - Python 3.9
    return "wrong" if worst > 2.0**-7 else next((name for floor, name in _FLOORS if worst > floor), "float32")


def _worst(seen: List[str]) -> str:
    return max(seen, key=FORMATS.index)


def _values(count: int) -> bytes:
    return (_VALUES * (count // 3 + 1))[: 4 * count]


def _zeros_with_ones(count: int, places: Tuple[int, ...]) -> bytes:
    data = bytearray(4 * count)
    for at in places:
        data[4 * at : 4 * at + 4] = struct.pack("<f", 1.0)
    return bytes(data)


def _product(multiply: Multiply, rows: int, inner: int, columns: int) -> str:
    """One 1 in each row of a, so each row of the product is a row of b."""
    chosen = tuple(i * inner // rows for i in range(rows))
    a = _zeros_with_ones(rows * inner, tuple(i * inner + k for i, k in enumerate(chosen)))
    b = _values(inner * columns)
    answer = multiply(WireTensor("float32", (rows, inner), a), WireTensor("float32", (inner, columns), b))
    return classify(b"".join(b[4 * k * columns : 4 * (k + 1) * columns] for k in chosen), bytes(answer.data))


def _convolution(convolve: Convolve, channels: int, kernel: int, extent: int) -> str:
    """The kernel that copies each channel."""
    x = _values(channels * extent * extent)
    area, centre = kernel * kernel, kernel * kernel // 2
    w = _zeros_with_ones(channels * channels * area, tuple((c * channels + c) * area + centre for c in range(channels)))
    answer = convolve(WireTensor("float32", (1, channels, extent, extent), x), WireTensor("float32", (channels, channels, kernel, kernel), w))
    return classify(x, bytes(answer.data))
