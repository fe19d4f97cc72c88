"""Padding, packing and vectors by a second, plainer route."""

from __future__ import annotations

import numpy as np

from validation_suites.training import containers


def test_packed_sequences_element_by_element() -> None:
    """A row of the packed data is step t of the i-th longest sequence; counts say where steps end."""
    for sample in containers._sequence_cases():
        lengths, x = list(sample.param("lengths")), sample.arrays()[0]
        starts = [sum(lengths[:i]) for i in range(len(lengths))]
        padded, packed, counts, order, inverse, again = containers.sequences(sample)
        at = 0
        for t, count in enumerate(counts.tolist()):
            for i in order[:count].tolist():
                assert (packed[at] == x[starts[i] + t]).all()
                at += 1
        assert at == sum(lengths) == len(again)
        assert sorted(lengths, reverse=True) == [lengths[i] for i in order]
        assert (order[inverse] == np.arange(len(lengths))).all()
        for i, t in np.ndindex(len(lengths), max(lengths)):
            row = padded[i, t] if sample.param("batch_first") else padded[t, i]
            assert (row == (x[starts[i] + t] if t < lengths[i] else containers.PADDING)).all()


def test_vectors_by_appending() -> None:
    for sample in containers._vector_cases():
        row, back = containers.vectors(sample)
        flat = [float(v) for a in sample.arrays() for v in a.flat]
        assert row.tolist() == flat
        assert back.tolist() == flat[::-1]


def test_batches_of_a_pipe_by_counting() -> None:
    for sample in containers._pipe_cases():
        squares, doubles, lengths, _ = containers.pipes(sample)
        n, batch = sample.param("n"), sample.param("batch")
        assert [(i, 2 * i) for i in range(n)] == [(round(float(s) ** 0.5), d) for s, d in zip(squares, doubles.tolist(), strict=True)]
        assert lengths.sum() == n
        assert set(lengths[:-1].tolist()) <= {batch}


def test_the_slope_of_a_sum_of_squares_by_differences_of_whole_powers() -> None:
    """(x + h)^2 - (x - h)^2 = 4 x h exactly, h a power of two."""
    for sample in containers._switch_cases():
        slope, joined, _ = containers.switches(sample)
        x = sample.arrays()[0].astype(np.longdouble)
        assert (((x + 1) ** 2 - (x - 1) ** 2) / 2 == slope).all() or np.allclose(((x + 1) ** 2 - (x - 1) ** 2) / 2, slope, rtol=1e-15)
        assert joined.tolist() == [float(v) for column in sample.arrays()[0].T for v in column]
