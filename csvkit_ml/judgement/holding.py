"""Which outputs of sweeps a report folder holds as bytes, and which by digest alone; follows from plan, manifest and judgement. Pure."""

from __future__ import annotations

from collections import defaultdict

from csvkit_ml.judgement.judge import SEVERITY
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.evidence import CaseByDigest, EvidenceManifest, HeldByDigest
from csvkit_ml.model.judgement import CaseJudgement, Judgement
from csvkit_ml.model.observation import Observation, Produced
from csvkit_ml.model.plan import ValidationPlan
from csvkit_ml.references.sieve import KIND

SCHEMA = 1
FILE = "held-by-digest.json"
KEPT = 4
"""Chunks of a function's sweep whose outputs the folder holds: the most serious, by reason, then by the ratio of error to limit."""
WHY = (
    f"A sweep of float32 gives 16 GiB. Of each function the folder holds the outputs of the {KEPT} most serious chunks; those of the cases below "
    "were judged when they were there, and are named here by digest alone. `mlcsv reproduce REPORT_DIR CASE` makes one of them again in an "
    "environment of the same release, judges it, and tells whether its bits have this digest."
)


def held_by_digest(plan: ValidationPlan, manifest: EvidenceManifest, judgement: Judgement) -> HeldByDigest:
    """The cases of sweeps that are not kept whole, with those of their outputs that no kept case refers to.

    Raises:
        KeyError: the judgement does not know an observed case of a sweep.
    """
    sweeps = {f"{f.id}/{s.name}/{v}": f.id for f in plan.functions for s in f.samples if s.criterion.kind == KIND for v in s.variants}
    if not sweeps:
        return HeldByDigest(schema=SCHEMA, why=WHY, cases=())
    judged = {c.case: c for f in judgement.functions for c in f.cases}
    chunks: dict[str, list[CaseJudgement]] = defaultdict(list)
    for o in manifest.observations:
        if o.case in sweeps:
            chunks[sweeps[o.case]].append(judged[o.case])
    gone = {c.case for found in chunks.values() for c in sorted(found, key=_serious)[KEPT:]}
    kept = {d for o in manifest.observations if o.case not in gone for d in _outputs(o)}
    cases = ((o.case, tuple(d for d in _outputs(o) if d not in kept)) for o in manifest.observations if o.case in gone)
    return HeldByDigest(schema=SCHEMA, why=WHY, cases=tuple(CaseByDigest(case=c, blobs=ds) for c, ds in cases if ds))


def _serious(c: CaseJudgement) -> tuple[int, float, str]:
    """Most serious first; of equals the first in the order of bit patterns."""
    return SEVERITY.index(c.reason), -max((m.ratio for m in c.measurements), default=0.0), c.case


def _outputs(o: Observation) -> tuple[Digest, ...]:
    """Each once; what a crash wrote is never left out."""
    found = (out.blob for r in o.repetitions if isinstance(r.outcome, Produced) for out in r.outcome.outputs)
    return tuple(dict.fromkeys(found))
