from __future__ import annotations

import pytest

from csvkit_ml.environments.lockfile import read_lock
from csvkit_ml.errors import UsageError

A, B = "a" * 64, "b" * 64


def test_requirements() -> None:
    text = f"""# comment
--index-url https://example.invalid/simple
Torch_X==2.13.0+cpu ; python_version >= '3.11' \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
onnxruntime==1.23.2  # why
numpy>=2
"""
    found = {p.name: p for p in read_lock("requirements.txt", text.encode())}
    assert found["torch-x"].version == "2.13.0+cpu" and found["torch-x"].hashes == {A, B}
    assert found["onnxruntime"].version == "1.23.2" and found["onnxruntime"].hashes == frozenset()
    assert found["numpy"].version == ""


def test_uv_and_pylock() -> None:
    uv = f'[[package]]\nname = "torch"\nversion = "2.13.0"\nsdist = {{ hash = "sha256:{B}" }}\nwheels = [{{ hash = "sha256:{A}" }}]\n'
    uv += '[[package]]\nname = "me"\n'
    (torch,) = read_lock("uv.lock", uv.encode())
    assert (torch.version, torch.hashes) == ("2.13.0", {A, B})
    pylock = f'[[packages]]\nname = "torch"\nversion = "2.13.0"\n[[packages.wheels]]\nname = "w"\nhashes = {{ sha256 = "{A}" }}\n'
    (torch,) = read_lock("pylock.toml", pylock.encode())
    assert torch.hashes == {A}


@pytest.mark.parametrize(
    ("name", "data"),
    [("uv.lock", b"x"), ("uv.lock", b""), ("pylock.toml", b"a = 1"), ("pylock.toml", b"packages = 1"), ("requirements.txt", b"\xff"), ("r.txt", b"??")],
)
def test_what_is_no_lock_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(UsageError):
        read_lock(name, data)
