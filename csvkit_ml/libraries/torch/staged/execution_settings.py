"""Torch bindings: settings that are set, read, seen in effect and put back."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Tuple

from csvkit_ml.libraries.binding import Binding, NotSupported

Step = Callable[[Any, Any], Tuple[Any, Any]]
"""(torch, value) -> (value that is read, value whose effect is seen) after it was set."""


def _turned(step: Step, restore: Callable[[Any], Callable[[], Any]]) -> Callable[..., Any]:
    """Every value in turn, the first again, then what was in force before."""

    def form(t: Any, p: Any) -> Any:
        values, back = list(p["values"]), restore(t)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seen = [step(t, v) for v in (*values, values[0])]
        finally:
            back()
        return _answer(t, [[values.index(a), values.index(b)] for a, b in seen])

    return form


def _answer(t: Any, rows: Any) -> Any:
    return t.tensor(rows, dtype=t.int64, device="cpu")


def _dtype(t: Any, v: Any) -> Any:
    t.set_default_dtype(getattr(t, v))
    return _name(t.get_default_dtype()), _name(t.tensor(1.5).dtype)


def _tensor_type(t: Any, v: Any) -> Any:
    """By a tensor class instead of a dtype."""
    kinds = {"float32": t.FloatTensor, "float64": t.DoubleTensor, "float16": t.HalfTensor, "bfloat16": t.BFloat16Tensor}
    t.set_default_tensor_type(kinds[v])
    return _name(t.get_default_dtype()), _name(t.zeros(2).dtype)


def _name(dtype: Any) -> str:
    return str(dtype).rsplit(".", 1)[-1]


def _dtype_back(t: Any) -> Callable[[], Any]:
    before = t.get_default_dtype()
    return lambda: t.set_default_dtype(before)


def _device(t: Any, v: Any) -> Any:
    t.set_default_device(v)
    return t.get_default_device().type, t.empty(2).device.type


def _deterministic(t: Any, v: Any) -> Any:
    """Seen by an operation that has no deterministic form on any device but is told to be: its refusal, warning or result."""
    t.use_deterministic_algorithms(v != "off", warn_only=v == "warn")
    on, warns = t.are_deterministic_algorithms_enabled(), t.is_deterministic_algorithms_warn_only_enabled()
    read = "off" if not on else "warn" if warns else "error"
    return read, ("off", "warn", "error")[t.get_deterministic_debug_mode()]


def _debug_mode(t: Any, v: Any) -> Any:
    """By its other name; uninitialised memory is filled where determinism is demanded."""
    t.set_deterministic_debug_mode({"off": "default", "warn": "warn", "error": "error"}[v])
    filled = bool(t.isnan(t.empty(64)).all())
    on, warns = t.are_deterministic_algorithms_enabled(), t.is_deterministic_algorithms_warn_only_enabled()
    read = "off" if not on else "warn" if warns else "error"
    if v != "off" and not filled:
        raise ValueError("uninitialised memory is not filled")
    return read, ("off", "warn", "error")[t.get_deterministic_debug_mode()]


def _deterministic_back(t: Any) -> Callable[[], Any]:
    on, warns = t.are_deterministic_algorithms_enabled(), t.is_deterministic_algorithms_warn_only_enabled()
    return lambda: t.use_deterministic_algorithms(on, warn_only=warns)


def _precision(t: Any, v: Any) -> Any:
    """A product of small whole numbers is exact in every precision."""
    t.set_float32_matmul_precision(v)
    a = t.arange(12.0, dtype=t.float32).reshape(3, 4)
    right = t.equal(a @ a.t(), t.tensor([[14, 38, 62], [38, 126, 214], [62, 214, 366]], dtype=t.float32))
    if not right:
        raise ValueError("a product of small whole numbers is not exact")
    return t.get_float32_matmul_precision(), t.get_float32_matmul_precision()


def _precision_back(t: Any) -> Callable[[], Any]:
    before = t.get_float32_matmul_precision()
    return lambda: t.set_float32_matmul_precision(before)


def _threads(t: Any, v: Any) -> Any:
    """Seen in what the library reports about its parallel backend."""
    t.set_num_threads(v)
    lines = t.__config__.parallel_info().splitlines()
    seen = next(int(line.rsplit(None, 1)[-1]) for line in lines if "at::get_num_threads()" in line)
    return t.get_num_threads(), seen


def _threads_back(t: Any) -> Callable[[], Any]:
    before = t.get_num_threads()
    return lambda: t.set_num_threads(before)


def _flush(t: Any, v: Any) -> Any:
    """A subnormal number halved by the processor."""
    if not t.set_flush_denormal(v):
        raise NotSupported("this processor or build cannot flush subnormal numbers")
    gone = float(t.tensor([1e-310], dtype=t.float64) / 2) == 0.0
    return v, gone


def _grad(t: Any, v: Any) -> Any:
    modes = {"grad": t.enable_grad, "no-grad": t.no_grad, "inference": t.inference_mode}
    x = t.ones(2, requires_grad=True)
    with modes[v]():
        read = "inference" if t.is_inference_mode_enabled() else "grad" if t.is_grad_enabled() else "no-grad"
        y = x * 2
    return read, "inference" if y.is_inference() else "grad" if y.requires_grad else "no-grad"


def _grad_by_function(t: Any, v: Any) -> Any:
    """As decorators, and by the switch that is set."""
    x = t.ones(2, requires_grad=True)
    if v == "inference":
        y = t.inference_mode()(lambda: x * 2)()
        return v, "inference" if y.is_inference() else "grad"
    with t.set_grad_enabled(v == "grad"):
        read, y = t.is_grad_enabled(), x * 2
    return "grad" if read else "no-grad", "grad" if y.requires_grad else "no-grad"


def _nothing(t: Any) -> Callable[[], Any]:
    return lambda: None


def _autocast(t: Any, v: Any) -> Any:
    """A product of float32 matrices answers in the dtype."""
    a = t.ones(2, 2)
    with t.autocast("cpu", dtype=None if v == "off" else getattr(t, v), enabled=v != "off"):
        on, kind, seen = t.is_autocast_enabled("cpu"), _name(t.get_autocast_dtype("cpu")), _name((a @ a).dtype)
    t.clear_autocast_cache()
    return kind if on else "off", "off" if seen == "float32" else seen


def _autocast_by_switches(t: Any, v: Any) -> Any:
    """What the context does, by hand."""
    a, before = t.ones(2, 2), (t.is_autocast_enabled("cpu"), t.get_autocast_dtype("cpu"))
    t.set_autocast_enabled("cpu", v != "off")
    t.set_autocast_dtype("cpu", before[1] if v == "off" else getattr(t, v))
    depth = t.autocast_increment_nesting()
    try:
        on, kind, seen = t.is_autocast_cpu_enabled(), _name(t.get_autocast_cpu_dtype()), _name((a @ a).dtype)
    finally:
        if t.autocast_decrement_nesting() != depth - 1:
            raise ValueError("the nesting does not come back")
        t.clear_autocast_cache()
        t.set_autocast_cpu_enabled(before[0])
        t.set_autocast_cpu_dtype(before[1])
    return kind if on else "off", "off" if seen == "float32" else seen


KINDS = ("gpu", "ipu", "xla", "cpu")
"""Devices whose automatic mixed precision has switches, whether or not this machine has any."""


def _switches(t: Any, v: Any) -> Any:
    """All alike: the cache's switch is read, then those of every kind of device."""
    t.set_autocast_cache_enabled(v)
    read = {t.is_autocast_cache_enabled()}
    kind, seen = (t.bfloat16 if v else t.float16), set()
    for k in KINDS:
        on, off = ("set_autocast_enabled", "is_autocast_enabled") if k == "gpu" else ("set_autocast_%s_enabled" % k,
            "is_autocast_%s_enabled" % k)
        before, dtype = getattr(t, off)(), getattr(t, "get_autocast_%s_dtype" % k)()
        getattr(t, on)(v)
        getattr(t, "set_autocast_%s_dtype" % k)(kind)
        read.add(getattr(t, off)())
        seen.add(getattr(t, "get_autocast_%s_dtype" % k)())
        getattr(t, on)(before)
        getattr(t, "set_autocast_%s_dtype" % k)(dtype)
    if len(read) != 1 or len(seen) != 1:
        raise ValueError("the switches do not read back alike")
    return read.pop(), v if seen == {kind} else not v


