"""What automatic differentiation promises besides derivatives: accumulation, detachment, hooks, views, higher orders; all exact.

Data are small integers in floating point, so that every sum and product is exact and the results must match bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import exactly
from validation_suites import faults

DTYPES = ("float32", "float64", "bfloat16")
SOURCE = "PyTorch documentation, autograd mechanics; torch.autograd; torch.func"
WHOLE = Exact(rationale="All sums and products of the data are integers that the format holds.", literature="IEEE 754-2019, 4.3; Sterbenz 1974")
Shape = tuple[int, ...]
FLAT = (("ordinary", ((4, 9), (4, 9))), ("n1", ((1,), (1,))), ("n33", ((33,), (33,))), ("deep", ((2, 3, 5), (2, 3, 5))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One property."""

    id: str
    requirement: str
    truth: Callable[..., tuple[Any, ...]]
    """Outputs of float64 operands; bool arrays for yes and no."""
    cases: tuple[tuple[str, tuple[Shape, ...]], ...] = FLAT
    """Name and shapes of the operands."""
    faults: tuple[Fault, ...] = ()
    yes_or_no: bool = False
    """The only output is boolean."""

    def samples(self) -> Iterable[Sample]:
        for i, (dtype, (name, shapes)) in enumerate((d, c) for c in self.cases for d in DTYPES):
            inputs = tuple(Tensor.of(whole(shape, self.id, name, str(j)), dtype) for j, shape in enumerate(shapes))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, why=why)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        made = self.truth(*(a.astype(np.float64) for a in sample.arrays()))
        return tuple(self._exact(np.asarray(m), sample.dtype, i) for i, m in enumerate(made))

    @staticmethod
    def _exact(value: Any, dtype: str, place: int) -> Expected:
        made = exactly(value, dtype="bool" if value.dtype.kind == "b" else dtype, name=f"y{place}" if place else "y")
        return replace(made, any_sign_of_zero=True)

    def function(self) -> Function:
        return Function(
            id=self.id, side=Side.TRAINING, area="automatic differentiation", requirement=self.requirement, source=SOURCE,
            oracle="exact integers", samples=self.samples, reference=self.reference, criterion=WHOLE,
            faults=(faults.one_element(), faults.stale(), *([] if self.yes_or_no else [faults.relative(2.0**-6, "gradient-off")]), *self.faults),
        )  # fmt: skip


def whole(shape: Shape, *names: str) -> Any:
    """Integers from -3 to 3 without zero."""
    return seed_for("whole", *names).choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], shape)


def wrong(id: str, sentence: str, first: Callable[..., Any]) -> Fault:
    """A first output computed otherwise from float64 operands; the other outputs are right."""

    def apply(function: Function, sample: Sample, results: tuple[Any, ...]) -> tuple[Any, ...] | None:
        made = np.asarray(first(*(a.astype(np.float64) for a in sample.arrays()))).astype(results[0].dtype)
        return None if made.tobytes() == results[0].tobytes() else (made, *results[1:])

    return Fault(id=id, sentence=sentence, apply=apply)


def _tripled_rows(x: Any) -> Any:
    """All but the first and last place of the first axis, three times."""
    out = x.copy()
    out[1:-1] *= 3
    return out


ROWS = (("ordinary", ((5, 9), (5, 9))), ("n4", ((4,), (4,))), ("deep", ((6, 3, 5), (6, 3, 5))))
MATRIX = (("ordinary", ((5, 7), (7,), (7,))), ("square", ((4, 4), (4,), (4,))), ("one", ((1, 1), (1,), (1,))))
SPREAD = (("ordinary", ((9,), (4, 9))), ("n1", ((1,), (3, 1))), ("long", ((5,), (7, 5))))

