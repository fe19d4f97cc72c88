"""The maker's own model: its files as they were given, and the samples made of them. It is interpreted here, never executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from csvkit_ml.errors import ModelError
from csvkit_ml.intended.arrays import read_arrays
from csvkit_ml.intended.tolerances import read_tolerances
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Sample
from csvkit_ml.model.spec import ModelReference
from csvkit_ml.model.tensor import DTYPES, Array
from csvkit_ml.references.graphs import GraphError, Values, evaluate, exposed, read_graph
from validation_suites.graphs.asking import asked

FUNCTION = "whole_model"
MODEL, INPUTS, VALUES, TOLERANCES = "model.onnx", "inputs.npz", "expected.npz", "tolerances.toml"
"""In a report folder."""
_HINT = "export it with operators of ai.onnx, give inputs as it declares them; `mlcsv scope` validates operators one by one"
LARGEST_BYTES = 256 << 20
"""Of all values of the model together, in its own dtypes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerModel:
    """A model with what is fed to it, read and evaluated."""

    reference: ModelReference
    files: Mapping[str, bytes]
    """As they go into the report folder."""
    samples: tuple[Sample, ...]


def read_maker_model(
    name: str, model: bytes, inputs: bytes, expected: bytes = b"", tolerances: bytes = b"", *, each_value: bool = False
) -> MakerModel:
    """Read, evaluate once, and ask.

    Args:
        name: of the model, for sample names.
        each_value: ask every value alone, too.
        expected: .npz of expected values, b'' = none; then `tolerances` is a tolerance plan.

    Raises:
        ModelError: a file that is not what it should be, an operator that is not evaluated here, or inputs that do not fit.
    """
    feeds = read_arrays(inputs, INPUTS)
    try:
        graph = read_graph(model)
        values = evaluate(graph, feeds)
        _small(values, exposed(graph))
        wanted = _wanted(values, graph.outputs, expected) if expected else None
        limits = read_tolerances(tolerances, TOLERANCES, graph.outputs) if wanted is not None else ()
        samples = asked(_plain(name), model, feeds, expected=wanted, tolerances=limits, each_value=each_value)
    except GraphError as e:
        raise ModelError(f"{name}: {e}", _HINT) from e
    files = {MODEL: model, INPUTS: inputs, **({VALUES: expected, TOLERANCES: tolerances} if expected else {})}
    digests = tuple((n, sha256(data)) for n, data in sorted(files.items()))
    return MakerModel(reference=ModelReference(name=_plain(name), files=digests, each_value=each_value), files=files, samples=samples)


def _plain(name: str) -> str:
    """As sample names are spelt."""
    return "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in name.lower())[:48].strip("-") or "model"


def _small(values: Values, names: tuple[str, ...]) -> None:
    """Every value is evidence: it must be possible to keep them."""
    total = sum(values.arrays[n].size * DTYPES[values.dtypes[n]].itemsize for n in names)
    if total > LARGEST_BYTES:
        raise GraphError(f"its values have {total >> 20} MiB together, more than {LARGEST_BYTES >> 20}: give a smaller batch")


def _wanted(values: Values, outputs: tuple[str, ...], data: bytes) -> Mapping[str, Array]:
    """The maker's values, which must be all outputs of the model in their dtypes and shapes."""
    found = read_arrays(data, VALUES)
    if set(found) != set(outputs):
        raise ModelError(f"{VALUES} holds {sorted(found)}, the model gives {sorted(outputs)}", "name every output, as the model does")
    for n in outputs:
        told, given = (values.dtypes[n], values.arrays[n].shape), (found[n].dtype.name, found[n].shape)
        if told != given:
            cause = f"{VALUES}: {n!r} is {given[0]}{list(given[1])}, the model gives {told[0]}{list(told[1])}"
            raise ModelError(cause, "give values of that dtype and shape")
    return found
