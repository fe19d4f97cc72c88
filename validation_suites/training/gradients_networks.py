"""Gradients of recurrent layers, attention blocks and connectionist temporal classification, for inputs, states and every weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.sequences import GATES, stacked, temporal_classification
from csvkit_ml.references.tape import Var, gradients, spreads, values_of
from csvkit_ml.references.transformers import Shape, attended, encoder_layer
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.vector_jacobian import COMMON

DTYPES = ("float32", "float64")
SPREAD = Scaled(
    c=8.0, c_hard=64.0, scale="root mean square error of 16 evaluations of the gradient with a random relative error up to u in every operation, in u",
    rationale="Mixed stability: what rounding in this precision moves the gradient by, times the largest of some hundred such errors (5.5) and a margin "
    "for libraries that round more often or sum in another order.",
    literature="Parker 1997 (Monte Carlo arithmetic); Griewank and Walther 2008 (reverse mode)",
)  # fmt: skip
SOURCE = "PyTorch documentation, torch.autograd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """The gradient of one function by its leading operands; the last operand is the upstream gradient, where there is one."""

    id: str
    of: str
    source: str
    cases: Callable[[], Iterable[Sample]]
    forward: Callable[[Sample, tuple[Var, ...], tuple[Noisy, ...]], Var] | None = None
    """(sample, differentiable operands, constants) -> result."""
    leaves: Callable[[Sample], int] = lambda sample: 1
    """How many leading operands are differentiable; integer operands are the sample's own matter."""
    upstream: bool = True
    by_formula: Callable[[Sample], Callable[..., tuple[Noisy, ...]]] | None = None
    """The gradient as its own published formula, as a function of the floating-point operands; None = by the tape."""

    def gradient(self, sample: Sample) -> Callable[..., tuple[Noisy, ...]]:
        """As a function of the floating-point operands."""
        if self.by_formula is not None:
            return self.by_formula(sample)

        def run(*arrays: Noisy) -> tuple[Noisy, ...]:
            n = self.leaves(sample)
            leaves = tuple(Var(a) for a in arrays[:n])
            rest = arrays[n:]
            assert self.forward is not None
            made = self.forward(sample, leaves, rest[:-1] if self.upstream else rest)
            return tuple(gradients(made, leaves, rest[-1] if self.upstream else None))

        return run

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        return spreads(self.gradient(sample), *_floating(sample), dtype=sample.dtype, names=(self.id, sample.name))

    def truth(self, sample: Sample) -> tuple[Array, ...]:
        return tuple(np.asarray(v, dtype=np.float64) for v in values_of(self.gradient(sample), *_floating(sample)))

    def wrong(self, id: str, sentence: str, change: Callable[[Sample], Sample | None]) -> Fault:
        """The gradient of a changed sample, where it is another."""

        def apply(_: Function, sample: Sample, results: Results) -> Results | None:
            other = change(sample)
            if other is None:
                return None
            made = tuple(m.astype(r.dtype) for m, r in zip(self.truth(other), results, strict=True))
            return None if all(np.array_equal(m, r) for m, r in zip(made, results, strict=True)) else made

        return Fault(id=id, sentence=sentence, apply=apply)

    def function(self, *wrongs: Fault) -> Function:
        return Function(
            id=self.id, side=Side.TRAINING, area="gradients", requirement=f"The library shall return the vector-Jacobian product of {self.of}.",
            source=f"{SOURCE}; {self.source}",
            oracle=("published formula of the gradient" if self.by_formula else "reverse-mode differentiation of the definition")
            + " in extended precision (2^-64); the limit by Monte Carlo arithmetic",
            samples=self.cases, reference=self.reference, criterion=SPREAD, faults=(*COMMON, *wrongs),
        )  # fmt: skip


def _floating(sample: Sample) -> tuple[Array, ...]:
    return tuple(t.array() for t in sample.inputs if not t.dtype.startswith("int"))


def changed(**changes: Any) -> Callable[[Sample], Sample | None]:
    """Another value of a parameter, where the sample has it."""

    def other(sample: Sample) -> Sample | None:
        held = dict(sample.params)
        return replace(sample, params=params(**{**held, **changes})) if any(held.get(k, v) != v for k, v in changes.items()) else None

    return other


def _made(dtype: str, id: str, label: str, shapes: Iterable[tuple[int, ...]], scale: float = 1.0) -> tuple[Tensor, ...]:
    return tuple(normal(dtype, s, id, label, str(k), scale=scale if k > 0 else 1.0) for k, s in enumerate(shapes))


