"""A package index made of files: tiny wheels, a find-links folder, and a simple index on this machine."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from csvkit_ml.errors import MlcsvError
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec

KNOWN = {"tinylib": "tinylib", "tinylib-gpu": "tinylib"}
TODAY = "2026-01-02"


def write_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, str] | None = None, *, tag: str = "py3-none-any", needs: tuple[str, ...] = (),
    python: str = "", forged: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """A wheel.

    Args:
        forged: files whose content is not what RECORD says.
    """
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    metadata += [f"Requires-Python: {python}"] if python else []
    content = dict(files if files is not None else {f"{name}/__init__.py": f"__version__ = {version!r}\n", f"{name}/data.txt": "data\n"})
    content[f"{info}/METADATA"] = "\n".join(metadata) + "\n"
    content[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"
    rows = [f"{path},sha256={_digest(text.encode())},{len(text)}" for path, text in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for at, text in {**content, **(forged or {})}.items():
            archive.writestr(zipfile.ZipInfo(at, (2020, 1, 1, 0, 0, 0)), text)
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_sdist(folder: Path, name: str, version: str) -> Path:
    """A source distribution whose build would leave a mark."""
    root = folder / f"{name}-{version}"
    root.mkdir(parents=True)
    (root / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (root / "setup.py").write_text(f"open({str(folder / 'built')!r}, 'w').close()\nfrom setuptools import setup\nsetup(name={name!r})\n")
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(root, root.name)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where wheels come from and environments go."""

    folder: Path

    @property
    def links(self) -> Path:
        return self.folder / "links"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def environ(self) -> dict[str, str]:
        """Everything from files; nothing of the user's own settings."""
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "UV_CACHE_DIR": str(self.folder / "uv"), "UV_NO_INDEX": "1"}

    @property
    def request(self) -> EnvironmentRequest:
        return EnvironmentRequest(find_links=(str(self.links),))

    def wheel(self, version: str, name: str = "tinylib", **more: Any) -> Path:
        return write_wheel(self.links, name, version, **more)


def spec(version: str = "1.0", *, local: str = "", name: str = "tinylib") -> ValidationSpec:
    """A release, resolved."""
    return ValidationSpec(asked=f"{name}=={version}", library="tinylib", version=version, local=local, resolved_on=TODAY)


def quiet(text: str) -> None:
    """Notify nobody."""


def screen(error: MlcsvError) -> str:
    """What the person reads."""
    return f"{error.cause}\n{error.hint}"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "test"


@contextmanager
def simple_index(
    folder: Path, yanked: Mapping[str, str] | None = None, *, hashes: bool = True, pythons: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve the wheels of a folder as a simple index; gives its URL.

    Args:
        yanked: reason by file name.
        hashes: links carry SHA-256 digests.
        pythons: Requires-Python by file name.
    """
    by_name: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        by_name.setdefault(path.name.split("-")[0], []).append(path)
    for name, paths in by_name.items():
        page = folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        links = [_link(p, yanked or {}, hashes, (pythons or {}).get(p.name, "")) for p in paths]
        page.write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _link(path: Path, yanked: Mapping[str, str], hashes: bool, python: str) -> str:
    fragment = f"#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}" if hashes else ""
    mark = f' data-yanked="{escape(yanked[path.name])}"' if path.name in yanked else ""
    mark += f' data-requires-python="{escape(python)}"' if python else ""
    return f'<a href="/{path.name}{fragment}"{mark}>{path.name}</a><br>'


def tree(folder: Path) -> dict[str, tuple[str, int, int, str]]:
    """Everything below a folder: kind, mode, time of change and content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = ("link" if path.is_symlink() else "", info.st_mode, info.st_mtime_ns, content)
    return found
