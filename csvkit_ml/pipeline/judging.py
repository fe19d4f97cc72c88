"""Judging observations and checking the checker; what follows from the same digests comes from the memo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from types import MappingProxyType

from csvkit_ml import __version__, registry
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.references import remembering
from csvkit_ml.judgement.detection import detect
from csvkit_ml.judgement.judge import judge_case
from csvkit_ml.model.codec import canonical, decode, digest_of, from_json
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.function import Function, Reason, Verdict
from csvkit_ml.model.judgement import CaseJudgement, FaultDetection, FunctionJudgement, Judgement, worst_verdict
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.plan import PlannedFunction, PlannedSample
from csvkit_ml.model.spec import Depth, ValidationSpec
from csvkit_ml.pipeline.observe import NO_KEY
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.planning.catalogue import Catalogue
from csvkit_ml.planning.definition import definition
from csvkit_ml.planning.depth import at_depth, depth_of
from csvkit_ml.planning.sweeping import is_sweep, swept
from csvkit_ml.references.sieve import KIND

SCHEMA = 1
EXIT = {Verdict.PASSED: 0, Verdict.FAILED: 3, Verdict.INDETERMINATE: 4}


def judge(
    catalogue: Catalogue,
    manifest: EvidenceManifest,
    manifest_digest: Digest,
    blob: Callable[[Digest], bytes],
    memo: Memo | None,
    watch: Watcher,
    unproven: tuple[str, ...] = (),
    standing: Mapping[str, CaseJudgement] = MappingProxyType({}),
) -> Judgement:
    """Judge every observation; a judgement that follows from the same digests is taken from the memo.

    Args:
        unproven: what of the configuration was not proven in force; every case is then indeterminate.
        standing: judgements that are taken as they are, by case: their values are not at hand. Only without a memo.
    """
    if unproven:
        return Judgement(schema=SCHEMA, manifest=manifest_digest, functions=tuple(_unproven(f, unproven) for f in catalogue.plan.functions))
    observed = {o.case: o for o in manifest.observations}
    judged = []
    watch.expect("judging", len(catalogue.plan.functions))
    for planned in catalogue.plan.functions:
        seen = [replace(observed[c], key=NO_KEY) for c in planned.case_ids() if c in observed]
        question = digest_of(["judge", definition(judge_case.__module__), planned, catalogue.plan.required_identical, seen, *_approximating(planned)])
        answer = memo.get(question) if memo is not None else None
        if answer is None:
            cases = tuple(c for s in planned.samples for c in _kept(planned, s, catalogue, observed, blob, memo, standing))
            answer = canonical(FunctionJudgement(id=planned.id, side=planned.side, cases=cases))
            if memo is not None:
                memo.put({question: answer})
        judged.append(decode(FunctionJudgement, answer))
        watch.judged(planned.side, judged[-1].verdict)
    return Judgement(schema=SCHEMA, manifest=manifest_digest, functions=tuple(judged))


def _unproven(planned: PlannedFunction, why: tuple[str, ...]) -> FunctionJudgement:
    """No case was executed."""
    detail = f"not executed: {'; '.join(why)}"
    cases = tuple(CaseJudgement(case=c, reason=Reason.SETTING_UNPROVEN, detail=detail) for c in planned.case_ids())
    return FunctionJudgement(id=planned.id, side=planned.side, cases=cases)


def _kept(
    planned: PlannedFunction, s: PlannedSample, catalogue: Catalogue, observed: Mapping[str, Observation],
    blob: Callable[[Digest], bytes], memo: Memo | None, standing: Mapping[str, CaseJudgement],
) -> tuple[CaseJudgement, ...]:  # fmt: skip
    """Judge one sample's variants; a sample of a sweep, which takes seconds, is kept by itself."""
    here = [c for v in s.variants if (c := f"{planned.id}/{s.name}/{v}") in observed]
    if here and all(c in standing for c in here):
        return tuple(standing[c] for c in here)
    if memo is None or not is_sweep(catalogue.requests[f"{planned.id}/{s.name}"].sample):
        return tuple(_judge_sample(planned, s, catalogue, observed, blob, memo))
    seen = [replace(observed[c], key=NO_KEY) for c in here]
    required = catalogue.plan.required_identical if planned.repeatable else ()
    question = digest_of(["judge sweep", definition(judge_case.__module__), planned.id, planned.definition, s, required, seen, *_approximating(planned)])
    answer = memo.get(question)
    if answer is None:
        answer = canonical(tuple(_judge_sample(planned, s, catalogue, observed, blob, memo)))
        memo.put({question: answer})
    return from_json(tuple[CaseJudgement, ...], json.loads(answer))


