"""What carries data and parameters: data pipes, padded and packed sequences, parameters as one vector, switches of backward."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, Side
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.sampling import normal

PADDING = -7.0


def _pipe_cases() -> Iterable[Sample]:
    for n, batch in ((10, 3), (1, 1), (12, 4), (7, 10)):
        yield case(f"n{n}-batch{batch}", n=n, batch=batch)


def pipes(sample: Sample) -> tuple[Any, ...]:
    """(squares by index, doubles in order, lengths of their batches, answers: registered, a chunk is its list, chance refused)."""
    n, batch = sample.param("n"), sample.param("batch")
    lengths = [min(batch, n - at) for at in range(0, n, batch)]
    return np.arange(n) ** 2, 2 * np.arange(n), np.array(lengths, dtype=np.int64), yes(True, True, True, True)


def _undoubled(sample: Sample) -> tuple[Any, ...]:
    squares, doubles, *more = pipes(sample)
    return squares, doubles // 2, *more


def _late(sample: Sample) -> tuple[Any, ...]:
    squares, doubles, *more = pipes(sample)
    return np.roll(squares, 1), np.roll(doubles, 1), *more


def _sequence_cases() -> Iterable[Sample]:
    for (lengths, first), dtype in itertools.product(
        itertools.product(((3, 5, 1, 4), (2,), (1, 2, 3, 4, 5, 6, 7), (4, 9, 2)), (True, False)), ("float32", "float64")
    ):
        label = f"{dtype}-{'_'.join(map(str, lengths))}-{'batch' if first else 'time'}-first"
        x = normal(dtype, (sum(lengths), 3), "sequences", label)
        yield case(label, x, dtype=dtype, lengths=lengths, batch_first=first, padding=PADDING)


def _sequences(sample: Sample) -> list[Array]:
    return np.split(sample.arrays()[0].astype(np.float64), np.cumsum(sample.param("lengths"))[:-1])


def sequences(sample: Sample, padding: float = PADDING, ascending: bool = False) -> tuple[Any, ...]:
    """(padded, packed rows, how many sequences last to each step, positions by falling length and their inverse, all sequences again)."""
    lengths, rows = np.array(sample.param("lengths")), _sequences(sample)
    longest = int(lengths.max())
    padded = np.stack([np.concatenate([r, np.full((longest - len(r), 3), padding)]) for r in rows])
    order = np.argsort(lengths if ascending else -lengths)
    packed = np.concatenate([rows[i][t : t + 1] for t in range(longest) for i in order if t < lengths[i]])
    counts = np.array([int((lengths > t).sum()) for t in range(longest)], dtype=np.int64)
    again = np.concatenate(rows)
    given = padded if sample.param("batch_first") else padded.transpose(1, 0, 2)
    return given, packed, counts, order.astype(np.int64), np.argsort(order).astype(np.int64), again


def unpadded(sample: Sample) -> tuple[Any, ...]:
    """(all sequences again, the padded ones as they were given)."""
    given, *_, again = sequences(sample)
    return again, given


def _reversed(sample: Sample) -> tuple[Any, ...]:
    again, given = unpadded(sample)
    return np.concatenate([r[::-1] for r in np.split(again, np.cumsum(sample.param("lengths"))[:-1])]), given


def _padding_kept(sample: Sample) -> tuple[Any, ...]:
    """The first sequence's last step is padding."""
    again, given = unpadded(sample)
    again = again.copy()
    again[sample.param("lengths")[0] - 1] = PADDING
    return again, given


def _vector_cases() -> Iterable[Sample]:
    for i, dtype in itertools.product(range(3), ("float32", "float64")):
        shapes = (((4, 3), (4,)), ((2, 3, 3, 3), (2,), (5, 1)), ((1,), (2, 2), (7,)))[i]
        tensors = [normal(dtype, s, "vector", dtype, str(i), str(j)) for j, s in enumerate(shapes)]
        yield case(f"{dtype}-{i}", *tensors, dtype=dtype)


def vectors(sample: Sample) -> tuple[Any, ...]:
    """(all parameters in one row, the parameters set from its reverse)."""
    row = np.concatenate([a.astype(np.float64).ravel() for a in sample.arrays()])
    return row, row[::-1]


def _columns_first(sample: Sample) -> tuple[Any, ...]:
    row = np.concatenate([a.astype(np.float64).T.ravel() for a in sample.arrays()])
    return row, row[::-1]


def _shared_start(sample: Sample) -> tuple[Any, ...]:
    """Every parameter is set from the start of the vector."""
    row, back = vectors(sample)
    return row, np.concatenate([back[: a.size] for a in sample.arrays()])