PROMISES = (
    Promise(
        id="autograd_accumulation",
        requirement="The library shall add the gradients of successive backward passes in .grad, and start anew after it is cleared.",
        truth=lambda x, g: (6 * x * g, 2 * x * g),
        faults=(wrong("overwritten", "The last pass overwrites.", lambda x, g: 2 * x * g), wrong("lost-pass", "A pass is lost.", lambda x, g: 4 * x * g)),
    ),
    Promise(
        id="autograd_detach",
        requirement="The library shall treat a detached tensor, or one computed where gradients are off, as a constant: d(x sg(x)) = x.",
        truth=lambda x, g: (x * g,),
        faults=(wrong("not-detached", "The detached factor is differentiated, too.", lambda x, g: 2 * x * g),),
    ),
    Promise(
        id="autograd_hooks",
        requirement="The library shall call hooks on a tensor's gradient in the order of registration, each with what the one before returned.",
        truth=lambda x, g: (3 * (2 * x * g) + 1,),
        faults=(wrong("order", "The hooks run in reverse.", lambda x, g: 3 * (2 * x * g + 1)),
                wrong("hook-lost", "The second hook is not run.", lambda x, g: 6 * x * g)),
    ),
    Promise(
        id="autograd_retain_graph",
        requirement="The library shall allow a second backward pass through a graph that was retained, with the same gradients, and refuse it otherwise.",
        truth=lambda x, g: (4 * x * g, np.array([True])),
        faults=(wrong("first-only", "The second pass adds nothing.", lambda x, g: 2 * x * g),
                Fault(id="not-refused", sentence="The pass through a freed graph is not refused.", apply=lambda f, s, r: (r[0], np.array([False])))),
    ),
    Promise(
        id="autograd_custom_function",
        requirement="The library shall use the backward of a custom function in place of the derivative of its forward.",
        truth=lambda x, g: (7 * g, x * x),
        faults=(wrong("own-derivative", "The derivative of the forward is used.", lambda x, g: 2 * x * g),),
    ),
    Promise(
        id="autograd_views",
        requirement="The library shall propagate gradients through an in-place update of a view into its base.",
        truth=lambda x, g: (_tripled_rows(g), _tripled_rows(x)), cases=ROWS,
        faults=(wrong("update-ignored", "The update of the view is ignored.", lambda x, g: g),
                wrong("whole-base", "The update is taken for one of the whole base.", lambda x, g: 3 * g)),
    ),
    Promise(
        id="autograd_expanded",
        requirement="The library shall add up the gradients of all copies of an expanded tensor.",
        truth=lambda x, g: (2 * x * g.sum(axis=0),), cases=SPREAD,
        faults=(wrong("one-copy", "Only one copy's gradient counts.", lambda x, g: 2 * x * g[0]),
                wrong("mean-of-copies", "The copies are averaged.", lambda x, g: 2 * x * g.mean(axis=0))),
    ),
    Promise(
        id="autograd_version_check",
        requirement="The library shall refuse a backward pass that needs a tensor which was changed in place after it was saved, and allow it otherwise.",
        truth=lambda x, g: (np.array([True, False]),), yes_or_no=True,
        faults=(Fault(id="not-refused", sentence="A changed tensor is used.", apply=lambda f, s, r: (np.array([False, False]),)),
                Fault(id="refused-always", sentence="An unchanged tensor is refused.", apply=lambda f, s, r: (np.array([True, True]),))),
    ),
    Promise(
        id="autograd_checkpoint",
        requirement="The library shall return with activation checkpointing the same loss and gradients, bit for bit, as without, dropout included.",
        truth=lambda x, w: (np.array([True, True, True]),), yes_or_no=True,
        cases=(("ordinary", ((5, 9), (9, 4))), ("one", ((1, 1), (1, 1))), ("wide", ((3, 65), (65, 17)))),
        faults=(Fault(id="gradient-differs", sentence="The input's gradient differs.", apply=lambda f, s, r: (np.array([True, False, True]),)),
                Fault(id="loss-differs", sentence="The loss differs.", apply=lambda f, s, r: (np.array([False, True, True]),))),
    ),
    Promise(
        id="autograd_second_order",
        requirement="The library shall differentiate gradients again: the second derivative of x^3.",
        truth=lambda x, g: (6 * x * g,),
        faults=(wrong("first-order", "The first derivative is returned.", lambda x, g: 3 * x * x * g),),
    ),
    Promise(
        id="autograd_forward_mode",
        requirement="The library shall return the Jacobian-vector product of f(x) = A x + (sum x^2) in forward mode and by every other road.",
        truth=lambda a, x, t: (a @ t + 2 * (x * t).sum(),), cases=MATRIX,
        faults=(wrong("linear-part", "Only the linear part is differentiated.", lambda a, x, t: a @ t),
                wrong("no-tangent", "The tangent is ignored.", lambda a, x, t: a @ np.ones_like(t) + 2 * x.sum())),
    ),
    Promise(
        id="autograd_per_sample",
        requirement="The library shall return the gradient of (a_i . x)^2 for each row a_i of a batch by itself.",
        truth=lambda a, x: (2 * (a @ x)[:, None] * a,), cases=tuple((n, s[:2]) for n, s in MATRIX),
        faults=(wrong("summed", "Every row gets the batch's gradient.", lambda a, x: np.tile((2 * (a @ x)[:, None] * a).sum(axis=0), (len(a), 1))),),
    ),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PROMISES)
