"""Known anomalies: a supplier's list taken once, decided by people, reported with what the run saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.anomalies.choosing import Mentions, Wanted, choose, rule
from csvkit_ml.anomalies.reading import read
from csvkit_ml.anomalies.review import Review, merge, read_review, write_review
from csvkit_ml.errors import IntegrityError, ScopeError, UsageError
from csvkit_ml.evidence.folder import write_file
from csvkit_ml.model.anomaly import Relevance, Snapshot
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.scoped import Scoped, read_scope
from csvkit_ml.pipeline.splitting import split
from csvkit_ml.scope.verified import concerned

SCHEMA = 1
SNAPSHOT, DECISIONS = "anomalies.json", "anomalies.toml"
"""Files of a folder of known anomalies, and in a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAnomalies:
    """A snapshot with its decisions."""

    snapshot: Snapshot
    review: Review
    files: Mapping[str, bytes]
    """As they go into the report folder."""

    @property
    def undecided(self) -> int:
        """Entries that a person must still decide."""
        decided = {d.id for d in self.review.decision if d.relevance is not Relevance.NOT_REVIEWED}
        return len(set(self.snapshot.review) - decided)


def import_anomalies(
    file: Path, asked: str, *, labels: tuple[str, ...], names: tuple[str, ...], sample: int, taken: str, folder: Path,
    environment: EnvironmentRequest, places: Places, watch: Watcher, scope: Path | None = None,
) -> KnownAnomalies:  # fmt: skip
    """Take a list for one release and write snapshot and decisions; decisions that the folder holds already are kept.

    Args:
        scope: file of what a product uses; entries that mention other names alone are left out.

    Raises:
        UsageError: the list or the decisions cannot be read.
        ScopeError: the scope cannot be read, or is about another library.
    """
    data, earlier = _bytes(file), folder / DECISIONS
    review = read_review(_bytes(earlier)) if earlier.exists() else Review(schema=1)
    found = split(asked, environment=environment, places=places, watch=watch)
    library = registry.library(found.library)
    name, entries = read(data, packages=library.distributions)
    used = _used(scope, found.library, places, watch) if scope else None
    wanted = Wanted(version=found.version, labels=labels, names=names, scope=concerned(used.scope, found) if used else None, sample=sample)
    by_name = found.by_name()
    known = [*by_name, *(u.name for u in found.unclassified)]
    kept, chosen = choose(entries, wanted, Mentions(known), {n: row.risk for n, (row, _) in by_name.items()}, sha256(data))
    snapshot = Snapshot(
        schema=SCHEMA, library=found.library, version=found.version, source=file.name, digest=sha256(data), format=name, taken=taken,
        filters=(
            ("version", found.version), *(("label", g) for g in labels), *(("name", g) for g in names),
            *((("scope", used.reference.digest),) if used else ()),
        ), read=len(entries),
        rule=rule(wanted), anomalies=kept, review=chosen,
    )  # fmt: skip
    made = _known(snapshot, merge(snapshot, review))
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in made.files.items():
        write_file(folder / path, content)
    return made


def _used(path: Path, library: str, places: Places, watch: Watcher) -> Scoped:
    found = read_scope(path, places, watch)
    if found.scope.library != library:
        raise ScopeError(f"the scope is about {found.scope.library}, not {library}", "give the scope of this library")
    return found


def read_anomalies(folder: Path, environment: EnvironmentRecord) -> KnownAnomalies:
    """Snapshot and decisions for one release.

    Raises:
        UsageError: a file is missing, the decisions cannot be read or name no function of the suites, or the list is for another release.
        IntegrityError: the snapshot is not what was written.
    """
    try:
        snapshot = decode(Snapshot, _bytes(folder / SNAPSHOT))
    except CodecError as e:
        raise IntegrityError(f"{folder / SNAPSHOT} is not a snapshot of this version: {e}", "import the list again") from e
    if (snapshot.library, snapshot.version) != (environment.library, environment.version):
        raise UsageError(
            f"{folder} is about {snapshot.library} {snapshot.version}, not {environment.library} {environment.version}", "import the list for this release"
        )
    review = read_review(_bytes(folder / DECISIONS))
    unknown = sorted({f for d in review.decision for f in d.functions} - set(registry.functions()))
    if unknown:
        raise UsageError(f"{folder / DECISIONS} names the function {unknown[0]!r}, which does not exist", "see `mlcsv qualify --list`")
    return _known(snapshot, review)


def _known(snapshot: Snapshot, review: Review) -> KnownAnomalies:
    return KnownAnomalies(snapshot=snapshot, review=review, files={SNAPSHOT: canonical(snapshot), DECISIONS: write_review(review)})


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "write it with `mlcsv anomalies import`") from e
