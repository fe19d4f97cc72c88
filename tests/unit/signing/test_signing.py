"""Signatures hold, and every change shows."""

from __future__ import annotations

import json
import random
import stat
from pathlib import Path

import pytest

from csvkit_ml.errors import KeyFileError, VerificationError
from csvkit_ml.model.digest import sha256
from csvkit_ml.signing.envelope import parse, sign, verify
from csvkit_ml.signing.keys import Signer, list_keys, load_signer, new_key
from csvkit_ml.signing.statement import ATTESTATION, attest
from csvkit_ml.signing.verification import require, verify_folder


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    keys = tmp_path_factory.mktemp("keys")
    new_key(keys, "machine", b"secret")
    return load_signer(keys, "machine", b"secret")


def make_folder(path: Path, signer: Signer, text: str = "a") -> Path:
    blob = text.encode()
    name = sha256(blob).removeprefix("sha256:")
    manifest = {"observations": [{"repetitions": [{"outcome": {"outputs": [{"blob": f"sha256:{name}"}]}}]}]}
    files = {
        "plan.json": b'{"plan":1}',
        "manifest.json": json.dumps(manifest).encode(),
        f"evidence/{name[:2]}/{name}": blob,
        "report.html": b"<p>",
    }
    for n, data in files.items():
        (path / n).parent.mkdir(parents=True, exist_ok=True)
        (path / n).write_bytes(data)
    attest(path, {"plan": sha256(files["plan.json"]), "manifest": sha256(files["manifest.json"])}, signer)
    return path


@pytest.fixture
def folder(tmp_path: Path, signer: Signer) -> Path:
    return make_folder(tmp_path / "r", signer)


def refused(folder: Path, signer: Signer) -> bool:
    return not all(c.ok for c in verify_folder(folder, (signer.public,)))


def test_a_key_is_protected_and_never_overwritten(tmp_path: Path) -> None:
    made = new_key(tmp_path / "k", "a", b"pw")
    assert stat.S_IMODE((tmp_path / "k" / "a.key").stat().st_mode) == 0o600
    assert b"ENCRYPTED" in (tmp_path / "k" / "a.key").read_bytes()
    assert list_keys(tmp_path / "k") == (made,)
    for passphrase, name in ((b"wrong", "a"), (b"pw", "b"), (b"pw", "../a")):
        with pytest.raises(KeyFileError):
            load_signer(tmp_path / "k", name, passphrase)
    with pytest.raises(KeyFileError):
        new_key(tmp_path / "k", "a", b"pw")
    with pytest.raises(KeyFileError):
        new_key(tmp_path / "k", "c", b"")
    (tmp_path / "k" / "a.key").chmod(0o644)
    with pytest.raises(KeyFileError):
        load_signer(tmp_path / "k", "a", b"pw")


def test_envelope_round_trip_and_a_second_implementation(signer: Signer) -> None:
    data = sign("application/x", b"payload", signer)
    assert verify(data, (signer.public,))[:2] == ("application/x", b"payload")
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    key = SSlibKey(signer.public.keyid, "ed25519", "ed25519", {"public": _raw(signer)})
    Envelope.from_dict(json.loads(data)).verify([key], 1)


def _raw(signer: Signer) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return signer.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"nonsense", b'{"payload":1,"payloadType":"x","signatures":[]}', b"[" * 100_000])
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse(data)


def test_intact(folder: Path, signer: Signer) -> None:
    checks = verify_folder(folder, (signer.public,))
    assert [c.number for c in checks] == list(range(1, 8))
    require(checks)


def test_no_checks_prove_nothing() -> None:
    with pytest.raises(VerificationError):
        require(())


def test_every_single_byte_counts(folder: Path, signer: Signer) -> None:
    rng = random.Random(1)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for at in rng.sample(range(len(data)), min(len(data), 60)):
            path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
            assert refused(folder, signer), (path, at)
        path.write_bytes(data)
    assert not refused(folder, signer)


def test_outputs_of_sweeps_may_be_listed_and_nothing_else(tmp_path: Path, signer: Signer) -> None:
    def made(case: str, listed: str, path: str) -> tuple[bool, str]:
        folder = make_folder(tmp_path / path, signer)
        manifest = json.loads((folder / "manifest.json").read_bytes())
        manifest["observations"][0]["case"] = case
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "held-by-digest.json").write_text(listed)
        for blob in (folder / "evidence").rglob("*"):
            if blob.is_file():
                blob.unlink()
        (folder / ATTESTATION).unlink()
        attest(folder, {n: sha256((folder / f"{n}.json").read_bytes()) for n in ("plan", "manifest")}, signer)
        check = verify_folder(folder, (signer.public,))[-1]
        return check.ok, check.detail

    blob, sweep = sha256(b"a"), "exp/float32-sweep-3f800000/plain"
    good = json.dumps({"cases": [{"case": sweep, "blobs": [blob]}]})
    assert made(sweep, good, "good") == (True, "1 cases of sweeps are held by digest alone (held-by-digest.json)")
    bad = {
        "other case": (sweep.replace("3f8", "3f4"), good), "no sweep": ("exp/ordinary/plain", good.replace(sweep, "exp/ordinary/plain")),
        "other blob": (sweep, good.replace(blob, sha256(b"b"))), "not listed": (sweep, '{"cases": []}'), "no JSON": (sweep, "["),
        "another form": (sweep, "[]"), "no list": (sweep, '{"cases": [{"case": [], "blobs": 1}]}'),
    }  # fmt: skip
    assert not any(made(case, listed, path)[0] for path, (case, listed) in bad.items())


def test_removed_added_swapped_untrusted_linked(folder: Path, tmp_path: Path, signer: Signer) -> None:
    html = folder / "report.html"
    html.rename(tmp_path / "away")
    assert refused(folder, signer)
    html.symlink_to(tmp_path / "away")
    assert refused(folder, signer)
    html.unlink()
    (tmp_path / "away").rename(html)
    (folder / "extra").write_text("")
    assert refused(folder, signer)
    (folder / "extra").unlink()
    own = (folder / ATTESTATION).read_bytes()
    other = make_folder(tmp_path / "other", signer, "b")
    (folder / ATTESTATION).write_bytes((other / ATTESTATION).read_bytes())
    assert refused(folder, signer)
    (folder / ATTESTATION).unlink()
    assert "UNSIGNED" in verify_folder(folder, (signer.public,))[0].detail
    (folder / ATTESTATION).write_bytes(own)
    new_key(tmp_path / "k2", "stranger", b"pw")
    assert not all(c.ok for c in verify_folder(folder, list_keys(tmp_path / "k2")))
    assert not all(c.ok for c in verify_folder(folder, ()))
    assert not refused(folder, signer)