def _recurrent_cases(kind: str) -> Callable[[], Iterable[Sample]]:
    """x [T, B, I], h [L D, B, H] (and c), four weights a layer and direction, upstream [T, B, D H]."""

    def made() -> Iterable[Sample]:
        for i, (t, b, n, h, layers, both) in enumerate(((4, 2, 3, 5, 1, False), (1, 1, 1, 1, 1, False), (3, 2, 4, 3, 2, True))):
            ways, gates = (2 if both else 1), GATES[kind]
            states = [(layers * ways, b, h)] * (2 if kind == "lstm" else 1)
            weights = [
                s for layer in range(layers) for _ in range(ways)
                for s in ((gates * h, n if layer == 0 else h * ways), (gates * h, h), (gates * h,), (gates * h,))
            ]  # fmt: skip
            for dtype in DTYPES:
                label = f"{dtype}-t{t}b{b}i{n}h{h}-layers{layers}{'-both' * both}"
                inputs = (*_made(dtype, kind, label, ((t, b, n), *states, *weights), 0.5), normal(dtype, (t, b, ways * h), kind, label, "upstream"))
                how = params(kind=kind, layers=layers, both_ways=both, hidden=h)
                yield Sample(name=label, dtype=dtype, inputs=inputs, params=how, why=SampleClass.COVERING if i else SampleClass.ORDINARY)

    return made


def _recurrent(sample: Sample, leaves: tuple[Var, ...], rest: tuple[Noisy, ...]) -> Var:
    kind = sample.param("kind")
    count = 2 if kind == "lstm" else 1
    made: Var = stacked(
        kind, leaves[0], leaves[1 : 1 + count], leaves[1 + count :], layers=sample.param("layers"), both_ways=sample.param("both_ways")
    )
    return made


def _all_but_upstream(sample: Sample) -> int:
    return len(_floating(sample)) - 1


def _gates_exchanged(sample: Sample) -> Sample | None:
    """The first two gates of the last layer's kernel change places; one gate: its kernel's rows are reversed."""
    at = len(sample.inputs) - 5
    rows = sample.inputs[at].array()
    gates = GATES[sample.param("kind")]
    parts = np.split(rows, gates)
    made = rows[::-1] if gates == 1 else np.concatenate([parts[1], parts[0], *parts[2:]])
    return replace(sample, inputs=tuple(Tensor.of(np.ascontiguousarray(made)) if k == at else t for k, t in enumerate(sample.inputs)))


def _state_lost(sample: Sample) -> Sample:
    """As if training had begun from zero states."""
    return replace(sample, inputs=tuple(Tensor.of(np.zeros_like(t.array())) if k == 1 else t for k, t in enumerate(sample.inputs)))


def _last_step_only(sample: Sample) -> Sample | None:
    """The upstream gradient of all steps but the last is dropped (truncated in time)."""
    g = sample.inputs[-1].array().copy()
    if len(g) < 2:
        return None
    g[:-1] = 0
    return replace(sample, inputs=(*sample.inputs[:-1], Tensor.of(g)))


EMBED, FORWARD = 8, 12
ATTENTION = ((3 * EMBED, EMBED), (3 * EMBED,), (EMBED, EMBED), (EMBED,))
LAYER = (*ATTENTION, (FORWARD, EMBED), (FORWARD,), (EMBED, FORWARD), (EMBED,), (EMBED,), (EMBED,), (EMBED,), (EMBED,))
ATTENTION_NAMES = ("in_w", "in_b", "out_w", "out_b")
LAYER_NAMES = (*ATTENTION_NAMES, "one_w", "one_b", "two_w", "two_b", "norm1_w", "norm1_b", "norm2_w", "norm2_b")


def _attention_cases(id: str, weights: tuple[tuple[int, ...], ...], sequences: int, first: tuple[bool, ...]) -> Callable[[], Iterable[Sample]]:
    """Sequences [B, L, 8] (queries; keys and values), the weights, upstream [B, L, 8]."""

    def made() -> Iterable[Sample]:
        rows = [(b, n, m, causal, f) for f in first for b, n, m, causal in ((2, 4, 5, False), (1, 1, 1, False), (2, 5, 5, True))]
        for i, (b, n, m, causal, norm_first) in enumerate(rows):
            for dtype in DTYPES:
                label = f"{dtype}-b{b}l{n}s{m if sequences > 1 else n}{'-causal' * causal}{'-first' * norm_first}"
                data = _made(dtype, id, label, ((b, n, EMBED), (b, m, EMBED))[:sequences])
                made = tuple(normal(dtype, s, id, label, "w", str(k), scale=0.35, offset=float(k in (8, 10))) for k, s in enumerate(weights))
                how = params(heads=2, causal=causal, norm_first=norm_first)
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                inputs = (*data, *made, normal(dtype, (b, n, EMBED), id, label, "upstream"))
                yield Sample(name=label, dtype=dtype, inputs=inputs, params=how, why=why)

    return made


def _taken(sample: Sample, queries: int, keys: int) -> Array:
    """[1, 1, L, S], true where a key takes part."""
    shape = np.ones((queries, keys), dtype=bool)
    return (np.tril(shape) if sample.param("causal") else shape)[None, None]


def _attention(sample: Sample, leaves: tuple[Var, ...], rest: tuple[Noisy, ...]) -> Var:
    query, key, *w = leaves
    made: Var = attended(
        query, key, key, dict(zip(ATTENTION_NAMES, w, strict=True)), sample.param("heads"), _taken(sample, query.shape[1], key.shape[1])
    )
    return made


