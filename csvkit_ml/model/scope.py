"""What one product uses of a library: operators with their phases, operands and attributes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Json


class Phase(Enum):
    """What an operator was executed for."""

    INFERENCE = "inference"
    FORWARD = "forward"
    BACKWARD = "backward"
    OPTIMISER = "optimiser"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """One tensor that an operator reads."""

    dtype: str
    """Name of the element type, `?` where the model does not say."""
    shape: tuple[int, ...] | None = None
    """Extents, -1 where one is not fixed; None where not even the rank is known."""
    layout: str = ""
    """`contiguous`, `channels-last`, `expanded` or `strided`; empty where a model does not say."""
    constant: bool = False
    """Fixed in the model (weights), not fed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One way in which an operator is used."""

    operator: str
    """`ai.onnx.Conv`, `aten::convolution.default` (overload included)."""
    version: int = 0
    """Opset of the operator's domain; 0 where the library has none."""
    phase: Phase = Phase.INFERENCE
    device: str = ""
    """`cpu`, `cuda`, ...; empty where a model does not say."""
    operands: tuple[Operand, ...] = ()
    attributes: tuple[tuple[str, Json], ...] = ()
    """What is not a tensor, by name; a long value is cut and ends in `...`."""
    count: int = 1
    """Nodes of a model, or executions seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a scope comes from."""

    kind: str
    """`onnx`, `script` or `exported program`."""
    name: str
    """File name without folders."""
    digest: Digest
    """Of the model or script."""
    details: tuple[tuple[str, str], ...] = ()
    """Arguments, versions, digests of external data, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a product uses; sorted, each use once."""

    schema: int
    library: str
    """Whose operators these are: `onnxruntime` or `torch`."""
    sources: tuple[Source, ...]
    uses: tuple[Use, ...]
    problems: tuple[str, ...] = ()
    """Why this may not be all; empty = everything was seen."""

    @property
    def operators(self) -> tuple[str, ...]:
        """Operators that occur, without overload, sorted."""
        return tuple(sorted({base(u.operator) for u in self.uses}))


def base(operator: str) -> str:
    """An operator without its overload: `aten::add` of `aten::add.Tensor`; ONNX names have none."""
    return operator.partition(".")[0] if "::" in operator else operator
