"""OpenVINO's execution provider of ONNX Runtime, on the CPU: for graphs that it takes whole. One thread, the precision of the model.

A node that it does not take must raise, not run on the CPU provider. Where the wheel lacks it, nothing is executed.
"""

from __future__ import annotations

from typing import Dict

from csvkit_ml.backends.port import Backend, Expected, Options


def variables(options: Options) -> Dict[str, str]:
    """Nothing is read from the environment but what every configuration has."""
    return {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


def settings(library: str, options: Options) -> Dict[str, str]:
    """The device names the provider."""
    return {"device": "openvino", "threads": "1"}


def expected(library: str, options: Options) -> Expected:
    """A session whose every node the provider took, no thread beside the calling one, and products that only float32 gives."""
    facts: Expected = {k: (v,) for k, v in settings(library, options).items()}
    facts.update({"provider threads seen": ("1",), "float32 product": ("float32",)})
    facts["float32 convolution"] = ("float32", "float32 by transformation")
    return facts


# In a process forked from one that has imported the library, the first session never returns (1.24.1).
BACKEND = Backend(name="openvino", options={}, variables=variables, settings=settings, expected=expected, fork=False)
