"""Torch bindings: what is refused, repeated, shared, kept and saved, by modules as they are, scripted, traced and exported."""

from __future__ import annotations

import ctypes
import io
import threading
import warnings
from typing import Any, Callable, List, Tuple

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.worker.memory import slope

THREADS, EACH, AGAIN, CALLS, WINDOWS = 4, 25, 3, 2000, 5
Build = Callable[..., Any]
"""(torch, model in words, x, weight, bias) -> what is called with x."""


def _module(t: Any, p: Any, x: Any, w: Any = None, b: Any = None) -> Any:
    """max(0, x w + b), the same by convolution, or a copy."""
    if p["model"] == "copy":
        return t.nn.Sequential(t.nn.Hardtanh(-1e30, 1e30)).eval()
    dense = p["model"] == "dense"
    layer = t.nn.Linear(w.shape[0], w.shape[1]) if dense else t.nn.Conv2d(w.shape[1], w.shape[0], w.shape[2:])
    layer = layer.to(x.dtype)
    with t.no_grad():
        layer.weight.copy_(w.t() if dense else w)
        layer.bias.copy_(b)
    return t.nn.Sequential(layer, t.nn.ReLU()).eval()


def _scripted(t: Any, p: Any, x: Any, *more: Any) -> Any:
    return t.jit.script(_module(t, p, x, *more))


def _traced(t: Any, p: Any, x: Any, *more: Any) -> Any:
    return t.jit.trace(_module(t, p, x, *more), x)


def _program(t: Any, p: Any, x: Any, *more: Any) -> Any:
    """For any number of rows from two on."""
    t._dynamo.reset()  # what was exported before counts towards a limit of versions
    return t.export.export(_module(t, p, x, *more), (x,), dynamic_shapes=({0: t.export.Dim("rows", min=2, max=4096)},))


def _exported(t: Any, p: Any, x: Any, *more: Any) -> Any:
    return _program(t, p, x, *more).module()


def _asked(t: Any, model: Any, *xs: Any, **named: Any) -> Any:
    with t.no_grad():
        return model(*xs, **named)


def _bits(y: Any) -> Tuple[Any, ...]:
    y = y.detach().contiguous()
    return tuple(y.shape), str(y.dtype), ctypes.string_at(y.data_ptr(), y.numel() * y.element_size()) if y.numel() else b""


def _refused(call: Callable[[], Any]) -> int:
    """1 where an error is raised; warnings and answers are none."""
    try:
        call()
    except Exception:
        return 1
    return 0


def _counts(t: Any, values: List[int]) -> Any:
    return t.tensor(values, dtype=t.int64, device="cpu")


