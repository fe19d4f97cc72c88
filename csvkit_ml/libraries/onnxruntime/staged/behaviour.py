"""ONNX Runtime as a part of a device: what is refused, repeated, shared, kept and saved. Every answer is a row of counts."""

from __future__ import annotations

import os
import tempfile
import threading
from typing import Any, Callable, Dict, List

from csvkit_ml.worker.memory import slope

FLIPS, THREADS, EACH, AGAIN, CALLS, WINDOWS = 64, 4, 25, 3, 2000, 5
Make = Callable[..., Any]
"""(program, **settings) -> session, in the settings of the case."""


def _refused(call: Callable[[], Any]) -> int:
    """1 where an error is raised; warnings and answers are none."""
    try:
        call()
    except Exception:
        return 1
    return 0


def _bits(outputs: List[Any]) -> List[bytes]:
    return [str((y.shape, y.dtype)).encode() + y.tobytes() for y in outputs]


def _others(np: Any, x: Any) -> List[Any]:
    """Of other sizes and values."""
    return [x[:1] * 2, np.concatenate([x, x, -x]), x[:0], x * 0, np.concatenate([x] * 9)]


def wrong_inputs(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """(refused, right afterwards)."""
    session = make(program)
    before = _bits(session.run(None, {"x": x}))
    wide = np.concatenate([x, x], axis=1)
    feeds = {
        "missing": {}, "extra": {"x": x, "z": x}, "name": {"X": x}, "rank": {"x": x.reshape(-1)[:1].reshape(())}, "shape": {"x": wide},
        "dtype": {"x": x.astype("float64" if x.dtype == "float32" else "float32")},
    }  # fmt: skip
    refused = _refused(lambda: session.run(None, feeds[p["kind"]]))
    return [refused, int(_bits(session.run(None, {"x": x})) == before)]


def wrong_positions(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """(refused, right afterwards)."""
    session = make(program)
    right, wrong = (np.array(p[k], dtype="int64") for k in ("right", "wrong"))
    before = _bits(session.run(None, {"x": x, "i": right}))
    refused = _refused(lambda: session.run(None, {"x": x, "i": wrong}))
    return [refused, int(_bits(session.run(None, {"x": x, "i": right})) == before)]


def _reading(make: Make, path: str, x: Any) -> Callable[[], Any]:
    return lambda: make(path).run(None, {"x": x})


def broken_files(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """(the broken one refused, the whole one read), from a file."""
    kind = p["kind"]
    part = len(program) * int(kind.rsplit("-", 1)[1]) // 100 if kind.startswith("cut") else 0
    noise = bytes((i * 167 + 13) % 256 for i in range(len(program)))
    broken = noise if kind == "noise" else bytes(program[:part])
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("broken.onnx", broken), ("whole.onnx", bytes(program))):
            path = os.path.join(folder, name)
            with open(path, "wb") as f:
                f.write(data)
            answers.append(_refused(_reading(make, path, x)))
    return [answers[0], 1 - answers[1]]


def broken_models(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """(refused, answered); of turned bits the number of outcomes."""
    def ask(data: bytes) -> int:
        return _refused(lambda: make(data).run(None, {"x": x}))

    if p["kind"] != "flipped":
        refused = ask(bytes(program))
        return [refused, 1 - refused]
    outcomes = 0
    for i in range(FLIPS):
        data = bytearray(program)
        data[len(data) * i // FLIPS] ^= 1 << i % 8
        outcomes += ask(bytes(data)) in (0, 1)
    return [outcomes]


def reused(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """Whether the bits come again, each time after other inputs."""
    session = make(program)
    first, same = _bits(session.run(None, {"x": x})), []
    for _ in range(AGAIN):
        for other in _others(np, x):
            session.run(None, {"x": other})
        same.append(int(_bits(session.run(None, {"x": x})) == first))
    return same


def concurrent(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """Calls with the right bits, by thread; each thread asks about inputs of its own, of sizes of its own."""
    session = make(program)
    inputs = [[np.concatenate([x * (1 + t + k)] * (1 + (t + k) % 3)) for k in range(EACH)] for t in range(THREADS)]
    wanted = [[_bits(session.run(None, {"x": v})) for v in own] for own in inputs]
    found, ready = [0] * THREADS, threading.Barrier(THREADS)

    def work(t: int) -> None:
        ready.wait()
        answers = [session.run(None, {"x": v}) for v in inputs[t]]
        found[t] = sum(_bits(a) == w for a, w in zip(answers, wanted[t]))  # noqa: B905 - Python 3.9

    threads = [threading.Thread(target=work, args=(t,)) for t in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def separate(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """(input unchanged, not shared, earlier output unchanged, not read)."""
    session = make(program)
    kept = x.tobytes()
    (first,) = session.run(None, {"x": x})
    was = first.tobytes()
    shared = np.shares_memory(first, x)
    (second,) = session.run(None, {"x": x * 2})
    unchanged = first.tobytes() == was and not np.shares_memory(first, second)
    if first.flags.writeable:
        first[...] = 77
    (third,) = session.run(None, {"x": x})
    return [int(x.tobytes() == kept), int(not shared), int(unchanged), int(third.tobytes() == was)]


def steady(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """Bytes a call."""
    session = make(program)
    return np.array([slope(lambda: session.run(None, {"x": x}), CALLS, WINDOWS)], dtype="float64")


def saved(np: Any, make: Make, program: bytes, p: Dict[str, Any], x: Any) -> Any:
    """Same bits from the optimised model that was written, for other rows, and written again."""
    inputs = [{"x": x}, {"x": np.concatenate([x, -x])}, {"x": x}]
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, "once.onnx"), os.path.join(folder, "twice.onnx")]
        original = make(program, save=paths[0])
        again = [make(paths[0]), None, make(paths[0], save=paths[1])]
        again[1], again[2] = again[0], make(paths[1])
        return [int(_bits(s.run(None, f)) == _bits(original.run(None, f))) for s, f in zip(again, inputs)]  # noqa: B905 - Python 3.9


BEHAVIOURS: Dict[str, Callable[..., Any]] = {
    "refuse_wrong_inputs": wrong_inputs, "refuse_broken_files": broken_files, "refuse_broken_models": broken_models, "reused_model": reused,
    "concurrent_calls": concurrent, "separate_outputs": separate, "steady_memory": steady, "saved_model": saved,
    "refuse_wrong_positions": wrong_positions, "refuse_wrong_sizes": wrong_positions, "refuse_wrong_labels": wrong_positions,
}  # fmt: skip
