"""Run a script as it is and write down every torch operator that it executes: `python torch_trace.py OUTPUT SCRIPT ARGUMENTS`.

A dispatch mode sees what reaches the dispatcher: forward, backward and optimiser operators, with the same kernels as without it. (A
function mode would change the path that some modules take.) Each new use is a line of OUTPUT at once, so that a crash loses nothing;
counts follow when a process ends. Processes forked by the script write to the same file.
"""

import atexit
import json
import os
import runpy
import sys
import threading
import traceback
from typing import Set

LIMIT_USES = 20000
"""Different uses a process; more are counted as overflow."""
COARSE = ("optimiser", "data")
"""Phases in which numbers change from step to step (step sizes, positions): told by their type alone."""
_TEXT = 200
_VALUES = 32


class Recorder:
    """Uses seen in this process."""

    def __init__(self, path, torch):
        self.torch = torch
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.lock = threading.Lock()
        self.phase = []
        """Stack of what the script is doing, `optimiser` or `data`."""
        self.begin()

    def begin(self):
        """Anew in a forked process."""
        self.lock = threading.Lock()
        self.pid, self.known, self.counts, self.overflow = os.getpid(), {}, [], 0

    def write(self, **line):
        data = (json.dumps(dict(line, pid=os.getpid())) + "\n").encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self.file, data) :]

    def saw(self, op, args, kwargs):
        phase = self._phase()
        use = (op, phase, self._operands(op, args, kwargs, coarse=phase in COARSE))
        with self.lock:
            number = self.known.get(use)
            if number is None:
                if len(self.counts) >= LIMIT_USES:
                    self.overflow += 1
                    return
                number = self.known[use] = len(self.counts)
                self.counts.append(0)
                operands, attributes, device = use[2]
                self.write(use=str(op), phase=use[1], operands=operands, attributes=attributes, device=device, n=number)
            self.counts[number] += 1

    def _phase(self):
        if self.phase:
            return self.phase[-1]
        node = getattr(self.torch._C, "_current_autograd_node", None)
        if node is not None and node() is not None:
            return "backward"
        return "forward" if self.torch.is_grad_enabled() else "inference"

    def _operands(self, op, args, kwargs, coarse):
        """(operands, attributes, device) as nested tuples."""
        operands, attributes = [], []
        devices: Set[str] = set()
        formal = op._schema.arguments
        named = [(formal[i].name if i < len(formal) else str(i), v) for i, v in enumerate(args)] + sorted(kwargs.items())
        for name, value in named:
            tensors = self._tensors(value)
            if tensors:
                operands += [self._operand(x) for x in tensors]
                devices.update(x.device.type for x in tensors)
            else:
                number = coarse and isinstance(value, (int, float)) and not isinstance(value, bool)
                attributes.append((name, type(value).__name__ if number else self._attribute(value)))
        return tuple(operands), tuple(attributes), ",".join(sorted(devices))

    def _tensors(self, value):
        if isinstance(value, self.torch.Tensor):
            return [value]
        if isinstance(value, (list, tuple)) and any(isinstance(v, self.torch.Tensor) for v in value):
            return [v for v in value if isinstance(v, self.torch.Tensor)]
        return []

    def _operand(self, x):
        return (str(x.dtype).replace("torch.", ""), tuple(int(n) for n in x.shape), self._layout(x))

    def _layout(self, x):
        if x.layout is not self.torch.strided:
            return str(x.layout).replace("torch.", "")
        if x.is_contiguous():
            return "contiguous"
        for dims, name in ((4, "channels_last"), (5, "channels_last_3d")):
            if x.dim() == dims and x.is_contiguous(memory_format=getattr(self.torch, name)):
                return "channels-last"
        return "expanded" if 0 in x.stride() else "strided"

    def _attribute(self, value):
        if value is None or isinstance(value, (bool, int)):
            return value if -(2**53) < (value or 0) < 2**53 else str(value)
        if isinstance(value, float):
            return value if value - value == 0 else repr(value)
        if isinstance(value, (list, tuple)):
            return tuple(self._attribute(v) for v in value[:_VALUES]) + (("...",) if len(value) > _VALUES else ())
        return str(value).replace("torch.", "")[:_TEXT]

    def finish(self):
        """Counts of this process."""
        if self.pid == os.getpid():
            self.write(counts=self.counts, overflow=self.overflow)


def marked(recorder, phase, method):
    """A method during which operators belong to a phase."""

    def call(*args, **kwargs):
        recorder.phase.append(phase)
        try:
            return method(*args, **kwargs)
        finally:
            recorder.phase.pop()

    return call


def watch(recorder):
    """Tell phases apart by the library's own hooks, and the data loader's steps by their iterator."""
    from torch.optim import optimizer
    from torch.utils.data import dataloader

    optimizer.register_optimizer_step_pre_hook(lambda *_: recorder.phase.append("optimiser"))
    optimizer.register_optimizer_step_post_hook(lambda *_: recorder.phase.pop())
    kind = dataloader._BaseDataLoaderIter
    kind.__next__ = marked(recorder, "data", kind.__next__)
    os.register_at_fork(after_in_child=recorder.begin)
    atexit.register(recorder.finish)


def mode_of(recorder):
    """The dispatch mode that records and passes on."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Mode(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(self, op, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            recorder.saw(op, args, kwargs)
            return op(*args, **kwargs)

    return Mode()


def main():
    output, script = sys.argv[1:3]
    sys.argv = sys.argv[2:]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    import torch

    recorder = Recorder(output, torch)
    recorder.write(library="torch", version=str(torch.__version__), threads=torch.get_num_threads(), deterministic=torch.are_deterministic_algorithms_enabled())
    watch(recorder)
    try:
        with mode_of(recorder):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(e.code is not None)
        recorder.write(ended="exit status %d" % code if code else "")
        raise
    except BaseException:
        recorder.write(ended=traceback.format_exc()[-4000:])
        raise
    recorder.write(ended="")


if __name__ == "__main__":
    main()
