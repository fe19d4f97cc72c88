"""A validation of a maker's own model: one more function, beside or instead of the library's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.errors import IntegrityError, ModelError, ScopeError, UsageError
from csvkit_ml.evidence.folder import read_file
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.intended.whole_model import FUNCTION, INPUTS, MODEL, TOLERANCES, VALUES, MakerModel, read_maker_model
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Function
from csvkit_ml.model.spec import FunctionDepth, ValidationSpec
from csvkit_ml.pipeline.places import Watcher
from csvkit_ml.pipeline.prepare import Narrowing
from csvkit_ml.planning.catalogue import select
from csvkit_ml.scope.onnx_model import self_contained

LIBRARY = "onnxruntime"
"""What executes models as files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """What the command line names."""

    model: Path
    inputs: Path
    expected: Path | None = None
    tolerances: Path | None = None
    each_value: bool = False
    """Ask every value alone, too: a wrong result of fused operators is followed to its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelled:
    """A validation with a maker's model; implements prepare.Narrowing."""

    maker: MakerModel
    scoped: Narrowing | None = None
    """The scope of the same product."""

    def check(self, spec: ValidationSpec) -> None:
        """Raises ModelError when the library does not execute such models, or the plan was written for another one."""
        if spec.library != LIBRARY:
            raise ModelError(f"{spec.library} does not execute ONNX models", f"validate {LIBRARY} with --model")
        if spec.model is not None and spec.model != self.maker.reference:
            raise ModelError("the plan was written for another model, or other inputs", "give the files that it names, or write a new plan")
        if self.scoped:
            self.scoped.check(spec)

    def apply(
        self, spec: ValidationSpec, library: Library, record: EnvironmentRecord, worker: StagedWorker
    ) -> tuple[ValidationSpec, Mapping[str, Function]]:
        """The spec with the model as a function: beside those that were asked for or that the scope needs, else alone."""
        known: Mapping[str, Function] = registry.functions()
        chosen = tuple(f for f in spec.functions if f != FUNCTION)
        if self.scoped:
            narrowed, known = self.scoped.apply(replace(spec, functions=chosen), library, record, worker)
            spec, chosen = narrowed, tuple(f for f in narrowed.functions if f != FUNCTION)
        select(known, chosen)
        return replace(spec, functions=(*chosen, FUNCTION), model=self.maker.reference), with_model(known, self.maker)

    def depths(self, spec: ValidationSpec, library: Library, record: EnvironmentRecord, worker: StagedWorker) -> tuple[FunctionDepth, ...]:
        """Those of the scope; the model's own inputs are always all run."""
        return self.scoped.depths(spec, library, record, worker) if self.scoped else ()


def with_model(known: Mapping[str, Function], maker: MakerModel) -> Mapping[str, Function]:
    """All functions; that of whole models asks about the maker's alone."""
    return {**known, FUNCTION: replace(known[FUNCTION], samples=lambda: maker.samples)}


def read_model(files: ModelFiles, watch: Watcher, scoped: Narrowing | None = None) -> Modelled:
    """From files. Raises ModelError."""
    if (files.expected is None) != (files.tolerances is None):
        raise UsageError("--expected and --tolerance-plan belong together", "give both, or neither")
    if files.model.suffix == ".pt2":
        raise ModelError(f"{files.model.name} is a program of torch, not a model", "export it with torch.onnx.export and validate onnxruntime")
    watch.stage(f"evaluating {files.model.name} in double precision")
    try:
        model = self_contained(files.model)
    except ScopeError as e:
        raise ModelError(e.cause, e.hint) from e
    inputs, expected, tolerances = (_bytes(p) if p else b"" for p in (files.inputs, files.expected, files.tolerances))
    made = read_maker_model(files.model.stem, model, inputs, expected, tolerances, each_value=files.each_value)
    return Modelled(maker=made, scoped=scoped)


def model_of_folder(folder: Path, spec: ValidationSpec) -> MakerModel:
    """The model of a report folder, as its plan names it. Raises IntegrityError, ModelError."""
    assert spec.model is not None
    data = {name: read_file(folder, name) for name, _ in spec.model.files}
    if changed := [name for name, digest in spec.model.files if sha256(data[name]) != digest]:
        raise IntegrityError(f"{changed[0]} is not the file that the plan names", "ask for the folder again")
    return read_maker_model(spec.model.name, data[MODEL], data[INPUTS], data.get(VALUES, b""), data.get(TOLERANCES, b""), each_value=spec.model.each_value)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise ModelError(f"cannot read {path}: {e.strerror}", "name a file that can be read") from e