def _quiet(form: Callable[..., Any]) -> Callable[..., Any]:
    def call(t: Any, p: Any, *xs: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return form(t, p, *xs)

    return call


def _wrong_inputs(build: Build) -> Callable[..., Any]:
    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        model = build(t, p, x, *more)
        before = _bits(_asked(t, model, x))
        other = t.float64 if x.dtype == t.float32 else t.float32
        asks = {
            "missing": lambda: _asked(t, model), "extra": lambda: _asked(t, model, x, x), "name": lambda: _asked(t, model, X=x),
            "rank": lambda: _asked(t, model, x.reshape(-1)[0]), "shape": lambda: _asked(t, model, t.cat([x, x], 1)),
            "dtype": lambda: _asked(t, model, x.to(other)),
        }  # fmt: skip
        refused = _refused(asks[p["kind"]])
        return _counts(t, [refused, int(_bits(_asked(t, model, x)) == before)])

    return form


def _part(data: bytes, kind: str) -> bytes:
    if kind == "noise":
        return bytes((i * 167 + 13) % 256 for i in range(len(data)))
    return data[: len(data) * int(kind.rsplit("-", 1)[1]) // 100] if kind.startswith("cut") else b""


def _bytes_of(write: Callable[[Any], Any]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _state(t: Any, p: Any, x: Any, *more: Any) -> Tuple[bytes, Callable[[bytes], Any]]:
    """Weights alone, read into a module of other weights."""

    def read(data: bytes) -> Any:
        target = _module(t, p, x, *(0 * m for m in more))
        target.load_state_dict(t.load(io.BytesIO(data), weights_only=True), strict=True)
        return target

    return _bytes_of(lambda f: t.save(_module(t, p, x, *more).state_dict(), f)), read


def _script_file(t: Any, p: Any, x: Any, *more: Any) -> Tuple[bytes, Callable[[bytes], Any]]:
    return _bytes_of(lambda f: t.jit.save(_scripted(t, p, x, *more), f)), lambda data: t.jit.load(io.BytesIO(data))


def _program_file(t: Any, p: Any, x: Any, *more: Any) -> Tuple[bytes, Callable[[bytes], Any]]:
    return _bytes_of(lambda f: t.export.save(_program(t, p, x, *more), f)), lambda data: t.export.load(io.BytesIO(data)).module()


def _broken_files(save: Callable[..., Any]) -> Callable[..., Any]:
    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        data, read = save(t, p, x, *more)
        return _counts(t, [_refused(lambda: _asked(t, read(_part(data, p["kind"])), x)), 1 - _refused(lambda: _asked(t, read(data), x))])

    return form


def _saved(save: Callable[..., Any]) -> Callable[..., Any]:
    """The bits that the same kind of model gives which was never saved; read once, for other rows, and read a second time."""
    fresh = {_state: _module, _script_file: _scripted, _program_file: _exported}[save]

    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        data, read = save(t, p, x, *more)
        original, once, twice = fresh(t, p, x, *more), read(data), read(data)
        pairs = ((once, x), (once, t.cat([x, -x])), (twice, x))
        return _counts(t, [int(_bits(_asked(t, m, v)) == _bits(_asked(t, original, v))) for m, v in pairs])

    return form


def _others(t: Any, x: Any) -> List[Any]:
    return [x[:2] * 2, t.cat([x, x, -x]), x * 0, t.cat([x] * 9)]


def _reused(build: Build) -> Callable[..., Any]:
    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        model, same = build(t, p, x, *more), []
        first = _bits(_asked(t, model, x))
        for _ in range(AGAIN):
            for other in _others(t, x):
                _asked(t, model, other)
            same.append(int(_bits(_asked(t, model, x)) == first))
        return _counts(t, same)

    return form


def _concurrent(build: Build) -> Callable[..., Any]:
    """Calls with the right bits, by thread; each thread asks about inputs of its own, of sizes of its own."""

    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        model = build(t, p, x, *more)
        inputs = [[t.cat([x * (1 + i + k)] * (1 + (i + k) % 3)) for k in range(EACH)] for i in range(THREADS)]
        wanted = [[_bits(_asked(t, model, v)) for v in own] for own in inputs]
        found, ready = [0] * THREADS, threading.Barrier(THREADS)

        def work(i: int) -> None:
            ready.wait()
            answers = [_asked(t, model, v) for v in inputs[i]]
            found[i] = sum(_bits(a) == w for a, w in zip(answers, wanted[i]))  # noqa: B905 - Python 3.9

        threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return _counts(t, found)

    return form


def _span(y: Any) -> Tuple[int, int]:
    return y.data_ptr(), y.data_ptr() + y.numel() * y.element_size()


def _apart(a: Any, b: Any) -> bool:
    (low, high), (start, stop) = _span(a), _span(b)
    return high <= start or stop <= low


def _separate(build: Build) -> Callable[..., Any]:
    """(input unchanged, not shared, earlier output unchanged, not read)."""

    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        model, kept = build(t, p, x, *more), _bits(x)
        first = _asked(t, model, x)
        was, shared = _bits(first), not _apart(first, x)
        second = _asked(t, model, x * 2)
        unchanged = _bits(first) == was and _apart(first, second)
        first.fill_(77)
        third = _asked(t, model, x)
        return _counts(t, [int(_bits(x) == kept), int(not shared), int(unchanged), int(_bits(third) == was)])

    return form


def _steady(build: Build) -> Callable[..., Any]:
    def form(t: Any, p: Any, x: Any, *more: Any) -> Any:
        model = build(t, p, x, *more)
        return t.tensor([slope(lambda: _asked(t, model, x), CALLS, WINDOWS)], dtype=t.float64)

    return form


BUILDS = {"plain": _module, "jit-script": _scripted, "jit-trace": _traced}
FILES = {"plain": _state, "jit": _script_file}


def _binding(function: str, form: Callable[..., Any], of: Any, exported: Any = None, names: str = "jit.script jit.trace") -> Binding:
    """What takes seconds is asked once for each type, under its public name."""
    return Binding(
        function=function, forms={k: _quiet(form(v)) for k, v in of.items()}, names=tuple("torch." + n for n in names.split()),
        dtypes=("float32", "float64"), layouts=(), since="2.5", aliases={} if exported is None else {exported[0]: _quiet(form(exported[1]))},
    )  # fmt: skip


def _of(*names: str) -> Any:
    return {n: BUILDS[n] for n in names}


EXPORT, EXPORT_FILE = ("torch.export.export", _exported), ("torch.export.load", _program_file)
BINDINGS = (
    _binding("refuse_wrong_inputs", _wrong_inputs, BUILDS, EXPORT),
    _binding("refuse_broken_files", _broken_files, FILES, EXPORT_FILE, "jit.script jit.load"),
    _binding("reused_model", _reused, BUILDS),
    _binding("concurrent_calls", _concurrent, _of("plain", "jit-script")),
    _binding("separate_outputs", _separate, BUILDS),
    _binding("steady_memory", _steady, _of("plain"), ("torch.jit.script", _scripted)),
    _binding("saved_model", _saved, FILES, EXPORT_FILE, "jit.script jit.save jit.load export.save"),
)
