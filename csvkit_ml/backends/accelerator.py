"""What the devices other than NVIDIA's have in common: a device, threads of the host, products of IEEE float32."""

from __future__ import annotations

from typing import Dict

from csvkit_ml.backends.port import Backend, Expected, Option, Options

OPTIONS = {"threads": Option("2", ("1", "2", "4", "8"), "Threads of operations on the host.")}


def accelerator(name: str, device: str, variables: Dict[str, str], platform: str = "") -> Backend:
    """A backend of one device, at the arithmetic and determinism that its users are to rely on.

    Args:
        device: as torch names it.
        variables: that hold it to float32 and to its own kernels.
        platform: that the build must be of, where two share a device's name.
    """

    def settings(library: str, options: Options) -> Dict[str, str]:
        return {"device": device, "threads": options["threads"], **({"deterministic": "on"} if library == "torch" else {})}

    def expected(library: str, options: Options) -> Expected:
        facts: Expected = {k: (v,) for k, v in settings(library, options).items()}
        facts.update({"float32 product": ("float32",), "float32 convolution": ("float32", "float32 by transformation")})
        if platform:
            facts["platform"] = (platform,)
        return facts

    def given(options: Options) -> Dict[str, str]:
        return {"OMP_NUM_THREADS": options["threads"], "OMP_WAIT_POLICY": "passive", **variables}

    return Backend(name=name, options=OPTIONS, variables=given, settings=settings, expected=expected)
