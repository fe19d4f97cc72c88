"""A sweep on a real release, with one wrong value among 2^22: found, held, verified, judged again, made again; tampering shows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from csvkit_ml import pipeline
from csvkit_ml.evidence.folder import blob_path
from csvkit_ml.libraries.onnxruntime.host import lowerings
from csvkit_ml.libraries.onnxruntime.lowering.model import graph
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Reason, Sample, SampleClass, Verdict
from csvkit_ml.model.patterns import Patterns
from csvkit_ml.model.signature import Answer
from csvkit_ml.model.spec import Depth, EnvironmentRequest
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.pipeline import Job, Places
from csvkit_ml.pipeline.cells import read_run
from csvkit_ml.planning import depth
from csvkit_ml.planning.depth import CHUNK
from csvkit_ml.rechecking import Silence, numbered, rejudge
from csvkit_ml.signing.keys import Signer, load_signer, new_key
from csvkit_ml.signing.statement import ATTESTATION, attest
from csvkit_ml.signing.verification import verify_folder

pytestmark = pytest.mark.integration
FIRST = 0x3F800000
WRONG = 0x3FA2F36D
"""Pattern at which the faulty library answers wrongly."""
CASE = f"exp/float32-sweep-{FIRST:08x}/plain"


def _few(undefined: tuple[float, ...]) -> Iterator[Sample]:
    """One whole chunk and six small ones, of which that of the subnormals ends up least serious."""
    for first, count in ((FIRST, CHUNK), *((f, 4096) for f in (0, 0x3E000000, 0x3F000000, 0x42B17000, 0x7F800000, 0xBF800000))):
        inputs = (Patterns(first, count, undefined),)
        yield Sample(name=f"float32-sweep-{first:08x}", dtype="float32", inputs=inputs, why=SampleClass.EXHAUSTIVE)


def _faulty(s: Sample) -> onnx.ModelProto:
    """exp, but of one value 2^-12 too large."""
    x, one = s.inputs[0], np.float32(1)
    where = np.array([WRONG], np.uint32).view(np.float32).astype(x.array().dtype)
    constants = {"c": Tensor.of(where, x.dtype), "k": Tensor.of(np.array([one + np.float32(2**-12)]).astype(where.dtype), x.dtype)}
    nodes = [
        helper.make_node("Exp", ["x"], ["e"]), helper.make_node("Mul", ["e", "k"], ["more"]), helper.make_node("Equal", ["x", "c"], ["here"]),
        helper.make_node("Where", ["here", "more", "e"], ["y"]),
    ]  # fmt: skip
    return graph(nodes, {"x": x}, {"y": s.dtype}, initialisers=constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    folder: Path
    places: Places
    signer: Signer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("sweep")
    new_key(home / "keys", "machine", b"pw")
    made = World(folder=home / "r", places=Places(cache=home / "cache", keys=home / "keys"), signer=load_signer(home / "keys", "machine", b"pw"))
    with pytest.MonkeyPatch.context() as m:
        m.setattr(depth, "_sweep", _few)
        m.setitem(lowerings(), "exp", replace(lowerings()["exp"], build=_faulty))
        done = pipeline.validate(
            Job(asked="onnxruntime==1.23.2", depth=Depth.EXHAUSTIVE), environment=EnvironmentRequest(), functions=("exp",), out=made.folder,
            signer=made.signer, tester="", fresh=False, command="", places=made.places, watch=Silence(),
        )  # fmt: skip
        (f,) = done.report.functions
        sweep = [c for c in f.cases if "float32-sweep-" in c.sample]
        assert len(sweep) == 7
        (failed,) = (c for c in sweep if c.verdict is not Verdict.PASSED)
        assert (failed.id, failed.reason) == (CASE, Reason.BEYOND_HARD)
        assert [(x.worst_index, x.offenders, x.compared) for x in failed.measurements] == [((WRONG - FIRST,), 1, CHUNK)]
        assert {"Sweep: a float64 approximation" in c.criterion.rationale for c in sweep} == {True}
        yield made


def listed(world: World) -> dict[str, list[str]]:
    return {c["case"]: c["blobs"] for c in json.loads((world.folder / "held-by-digest.json").read_bytes())["cases"]}


def answers(world: World, folder: Path) -> tuple[bool, Answer, str]:
    checks, again = verify_folder(folder, (world.signer.public,)), numbered("judged again", 1, lambda: rejudge(folder))
    return all(c.ok for c in checks), again.answer, again.detail


def test_the_folder_holds_what_is_serious_and_verifies(world: World) -> None:
    gone = listed(world)
    assert CASE not in gone
    assert len(gone) == 3
    assert not any((world.folder / blob_path(d)).exists() for ds in gone.values() for d in ds)  # type: ignore[arg-type]
    signed, again, detail = answers(world, world.folder)
    assert (signed, again) == (True, Answer.OK), detail
    assert "3 chunks of sweeps, held by digest, not judged again" in detail
    assert "3 cases of sweeps are held by digest alone" in verify_folder(world.folder, (world.signer.public,))[-1].detail
    assert {d for ds in gone.values() for d in ds} == read_run(world.folder).absent


def test_what_is_held_by_digest_is_made_again_with_the_same_bits(world: World) -> None:
    again = pipeline.reproduce(world.folder, next(iter(listed(world))), python="", places=world.places, watch=Silence())
    assert again.same_bits
    assert again.then == again.now


@pytest.mark.parametrize("what", ["passed", "passed and listed", "blob lost", "blob altered", "list lost", "list longer"])
def test_tampering_shows_even_with_the_key_of_the_machine(world: World, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "r"
    shutil.copytree(world.folder, folder)
    judgement = json.loads((folder / "judgement.json").read_bytes())
    held = json.loads((folder / "held-by-digest.json").read_bytes())
    (case,) = (c for f in judgement["functions"] for c in f["cases"] if c["case"] == CASE)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (seen,) = (o for o in manifest["observations"] if o["case"] == CASE)
    digest = next(o["blob"] for o in seen["repetitions"][0]["outcome"]["outputs"])
    blob = folder / blob_path(digest)
    if what.startswith("passed"):
        case["reason"] = case["measurements"][0]["reason"] = Reason.WITHIN_BAND.value
        case["measurements"][0]["ratio"] = 0.0
        (folder / "judgement.json").write_text(json.dumps(judgement, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    if what in ("passed and listed", "list longer"):
        held["cases"].append({"case": CASE, "blobs": [digest]})
        (folder / "held-by-digest.json").write_text(json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        blob.unlink()
    if what == "blob lost":
        blob.unlink()
    if what == "blob altered":
        data = bytearray(blob.read_bytes())
        data[12345] ^= 1
        blob.write_bytes(data)
    if what == "list lost":
        (folder / "held-by-digest.json").unlink()
    assert not answers(world, folder)[0], "the signature covers every file"
    (folder / ATTESTATION).unlink()
    attest(folder, {n: sha256((folder / f"{n}.json").read_bytes()) for n in ("plan", "manifest")} | {"finished": "2026-01-01"}, world.signer)
    signed, again, detail = answers(world, folder)
    assert again is Answer.NOT_OK, detail
    assert signed is (what in ("passed", "passed and listed", "list longer"))
