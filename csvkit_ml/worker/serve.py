"""Serving cases inside a cell process: settings first, then one group after the other. Standard library only.

A group is one sample (operation, parameters, inputs, program) with the variants and repetition kinds to run here. Its executions
are numbered variant by variant, kind by kind; each is answered by a frame of its own before the next one starts, so that a
process that dies names its culprit: the first execution without an answer. Expected values never come here.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import os
import socket
import sys
import time
import traceback
from typing import Any, Callable, Dict, List, NamedTuple, NoReturn, Tuple

from csvkit_ml.worker import frames
from csvkit_ml.worker.memory import poisoned
from csvkit_ml.worker.wire import NotSupported, Runtime, WireRequest, WireTensor

DIRTY = "dirty_memory"
"""Repetition kind before which free memory is filled with a pattern, and during which new memory is."""
MAX_MESSAGE = 4000
"""Characters of an exception's text."""

Answer = Tuple[bytes, Tuple[bytes, ...]]
"""Head and parts of the body."""
Outputs = Tuple[Tuple[str, str, Tuple[int, ...], bytes], ...]


class Group(NamedTuple):
    """One sample as the worker received it."""

    op: str
    params: Dict[str, Any]
    inputs: List[WireTensor]
    program: bytes
    variants: List[str]
    kinds: List[str]
    start: int
    """First execution to run."""
    stop: int
    """Execution behind the last one to run."""


def serve_and_exit(link: socket.socket, runtime: Runtime) -> NoReturn:
    """Serve, then leave without running the library's exit handlers (70 = the worker itself failed, 74 = a stream could not be flushed)."""
    status = 0
    try:
        faulthandler.enable(file=2)
        serve(link, runtime)
    except BaseException:
        traceback.print_exc()
        status = 70
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                status = status or 74
        os._exit(status)


def serve(link: socket.socket, runtime: Runtime) -> None:
    """Answer requests until the host closes its side."""
    while True:
        frame = frames.receive(link)
        if frame is None:
            return
        head, body = frame
        if "settings" in head:
            frames.send(link, _facts(functools.partial(_apply, runtime, head)))
        elif "describe" in head:
            frames.send(link, _facts(runtime.describe))
        elif "inventory" in head:
            frames.send(link, *_inventory(runtime))
        elif "calls" in head:
            frames.send(link, _calls(runtime, _group(head, body)))
        else:
            _run_group(link, runtime, _group(head, body))


def _apply(runtime: Runtime, head: Dict[str, Any]) -> Dict[str, str]:
    """Variables, then the memory limit, then the library's own settings."""
    os.environ.update(head["variables"])
    limit = int(head["memory"])
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return runtime.apply(dict(head["settings"]))


def _facts(ask: Callable[[], Dict[str, str]]) -> bytes:
    try:
        return frames.encode({"facts": ask()})
    except Exception as e:
        return frames.encode({"refused": "%s: %s" % (_type_name(e), _text(e))})


def _inventory(runtime: Runtime) -> Answer:
    """The inventory as JSON in the body: it is too large for a head."""
    try:
        return frames.encode({"inventory": True}), (frames.encode(runtime.inventory()),)
    except Exception as e:
        return frames.encode({"refused": "%s: %s" % (_type_name(e), _text(e))}), ()


def _calls(runtime: Runtime, group: Group) -> bytes:
    """Operators that the variants of a sample call, each once, in the order in which they are met; `results` are those that wrote a result."""
    found: Dict[str, bool] = {}
    try:
        for variant in group.variants:
            request = WireRequest(group.op, variant, dict(group.params), list(group.inputs), group.program)
            for name, wrote in runtime.calls(request).items():
                found[name] = wrote or found.get(name, False)
        return frames.encode({"calls": list(found), "results": [name for name in found if found[name]]})
    except Exception as e:
        return frames.encode({"refused": "%s: %s" % (_type_name(e), _text(e))})


def _group(head: Dict[str, Any], body: bytes) -> Group:
    inputs, at = [], 0
    for dtype, shape, size in head["inputs"]:
        inputs.append(WireTensor(dtype, tuple(shape), body[at : at + size]))
        at += size
    return Group(
        head["op"], head["params"], inputs, body[at:], head["variants"], head["kinds"], head["from"], head["to"]
    )


def _run_group(link: socket.socket, runtime: Runtime, group: Group) -> None:
    seen: Dict[Outputs, int] = {}
    width = len(group.kinds)
    for index in range(group.start, group.stop):
        head, parts = _execute(runtime, group, index, group.variants[index // width], group.kinds[index % width], seen)
        frames.send(link, head, parts)


def _execute(runtime: Runtime, group: Group, index: int, variant: str, kind: str, seen: Dict[Outputs, int]) -> Answer:
    """Run once; whatever Python can catch becomes an answer; values come with the time of the call, operands and results carried over included."""
    request = WireRequest(group.op, variant, dict(group.params), list(group.inputs), group.program)
    try:
        if kind == DIRTY:
            runtime.dirty()
        with poisoned() if kind == DIRTY else contextlib.nullcontext():
            began = time.perf_counter_ns()
            outputs = runtime.run(request)
            spent = time.perf_counter_ns() - began
        return _produced(index, spent, outputs, seen)
    except NotSupported as e:
        return frames.encode({"i": index, "k": "unsupported", "message": _text(e)}), ()
    except BaseException as e:
        return frames.encode({"i": index, "k": "raised", "type": _type_name(e), "message": _text(e)}), ()


def _produced(index: int, spent_ns: int, outputs: List[Tuple[str, WireTensor]], seen: Dict[Outputs, int]) -> Answer:
    """Values, or a reference to an earlier execution of the group that returned the same bytes."""
    values = tuple((name, x.dtype, tuple(x.shape), bytes(x.data)) for name, x in outputs)
    earlier = seen.setdefault(values, index)
    if earlier != index:
        return b'{"i":%d,"k":"same","as":%d,"ns":%d}' % (index, earlier, spent_ns), ()
    described = [(name, dtype, shape, len(data)) for name, dtype, shape, data in values]
    return frames.encode({"i": index, "k": "produced", "ns": spent_ns, "outputs": described}), tuple(v[3] for v in values)


def _type_name(e: BaseException) -> str:
    kind = type(e)
    return kind.__qualname__ if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__qualname__)


def _text(e: BaseException) -> str:
    try:
        return str(e)[:MAX_MESSAGE]
    except Exception:
        return "(the exception has no text)"