def _kernel_cases() -> Iterable[Sample]:
    for i, dtype in itertools.product(range(3), ("float32", "float64")):
        kernels = [normal(dtype, (4 + i, 3 - i, *[2 + i % 2] * d), "kernel", dtype, str(d), str(i)) for d in (2, 3)]
        yield case(f"{dtype}-{i}", *kernels, dtype=dtype, seed=11 + i)


def kernels(sample: Sample) -> tuple[Any, ...]:
    """(both kernels, answers: the shape of a module that is not initialised, no number drawn, both formats in force)."""
    two, three = (a.astype(np.float64) for a in sample.arrays())
    return two, three, yes(True, True, True, True)


def _permuted(sample: Sample) -> tuple[Any, ...]:
    """Values are read in the new order."""
    two, three, answers = kernels(sample)
    return np.moveaxis(two, 1, -1).reshape(two.shape), three, answers


def _switch_cases() -> Iterable[Sample]:
    for n, dtype in itertools.product((3, 8, 33), ("float32", "float64")):
        yield case(f"{dtype}-n{n}", normal(dtype, (n, 4), "switches", dtype, str(n)), dtype=dtype)


def switches(sample: Sample) -> tuple[Any, ...]:
    """(gradient of the sum of squares, in one thread; axes exchanged and joined; answers)."""
    x = sample.arrays()[0].astype(np.float64)
    return 2 * x, x.T.reshape(-1), yes(True, True, True, True)


def _halved(sample: Sample) -> tuple[Any, ...]:
    slope, *more = switches(sample)
    return slope / 2, *more


def _not_exchanged(sample: Sample) -> tuple[Any, ...]:
    slope, _, answers = switches(sample)
    return slope, slope.reshape(-1) / 2, answers


ROWS = (
    Guarantee(
        id="data_pipes",
        area="data loading",
        source="PyTorch documentation, torch.utils.data",
        cases=_pipe_cases,
        truth=pipes,
        requirement="The library shall hand on what a data pipe gives, in order and once, whether it is built by class or by registered name.",
        faults=(
            wrong("function-skipped", "The registered pipe hands on what it is given.", _undoubled),
            wrong("late-by-one", "The last item comes first.", _late),
            denied("chance-let-through", "A pipe that is marked as random runs where determinism is asked.", 3, 3),
        ),
    ),
    Guarantee(
        id="padded_sequences",
        area="recurrent layers",
        side=Side.BOTH,
        source="PyTorch documentation, torch.nn.utils.rnn",
        cases=_sequence_cases,
        truth=sequences,
        requirement="The library shall pad and pack sequences of different length, step by step, and give them back unchanged.",
        faults=(
            wrong("padded-with-zero", "The padding is zero.", lambda s: sequences(s, padding=0.0)),
            wrong("shortest-first", "The shortest sequence is packed first.", lambda s: sequences(s, ascending=True)),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="unpadded_sequences",
        area="recurrent layers",
        side=Side.BOTH,
        source="PyTorch documentation, torch.nn.utils.rnn.unpad_sequence",
        cases=_sequence_cases,
        truth=unpadded,
        requirement="The library shall give padded sequences back without their padding, and leave the padded ones as they are.",
        faults=(
            wrong("reversed", "Sequences come back in reverse order.", _reversed),
            wrong("padding-kept", "A last step is padding.", _padding_kept),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="parameter_vectors",
        area="modules",
        side=Side.BOTH,
        source="PyTorch documentation, torch.nn.utils",
        cases=_vector_cases,
        truth=vectors,
        requirement="The library shall read parameters into one vector and set them from one.",
        faults=(
            wrong("columns-first", "Parameters are read by columns.", _columns_first),
            wrong("from-the-start", "Every parameter is set from the start of the vector.", _shared_start),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="kernel_formats",
        area="modules",
        side=Side.BOTH,
        source="PyTorch documentation, torch.nn.utils",
        cases=_kernel_cases,
        truth=kernels,
        requirement="The library shall change a kernel's memory format, not its values, and make a module without drawing its weights.",
        faults=(
            wrong("permuted", "Values are read in the new order.", _permuted),
            denied("initialised", "A module that shall not be initialised draws numbers.", 2, 1),
            denied("format-not-taken", "The memory format is not in force.", 2, 2),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="backward_switches",
        area="automatic differentiation",
        source="PyTorch documentation, torch.autograd and torch.func",
        cases=_switch_cases,
        truth=switches,
        requirement="The library shall give the same gradients in one thread, of the dtype that a leaf asks for, and strip batch norms of running statistics.",
        faults=(
            wrong("halved", "The gradient is half as large.", _halved),
            wrong("not-exchanged", "Axes are joined in the order that they have.", _not_exchanged),
            denied("statistics-kept", "Running statistics are kept.", 2, 2),
        ),
    ),
)

FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)