def _approximating(planned: PlannedFunction) -> list[str]:
    """Versions of what a sieve computes with; its text is part of the planned definition."""
    return [version("numpy"), version("scipy")] if any(s.criterion.kind == KIND for s in planned.samples) else []


def _judge_sample(
    planned: PlannedFunction,
    s: PlannedSample,
    catalogue: Catalogue,
    observed: Mapping[str, Observation],
    blob: Callable[[Digest], bytes],
    memo: Memo | None,
) -> Iterator[CaseJudgement]:
    """Judge one sample's variants; variants that gave the same answers share the work."""
    function = function_of(planned.id, memo)
    sample = catalogue.requests[f"{planned.id}/{s.name}"].sample
    required = catalogue.plan.required_identical if planned.repeatable else ()
    expected = cache(lambda: function.reference(sample))
    known: dict[tuple[tuple[str, object], ...], CaseJudgement] = {}
    for variant in s.variants:
        case = f"{planned.id}/{s.name}/{variant}"
        if case not in observed:
            continue
        seen = tuple((r.kind, r.outcome) for r in observed[case].repetitions)
        if seen not in known:
            known[seen] = judge_case(observed[case], expected, function.criterion_for(sample), blob, required_identical=required)
        yield replace(known[seen], case=case)


def function_of(id: str, memo: Memo | None) -> Function:
    """A function, with its references taken from the memo where they are known."""
    function = registry.functions()[id]
    return swept(remembering(function, definition(registry.home(id)), memo) if memo is not None else function, function)


def detections(
    ids: tuple[str, ...], *, places: Places, watch: Watcher, fresh: bool, spec: ValidationSpec | None = None
) -> tuple[FaultDetection, ...]:
    """Detection table of functions, made from the last to the first; kept by the digest of their definition.

    Args:
        spec: of a run: what its quick functions leave out detects nothing.
    """
    watch.expect("checking the checker", len(ids))
    found: dict[str, tuple[FaultDetection, ...]] = {}
    with Memo(places.memo) as memo:
        for id in reversed(ids):  # processes that go ahead begin at the first
            question = _question(id, spec)
            answer = None if fresh else memo.get(question)
            if answer is None:
                answer = canonical(detect(at_depth(function_of(id, memo), _depth(id, spec))))
                memo.put({question: answer})
            found[id] = from_json(tuple[FaultDetection, ...], json.loads(answer))
            watch.advance()
    return tuple(d for id in ids for d in found[id])


def undetected(ids: tuple[str, ...], places: Places, spec: ValidationSpec | None = None) -> tuple[str, ...]:
    """Functions whose detections are still to be made."""
    with Memo(places.memo) as memo:
        return tuple(id for id in ids if memo.get(_question(id, spec)) is None)


def _depth(id: str, spec: ValidationSpec | None) -> Depth:
    return Depth.QUICK if spec is not None and depth_of(spec, id) is Depth.QUICK else Depth.STANDARD


def _question(id: str, spec: ValidationSpec | None) -> Digest:
    quick = ["quick"] if _depth(id, spec) is Depth.QUICK else []
    return digest_of(["detect", id, definition(registry.home(id), detect.__module__), __version__, *quick])


def exit_code(verdicts: tuple[Verdict, ...]) -> int:
    """0 passed, 3 failed, 4 indeterminate, over all targets."""
    return EXIT[worst_verdict(verdicts)]