def _cache_back(t: Any) -> Callable[[], Any]:
    before = t.is_autocast_cache_enabled()
    return lambda: t.set_autocast_cache_enabled(before)


def _device_back(t: Any) -> Callable[[], Any]:
    return lambda: t.set_default_device(None)


def _flush_back(t: Any) -> Callable[[], Any]:
    return lambda: t.set_flush_denormal(False)


def _binding(function: str, names: str, restore: Any, since: str = "", **steps: Any) -> Binding:
    return Binding(
        function=function, forms={k.replace("_", "-"): _turned(s, restore) for k, s in steps.items()},
        names=tuple("torch." + n for n in names.split()), dtypes=("int64",), layouts=(), since=since,
    )  # fmt: skip


BINDINGS = (
    _binding("default_dtype", "set_default_dtype get_default_dtype set_default_tensor_type", _dtype_back, plain=_dtype,
        tensor_type=_tensor_type),
    _binding("default_device", "set_default_device get_default_device", _device_back, since="2.3", plain=_device),
    _binding(
        "deterministic_algorithms",
        "use_deterministic_algorithms are_deterministic_algorithms_enabled is_deterministic_algorithms_warn_only_enabled "
        "set_deterministic_debug_mode get_deterministic_debug_mode",
        _deterministic_back, plain=_deterministic, debug_mode=_debug_mode,
    ),
    _binding("matmul_precision", "set_float32_matmul_precision get_float32_matmul_precision", _precision_back, plain=_precision),
    _binding("thread_count", "set_num_threads get_num_threads", _threads_back, plain=_threads),
    _binding("flush_denormal", "set_flush_denormal", _flush_back, plain=_flush),
    _binding(
        "gradient_mode", "enable_grad no_grad inference_mode set_grad_enabled is_grad_enabled is_inference_mode_enabled", _nothing,
        plain=_grad, decorators=_grad_by_function,
    ),
    _binding(
        "autocast_mode",
        "autocast is_autocast_enabled get_autocast_dtype set_autocast_enabled set_autocast_dtype autocast_increment_nesting "
        "autocast_decrement_nesting clear_autocast_cache is_autocast_cpu_enabled get_autocast_cpu_dtype set_autocast_cpu_enabled "
        "set_autocast_cpu_dtype",
        _nothing, since="2.4", plain=_autocast, switches=_autocast_by_switches,
    ),
    _binding(
        "autocast_switches",
        "set_autocast_cache_enabled is_autocast_cache_enabled "
        + " ".join("get_autocast_%s_dtype set_autocast_%s_dtype" % (k, k) for k in KINDS)
        + " set_autocast_ipu_enabled is_autocast_ipu_enabled set_autocast_xla_enabled is_autocast_xla_enabled",
        _cache_back, since="2.4", plain=_switches,
    ),
)  # fmt: skip
