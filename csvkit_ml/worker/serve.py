"""A cell process: takes groups of cases, answers one frame a (variant, repetition). Standard library only."""

import os
import resource

from csvkit_ml.libraries.binding import NotSupported, WireRequest, WireTensor
from csvkit_ml.worker import frames

_MESSAGE = 4000


def prepare(runtime, head):
    """Variables, memory limit and runtime options of this cell; answers what is proven in force and the library's build facts."""
    os.environ.update(head["variables"])
    if head["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (head["memory_bytes"], head["memory_bytes"]))
    proven = runtime.apply(head["settings"])
    facts = runtime.describe() if head.get("describe") else {}
    return {"ready": True, "proven": proven, "facts": facts}


def serve(runtime, sock):
    """Answer until the host closes the stream. A failure of the protocol ends the process: the host sees it."""
    reader = sock.makefile("rb", buffering=1 << 20)
    try:
        head, _ = frames.receive(reader)
        frames.send(sock, prepare(runtime, head))
        while True:
            head, body = frames.receive(reader)
            _group(runtime, sock, head, memoryview(body))
    except frames.Closed:
        return


def _group(runtime, sock, head, body):
    """One sample: inputs once, then every (variant, repetition) of the group in order."""
    inputs, at = [], 0
    for dtype, shape, size in head["inputs"]:
        inputs.append(WireTensor(dtype, tuple(shape), body[at : at + size]))
        at += size
    program = bytes(body[at:])
    seen = {}
    for variant in head["variants"]:
        for repetition in head["repetitions"]:
            if repetition == "dirty_memory":
                runtime.dirty()
            request = WireRequest(head["op"], variant, head["params"], inputs, program)
            answer, parts = _run(runtime, request, seen)
            frames.send(sock, answer, parts)


def _run(runtime, request, seen):
    try:
        outputs = runtime.run(request)
    except NotSupported as e:
        return {"kind": "unsupported", "message": str(e)[:_MESSAGE]}, ()
    except Exception as e:
        return {"kind": "raised", "type": type(e).__name__[:200], "message": str(e)[:_MESSAGE]}, ()
    described, parts = [], []
    for name, t in outputs:
        data = bytes(t.data)
        known = seen.get(data)
        if known is None:
            seen[data] = len(seen)
            parts.append(data)
        described.append([name, t.dtype, list(t.shape), len(data), known])
    return {"kind": "produced", "outputs": described}, parts
