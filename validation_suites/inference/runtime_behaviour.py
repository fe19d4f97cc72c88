"""How a library behaves as a part of a device, beside what it computes: what is wrong is refused, what is right does not depend on what else happens.

Every answer is a row of counts that a sound library gives exactly: refusals, calls with the same bits, values left alone. The models are a dense
layer, a convolution and a copy; an error of any type is a refusal, the end of the process is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import Exact, Moved
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Json, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites.sampling import normal

AREA = "runtime behaviour"
SOURCE = "requirements of a medical device on its SOUP (IEC 62304, 5.3.3)"
MODELS: dict[str, tuple[tuple[int, ...], ...]] = {
    "dense": ((5, 12), (12, 7), (7,)), "convolution": ((2, 3, 9, 8), (4, 3, 3, 3), (4,)), "copy": ((4, 6),),
}  # fmt: skip
"""Shapes of the data, the weight and the bias: max(0, x w + b), the same by convolution, and a copy of the data."""
WRONG_INPUTS = ("missing", "extra", "name", "rank", "shape", "dtype")
"""No input, one too many, one of another name, a single number, twice as many columns or channels, the other precision."""
BROKEN_FILES = ("empty", "noise", "cut-at-1", "cut-at-25", "cut-at-50", "cut-at-75", "cut-at-99")
"""Whose bytes end at so many hundredths of the file."""
BROKEN_MODELS = (
    "sound", "unknown-operator", "undefined-input", "output-twice", "cycle", "declared-type", "weight-shape", "weight-bytes", "attribute-type",
    "no-output", "future-opset",
)  # fmt: skip
FLIPS = 64
"""Bits that are turned over, one at a time, evenly spread over a model."""
THREADS, EACH = 4, 25
"""Threads on one session, and calls of each."""
AGAIN = 3
CALLS, WINDOWS = 2000, 5
PAGES = 16
"""Pages of 4 KiB that one window may add: an allocator asks for memory in larger pieces than it hands out."""
EXACTLY = Exact(rationale="What is refused, and whether bits are the same, is counted.", literature="definition")
STEADY = Moved(
    k=1.0, k_hard=2.0, scale=f"{PAGES} pages of 4 KiB in {CALLS} calls",
    rationale="A leak grows in every window, unless something else is given back in it; an allocator that keeps what was given back and a cache that "
    "fills up do not grow in most: of five windows the median is judged. "
    "What one page holds cannot be seen; 16 pages leave room for an allocator's own step. 1 KiB lost in each call is 30 times as much.",
    literature="definition",
)  # fmt: skip
_SLOPE = PAGES * 4096 / CALLS


def _operands(model: str, dtype: str) -> tuple[Tensor, ...]:
    return tuple(normal(dtype, shape, "runtime", model, str(i)) for i, shape in enumerate(MODELS[model]))


def _samples(models: tuple[str, ...], **kinds: tuple[Json, ...]) -> Callable[[], Iterable[Sample]]:
    """Every model in every kind."""

    def made() -> Iterable[Sample]:
        first = True
        for model in models:
            for dtype in ("float32", "float64") if model == "dense" else ("float32",):
                for kind in kinds.get("kind", (None,)):
                    name = "-".join([dtype, model, *([str(kind)] if kind else [])])
                    told = params(model=model, **({"kind": kind} if kind else {}))
                    why = SampleClass.ORDINARY if first else SampleClass.COVERING
                    first = False
                    yield Sample(name=name, dtype=dtype, inputs=_operands(model, dtype), params=told, why=why)

    return made


def _counts(*values: int) -> tuple[Expected, ...]:
    return (exactly(np.array(values, dtype=np.int64), dtype="int64"),)


def _broken_model(sample: Sample) -> tuple[Expected, ...]:
    """(refused, answered): one or the other; a turned bit may leave a model, so that only an outcome is wanted."""
    kind = sample.param("kind")
    return _counts(FLIPS) if kind == "flipped" else _counts(0, 1) if kind == "sound" else _counts(1, 0)


def _steady(_: Sample) -> tuple[Expected, ...]:
    return (Expected(name="y", dtype="float64", value=np.zeros(1), scale=np.full(1, _SLOPE), any_sign_of_zero=True),)


def _fault(id: str, sentence: str, change: Callable[[Array], Array]) -> Fault:
    def apply(_: Function, __: Sample, true: Results) -> Results | None:
        made = change(true[0].copy())
        return None if np.array_equal(made, true[0]) else (made,)

    return Fault(id=id, sentence=sentence, apply=apply)


def _at(place: int, value: float) -> Callable[[Array], Array]:
    def change(a: Array) -> Array:
        a[min(place, len(a) - 1)] = value
        return a

    return change


def _function(
    id: str, requirement: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]], *faults: Fault,
    criterion: Criterion = EXACTLY, repeatable: bool = True, lengthy: bool = False,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall {requirement}.", source=SOURCE,
        oracle="exact: what a sound library gives", samples=samples, reference=reference, criterion=criterion, faults=faults,
        repeatable=repeatable, lengthy=lengthy,
    )  # fmt: skip


LAYERS = ("dense", "convolution")
EVERY = (*LAYERS, "copy")
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "refuse_wrong_inputs", "refuse inputs whose number, name, rank, shape or dtype is not the model's, and answer right ones afterwards",
        _samples(LAYERS, kind=WRONG_INPUTS), lambda s: _counts(1, 1),
        _fault("answered", "The wrong input is answered.", _at(0, 0)),
        _fault("stuck", "After a refusal right inputs are not answered as before.", _at(1, 0)),
        _fault("both", "The wrong input is answered, and what comes after is wrong.", lambda a: a * 0),
    ),
    _function(
        "refuse_broken_files", "refuse a saved model whose bytes are cut off or are none of a model, and read the whole one",
        _samples(LAYERS, kind=BROKEN_FILES), lambda s: _counts(1, 1),
        _fault("read", "What is left of the file is taken for a model.", _at(0, 0)),
        _fault("whole-file-refused", "The whole file is not read.", _at(1, 0)),
        _fault("both", "The broken one is read, the whole one is not.", lambda a: a * 0),
    ),
    _function(
        "refuse_broken_models", "refuse a graph that is none: unknown operators, missing or doubled values, wrong types, shapes and attributes",
        _samples(("dense",), kind=(*BROKEN_MODELS, "flipped")), _broken_model,
        _fault("accepted", "A graph that is none is answered.", lambda a: a[::-1] if a[0] == 1 else a),
        _fault("sound-refused", "A sound graph is refused.", lambda a: a[::-1] if a[0] == 0 else a),
        _fault("neither", "The last of the models has no outcome.", lambda a: np.maximum(a - 1, 0)),
    ),
    _function(
        "reused_model", "give the same bits for the same input, whatever other inputs of other sizes it was given in between",
        _samples(EVERY), lambda s: _counts(*(1,) * AGAIN),
        _fault("first-again", "The first repetition has other bits.", _at(0, 0)),
        _fault("last-again", "The last repetition has other bits: something adds up.", _at(AGAIN - 1, 0)),
        _fault("always", "Every repetition has other bits.", lambda a: a * 0),
    ),
    _function(
        "concurrent_calls", "give the same bits in calls from several threads at once as in one call after the other",
        _samples(EVERY), lambda s: _counts(*(EACH,) * THREADS),
        _fault("one-call", "One call of one thread has other bits.", _at(2, EACH - 1)),
        _fault("one-thread", "One thread got another one's answers.", _at(0, 0)),
        _fault("lost-call", "Every thread lost a call.", lambda a: a - 1),
    ),
    _function(
        "separate_outputs", "leave its inputs as they are, and give outputs of their own that no later call changes or reads",
        _samples(EVERY), lambda s: _counts(1, 1, 1, 1),
        _fault("input-changed", "An input is written to.", _at(0, 0)),
        _fault("input-shared", "An output lies in the memory of an input.", _at(1, 0)),
        _fault("output-changed", "A later call changes an earlier output.", _at(2, 0)),
        _fault("output-read", "A later call reads what was written into an earlier output.", _at(3, 0)),
    ),
    _function(
        "steady_memory", f"take no more memory over {CALLS * WINDOWS:,} calls",
        _samples(EVERY), _steady,
        _fault("leak", "Every call loses 1 KiB.", lambda a: a + 1024),
        _fault("small-leak", "Every call loses 128 bytes.", lambda a: a + 128),
        _fault("leaked-input", "Every call loses an input of 240 bytes.", lambda a: a + 240),
        criterion=STEADY, repeatable=False, lengthy=True,
    ),
    _function(
        "saved_model", "give the same bits from a model that was saved and read again",
        _samples(EVERY), lambda s: _counts(1, 1, 1),
        _fault("other-bits", "The model that was read gives other bits.", lambda a: a * 0),
        _fault("other-size", "It gives other bits for another number of rows.", _at(1, 0)),
        _fault("again", "Saved and read a second time it gives other bits.", _at(2, 0)),
    ),
)  # fmt: skip