def _layer(sample: Sample, leaves: tuple[Var, ...], rest: tuple[Noisy, ...]) -> Var:
    x, *w = leaves
    shape = Shape(heads=sample.param("heads"), norm_first=sample.param("norm_first"))
    made: Var = encoder_layer(x, dict(zip(LAYER_NAMES, w, strict=True)), shape, _taken(sample, x.shape[1], x.shape[1]))
    return made


def _ctc_cases() -> Iterable[Sample]:
    """Logits [T, N, C], targets [N, S] (int64); the lengths of both are parameters."""
    rows = (
        ("plain", 6, 5, ((1, 2, 3), (2, 4, 1)), (6, 5), (3, 2)),
        ("repeats", 7, 4, ((1, 1, 2), (3, 3, 3)), (7, 6), (3, 3)),
        ("one-path", 3, 4, ((1, 2, 3),), (3,), (3,)),
        ("no-label", 4, 3, ((1, 2), (2, 1)), (4, 3), (0, 1)),
    )
    for i, (name, steps, classes, target, inputs, labels) in enumerate(rows):
        for dtype, reduction in zip(DTYPES, ("mean", "sum") if i % 2 else ("sum", "mean"), strict=True):
            x = Tensor.of(2 * seed_for("ctc", name, dtype).standard_normal((steps, len(target), classes)), dtype)
            how = params(input_lengths=inputs, target_lengths=labels, reduction=reduction)
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(
                name=f"{dtype}-{name}-{reduction}", dtype=dtype, inputs=(x, Tensor.of(np.array(target, dtype=np.int64))), params=how, why=why
            )


def _ctc(sample: Sample) -> Callable[[Noisy], tuple[Noisy, ...]]:
    """For logits before the logarithm of their softmax; the mean is of losses divided by the length of their target, which counts at least one."""

    def run(x: Noisy) -> tuple[Noisy, ...]:
        shifted = x - x.max(axis=-1, keepdims=True)
        log_share: Any = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        made = []
        lengths = zip(sample.inputs[1].array(), sample.param("input_lengths"), sample.param("target_lengths"), strict=True)
        for n, (row, length, count) in enumerate(lengths):
            g = temporal_classification(log_share[:, n], [int(v) for v in row[:count]], length)
            made.append((g / float(max(1, count) * x.shape[1]) if sample.param("reduction") == "mean" else g).value)
        return (Noisy(np.stack(made, axis=1), x.u, x.rng),)

    return run


def _shorter(sample: Sample) -> Sample | None:
    """Padded steps are taken for steps, or the last step is left out."""
    full = sample.inputs[0].shape[0]
    return changed(input_lengths=tuple(full for _ in sample.param("input_lengths")))(sample)


def _recurrent_road(kind: str, says: str, source: str) -> Function:
    road = Road(id=f"grad_{kind}", of=says, source=source, cases=_recurrent_cases(kind), forward=_recurrent, leaves=_all_but_upstream)
    return road.function(
        road.wrong("gates-exchanged", "Gates (or rows) of the last kernel are taken for each other.", _gates_exchanged),
        road.wrong("state-lost", "The first hidden state is taken as zero.", _state_lost),
        road.wrong("truncated", "Only the last step's upstream gradient is used.", _last_step_only),
    )


def _attention_road(id: str, says: str, forward: Any, weights: Any, sequences: int, first: tuple[bool, ...]) -> Function:
    road = Road(
        id=id, of=says, source="Vaswani et al. 2017", cases=_attention_cases(id, weights, sequences, first), forward=forward, leaves=_all_but_upstream
    )
    own = (road.wrong("norm-place", "It is normalised on the other side.", lambda s: changed(norm_first=not s.param("norm_first"))(s)),)
    return road.function(
        road.wrong("mask-ignored", "The causal mask is ignored.", changed(causal=False)),
        road.wrong("one-head", "All heads are one.", changed(heads=1)), *own * (len(first) > 1),
    )  # fmt: skip


CTC = Road(
    id="grad_ctc_loss", of="connectionist temporal classification, for logits before their log-softmax", source="Graves et al. 2006",
    cases=_ctc_cases, by_formula=_ctc, upstream=False,
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = (
    _recurrent_road("lstm", "an LSTM layer, for inputs, states and weights", "Hochreiter and Schmidhuber 1997"),
    _recurrent_road("gru", "a GRU layer, for inputs, states and weights", "Cho et al. 2014"),
    _recurrent_road("rnn_tanh", "a plain recurrent layer, for inputs, states and weights", "Elman 1990"),
    _recurrent_road("rnn_relu", "a plain recurrent layer with rectifiers, for inputs, states and weights", "Elman 1990"),
    _attention_road("grad_multi_head_attention", "multi-head attention, for sequences and weights", _attention, ATTENTION, 2, (False,)),
    _attention_road("grad_transformer_encoder_layer", "a transformer's encoder layer, for the sequence and weights", _layer, LAYER, 1, (False, True)),
    CTC.function(CTC.wrong("padding-read", "Steps past the end are read.", _shorter),
                 CTC.wrong("other-reduction", "The mean is the sum, or the sum the mean.",
                           lambda s: changed(reduction="sum" if s.param("reduction") == "mean" else "mean")(s)), faults.rolled()),
)  # fmt: skip
