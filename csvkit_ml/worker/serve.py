"""A cell process: takes groups of cases, answers one frame a (variant, repetition). Standard library only."""

from __future__ import annotations

import os
import resource
import socket
from typing import Any, BinaryIO, Dict, List, Tuple, cast

from csvkit_ml.worker import frames
from csvkit_ml.worker.wire import NotSupported, Runtime, WireRequest, WireTensor

_MESSAGE = 4000


def prepare(runtime: Runtime, head: Dict[str, Any]) -> Dict[str, Any]:
    """Variables, memory limit and runtime options of this cell; answers what is proven in force and the library's build facts."""
    os.environ.update(head["variables"])
    if head["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (head["memory_bytes"], head["memory_bytes"]))
    proven = runtime.apply(head["settings"])
    facts = runtime.describe() if head.get("describe") else {}
    return {"ready": True, "proven": proven, "facts": facts}


def serve(runtime: Runtime, sock: socket.socket) -> None:
    """Answer until the host closes the stream. A failure of the protocol ends the process: the host sees it."""
    reader = cast(BinaryIO, sock.makefile("rb", buffering=1 << 20))
    try:
        head, _ = frames.receive(reader)
        frames.send(sock, prepare(runtime, head))
        while True:
            head, body = frames.receive(reader)
            _group(runtime, sock, head, memoryview(body))
    except frames.Closed:
        return


def _group(runtime: Runtime, sock: socket.socket, head: Dict[str, Any], body: memoryview) -> None:
    """One sample: inputs once, then every (variant, repetition) of the group in order."""
    inputs: List[WireTensor] = []
    at = 0
    for dtype, shape, size in head["inputs"]:
        inputs.append(WireTensor(dtype, tuple(shape), body[at : at + size]))
        at += size
    program = bytes(body[at:])
    seen: Dict[bytes, int] = {}
    for variant in head["variants"]:
        for repetition in head["repetitions"]:
            if repetition == "dirty_memory":
                runtime.dirty()
            request = WireRequest(head["op"], variant, head["params"], inputs, program)
            answer, parts = _run(runtime, request, seen)
            frames.send(sock, answer, parts)


def _run(runtime: Runtime, request: WireRequest, seen: Dict[bytes, int]) -> Tuple[Dict[str, Any], List[bytes]]:
    try:
        outputs = runtime.run(request)
    except NotSupported as e:
        return {"kind": "unsupported", "message": str(e)[:_MESSAGE]}, []
    except Exception as e:
        return {"kind": "raised", "type": type(e).__name__[:200], "message": str(e)[:_MESSAGE]}, []
    described: List[Any] = []
    parts: List[bytes] = []
    for name, t in outputs:
        data = bytes(t.data)
        known = seen.get(data)
        if known is None:
            seen[data] = len(seen)
            parts.append(data)
        described.append([name, t.dtype, list(t.shape), len(data), known])
    return {"kind": "produced", "outputs": described}, parts
