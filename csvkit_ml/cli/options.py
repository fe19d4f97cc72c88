"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from csvkit_ml.model.device import DeviceInput
    from csvkit_ml.model.spec import Depth, EnvironmentRequest
    from csvkit_ml.pipeline import ModelFiles
    from csvkit_ml.signing.keys import Signer
    from csvkit_ml.signing.policy import Policy

Requirements = Annotated[list[str], typer.Argument(help="Library requirement, e.g. torch==2.13.0, torch==2.x or onnxruntime.")]
Python = Annotated[str, typer.Option("--python", help="Adopt this interpreter and its installed library, changing nothing.")]
FindLinks = Annotated[list[str], typer.Option("--find-links", help="Folder or page with wheels (repeatable).")]
IndexUrl = Annotated[str, typer.Option("--index-url", help="Package index instead of the default.")]
ExtraIndexUrl = Annotated[list[str], typer.Option("--extra-index-url", help="Further package index (repeatable).")]
Beside = Annotated[list[str], typer.Option("--with", help="Package to install beside the library, e.g. onnx or numpy<2 (repeatable).")]
TorchBackend = Annotated[str, typer.Option("--torch-backend", help="Passed on to uv, e.g. cpu.")]
BackendText = Annotated[str, typer.Option("--backend", help="Backend and its options, e.g. cpu or cpu:threads=1,isa=avx2.")]
BackendTexts = Annotated[list[str], typer.Option("--backend", help="Backend and its options, or a preset: cpu, cpu:threads=1,isa=avx2, all (repeatable).")]
Globs = Annotated[list[str], typer.Option("--function", "-f", help="Only functions that match this glob, or e.g. side:training, area:losses (repeatable).")]
Scope = Annotated[Path | None, typer.Option("--scope", help="Only what this scope (from `mlcsv scope`) needs; the report tells what is used but not verified.")]
Model = Annotated[Path | None, typer.Option("--model", help="Your own ONNX model as one more function, with --inputs; the only one without -f and --scope.")]
Inputs = Annotated[Path | None, typer.Option("--inputs", help="What is fed to --model: .npz, an array for each of its inputs.")]
Expected = Annotated[Path | None, typer.Option("--expected", help="Values that you expect of --model: .npz, an array for each output.")]
TolerancePlan = Annotated[Path | None, typer.Option("--tolerance-plan", help="How far from --expected each output may be, and why (TOML).")]
EachValue = Annotated[bool, typer.Option("--each-value", help="Ask every value of --model alone, too: follows a wrong result through fused operators.")]
DepthText = Annotated[str, typer.Option("--depth", help="quick, standard or exhaustive; default: standard; with --scope by risk.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Folder = Annotated[Path, typer.Argument(help="Report folder.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="policy.toml: roles, order, independence, gate; default: author, reviewer, approver.")]
Trust = Annotated[list[Path], typer.Option("--trust", help="Public key file or folder of them; default: your own keys.")]
MachineKey = Annotated[str, typer.Option("--key", help="Machine key to attest with (name or file); default: the only one there is.")]
Unsigned = Annotated[bool, typer.Option("--unsigned", help="Do not sign even if there is a key.")]
Device = Annotated[Path | None, typer.Option("--device", help="Human input (device.toml): intended use, risk, dispositions, conclusion.")]


def device_input(path: Path | None) -> DeviceInput:
    """Human input of a file; nothing is answered without one. Raises UsageError."""
    from csvkit_ml.errors import UsageError
    from csvkit_ml.model.device import NO_INPUT
    from csvkit_ml.reporting.device_file import read_device

    if path is None:
        return NO_INPUT
    try:
        return read_device(path.read_bytes())
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "write an empty one with `mlcsv device`") from e


def model_files(
    model: Path | None, inputs: Path | None, expected: Path | None = None, tolerances: Path | None = None, *, each_value: bool = False
) -> ModelFiles | None:
    """What is given of a maker's model; None = no model. Raises UsageError."""
    from csvkit_ml.errors import UsageError
    from csvkit_ml.pipeline import ModelFiles

    if model is None and (inputs or expected or tolerances or each_value):
        raise UsageError("--inputs, --expected, --tolerance-plan and --each-value are of a --model", "give the model too")
    if model is None:
        return None
    if inputs is None:
        raise UsageError("--model needs --inputs", "an .npz file with an array for each input of the model")
    return ModelFiles(model=model, inputs=inputs, expected=expected, tolerances=tolerances, each_value=each_value)


def environment_request(
    python: str, find_links: list[str], index_url: str, extra_index_url: list[str], torch_backend: str, beside: Sequence[str] = ()
) -> EnvironmentRequest:
    """How the tested environment is to be had. Raises UsageError."""
    from csvkit_ml import registry
    from csvkit_ml.environments.requirement import parse_beside
    from csvkit_ml.errors import UsageError
    from csvkit_ml.model.spec import EnvironmentRequest

    if python and beside:
        raise UsageError("--with does not go with --python: nothing is installed into an adopted environment", "install it there yourself")
    return EnvironmentRequest(
        python=python,
        find_links=tuple(find_links),
        index_url=index_url,
        extra_index_urls=tuple(extra_index_url),
        torch_backend=torch_backend,
        beside=parse_beside(beside, registry.known_distributions()) if beside else (),
    )


def signer(key: str, unsigned: bool) -> Signer | None:
    """The machine key, unlocked; None where there is none or nothing is to be signed. Raises KeyFileError."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.unlock import machine_key

    return None if unsigned else machine_key(pipeline.places(), key)


def policy_input(path: Path | None) -> Policy:
    """The policy of a file, the usual one without. Raises UsageError."""
    from csvkit_ml.errors import UsageError
    from csvkit_ml.signing.policy import Policy, read_policy

    if path is None:
        return Policy()
    try:
        return read_policy(path.read_bytes())
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "see README, approvals") from e


def depth_input(text: str) -> Depth | None:
    """None = not given. Raises UsageError."""
    from csvkit_ml.errors import UsageError
    from csvkit_ml.model.spec import Depth

    try:
        return Depth(text) if text else None
    except ValueError as e:
        raise UsageError(f"no depth {text!r}", f"depths: {', '.join(d.value for d in Depth)}") from e
