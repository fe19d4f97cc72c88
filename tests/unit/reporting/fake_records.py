"""A fake world: whole runs of any size with hostile names, NaN measurements and every kind of outcome. Deterministic."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

from csvkit_ml.model.anomaly import AnomalyList
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.device import NO_INPUT, DeviceInput, Disposition
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.environment import Distribution, EnvironmentRecord, Fingerprint, InstallationFinding
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.function import Measurement, Reason, SampleClass, Side
from csvkit_ml.model.judgement import CaseJudgement, FaultDetection, FunctionJudgement, Judgement
from csvkit_ml.model.observation import (
    Crashed,
    Killed,
    Observation,
    Outcome,
    OutputRef,
    Produced,
    Raised,
    Repetition,
    TimedOut,
    Unsupported,
)
from csvkit_ml.model.plan import REPETITIONS, NotOffered, PlannedCriterion, PlannedFunction, PlannedSample, ValidationPlan
from csvkit_ml.model.report import ReportModel, RunFacts, Upgrade
from csvkit_ml.model.requirement import OwnTests, RequirementList
from csvkit_ml.model.scoped import ScopeList
from csvkit_ml.model.spec import ValidationSpec
from csvkit_ml.reporting.assemble import assemble
from csvkit_ml.reporting.findings import DISPOSED
from csvkit_ml.reporting.standards import chosen

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "{{ 7*7 }}{% raw %}",
    "a\u202eb\u2066c\u200bd",
    "\x00\x1b[31mred\x07\r\n</style></details>",
    "]]>&amp;<!--",
    "https://evil.invalid/x.js",
    "日本語 é ß ﷽",
)
"""Texts that must stay texts in every format."""

ANSWERED = DeviceInput(
    **{f.name: f"Answer to {f.name}." for f in fields(DeviceInput) if f.name != "dispositions"},
    dispositions=tuple(Disposition(kind=k, subject="*", decision="accepted", reason="Looked at.") for k in DISPOSED),
)
"""Human input without an open item."""

PLAN = sha256(b"plan")
MANIFEST = sha256(b"manifest")
VARIANTS = ("plain", "layout=transposed", "layout=offset", "mode=inference-mode")

_AREAS = ("elementwise", "products", "normalisation", "pooling", "losses", "optimisers")
_NAMES = ("exp", "tanh", "gelu", "matmul", "conv2d", "layer_norm", "softmax", "max_pool2d", "cross_entropy", "adam", "cholesky", "lstm")
_CRITERIA = tuple(
    PlannedCriterion(
        kind=kind,
        formula=formula,
        rationale="Rounding of the declared precision cannot exceed it; the constant covers the final rounding as well.",
        literature=literature,
    )
    for kind, formula, literature in (
        ("ulp", "|y - r| <= 4 ulp(r) + 1 eta", "Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., ch. 10"),
        ("componentwise", "|y - r| <= lambda sqrt(n) u |A||B|, lambda = 6.1", "Higham and Mary 2019"),
        ("bitwise", "y = r, every bit", "IEEE 754-2019, 5.4.1"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Everything that `assemble` takes."""

    plan: ValidationPlan
    environment: EnvironmentRecord
    manifest: EvidenceManifest
    judgement: Judgement
    detections: tuple[FaultDetection, ...]
    run: RunFacts
    signed_by: str
    device: DeviceInput = NO_INPUT
    coverage: Coverage | None = None
    anomalies: AnomalyList | None = None
    scope: ScopeList | None = None
    requirements: RequirementList | None = None
    own_tests: OwnTests | None = None
    upgrade: Upgrade | None = None

    def model(self) -> ReportModel:
        return assemble(
            plan=self.plan,
            environment=self.environment,
            manifest=self.manifest,
            judgement=self.judgement,
            detections=self.detections,
            plan_digest=PLAN,
            manifest_digest=MANIFEST,
            suite=sha256(b"suite"),
            oracles=(("python-flint", "0.8.0"), ("mpmath", "1.3.0")),
            run=self.run,
            signed_by=self.signed_by,
            maker="The Makers",
            device=self.device,
            standards=chosen(()),
            renderers=(("typst", "0.0.0"),),
            coverage=self.coverage,
            anomalies=self.anomalies,
            scope=self.scope,
            requirements=self.requirements,
            own_tests=self.own_tests,
            upgrade=self.upgrade,
        )


def records(
    *, functions: int = 14, samples: int = 10, seed: int = 1, bad: float = 0.04, hostile: bool = True, signed_by: str = ""
) -> Records:
    """A run of `functions` x `samples` x four variants, of which a share `bad` does not pass."""
    rng = random.Random(seed)
    planned = tuple(_function(rng, i, samples, hostile) for i in range(functions))
    judged: list[FunctionJudgement] = []
    observed: list[Observation] = []
    for i, f in enumerate(planned):
        share = bad if i % 3 == 0 else 0.0
        pairs = [_case(rng, c, share, hostile) for c in f.case_ids()]
        observed += [o for o, _ in pairs]
        judged.append(FunctionJudgement(id=f.id, side=f.side, cases=tuple(c for _, c in pairs)))
    environment = _environment(hostile)
    return Records(
        plan=_plan(planned, hostile),
        environment=environment,
        manifest=EvidenceManifest(schema=1, plan=PLAN, environment=sha256(b"env"), worker=sha256(b"worker"), observations=tuple(observed)),
        judgement=Judgement(schema=1, manifest=MANIFEST, functions=tuple(judged)),
        detections=tuple(d for i, f in enumerate(planned) for d in _detections(f, undetected=i == 4 and bad > 0)),
        run=RunFacts(
            started="2026-03-02T09:14:07Z",
            finished="2026-03-02T09:17:31Z",
            tester=HOSTILE[1] if hostile else "A. Tester",
            command="mlcsv validate 'torch==2.x'",
            executed=len(observed),
            reused=0,
        ),
        signed_by=signed_by,
        device=NO_INPUT if hostile else ANSWERED,
    )


def _plan(planned: tuple[PlannedFunction, ...], hostile: bool) -> ValidationPlan:
    left_out = (NotOffered(function="attention", what="float16", reason="the library does not offer this dtype on this backend"),)
    return ValidationPlan(
        schema=1,
        tool="mlcsv 0.1.0",
        spec=ValidationSpec(asked="torch==2.x", library="torch", version="2.13.0", local="cpu", backend="cpu:threads=1"),
        settings=(("ATEN_CPU_CAPABILITY", "avx2"), ("threads", "1")),
        repetitions=REPETITIONS,
        required_identical=("rerun", "fresh_process", "dirty_memory"),
        time_limit_s=60.0,
        memory_limit_bytes=2**33,
        worker=sha256(b"worker"),
        functions=planned,
        not_offered=left_out + ((NotOffered(function=HOSTILE[0], what=HOSTILE[3], reason=HOSTILE[5]),) if hostile else ()),
    )


def _environment(hostile: bool) -> EnvironmentRecord:
    native = tuple((f"torch/lib/lib{n}.so", sha256(n.encode())[7:]) for n in ("torch_cpu", "c10", "gomp"))
    return EnvironmentRecord(
        library="torch",
        version="2.13.0+cpu",
        adopted=False,
        python="/env/bin/python",
        lock=sha256(b"lock"),
        distributions=(
            Distribution(name="numpy", version="2.3.1", wheel=sha256(b"np")[7:], record=sha256(b"npr"), files=1243),
            Distribution(name="torch", version="2.13.0+cpu", wheel=sha256(b"t")[7:], record=sha256(b"tr"), files=13211, native=native),
        ),
        findings=(InstallationFinding(distribution="torch", path=HOSTILE[0], what="altered"),) if hostile else (),
        fingerprint=Fingerprint(
            host=(
                ("cores", "8"),
                ("cpu", "AMD EPYC 7763 64-Core Processor"),
                ("cpu flags", " ".join(f"flag{i}" for i in range(90))),
                ("kernel", "6.8.0"),
                ("libc", "glibc 2.39"),
                ("memory", "33,554,432 KiB"),
                ("os", "Linux"),
            ),
            interpreter=(("compiler", "GCC 13.3.0"), ("version", "3.12.7")),
            library=(("blas", "mkl 2025.2"), ("onednn", "3.8.1"), ("openmp", "201511")),
            variables=(("LANG", "C.UTF-8"), ("OMP_NUM_THREADS", "1")) + ((("X", HOSTILE[4]),) if hostile else ()),
        ),
    )


def _function(rng: random.Random, i: int, samples: int, hostile: bool) -> PlannedFunction:
    name = _NAMES[i % len(_NAMES)] + (f"_{i // len(_NAMES)}" if i >= len(_NAMES) else "")
    odd = HOSTILE[i % len(HOSTILE)] if hostile else "plain text"
    return PlannedFunction(
        id=name,
        side=(Side.INFERENCE, Side.TRAINING, Side.BOTH, Side.INFERENCE)[i % 4],
        area=_AREAS[i % len(_AREAS)],
        requirement=f"The library shall compute {name} of its inputs to the declared accuracy. {odd if i % 2 else ''}".strip(),
        source=f"Definition of {name}: {odd}",
        oracle="Arb balls at 200 bits, radius below 1e-40 relative",
        names=(f"torch.{name}", f"torch.nn.functional.{name}"),
        definition=sha256(name.encode()),
        faults=("tf32-inputs", "dropped-last-term"),
        repeatable=True,
        samples=tuple(_sample(rng, name, n, odd) for n in range(samples)),
    )


def _sample(rng: random.Random, function: str, n: int, odd: str) -> PlannedSample:
    dtype = ("float32", "float64", "float16", "bfloat16")[n % 4]
    return PlannedSample(
        name=f"{dtype}-n{2 ** (n % 9)}-{n}" if n else f"{dtype} {odd.replace('/', '|')}",
        dtype=dtype,
        why=tuple(SampleClass)[n % 6],
        inputs=(sha256(f"{function}{n}".encode()),),
        shapes=(f"{dtype}[{n + 1},64]",),
        params=(("axis", -1), ("eps", 1e-5), ("pads", (1, (2, None, True)))) if n % 2 else (),
        criterion=_CRITERIA[n % 3],
        variants=VARIANTS,
        request=sha256(f"request {function} {rng.random()}".encode()),
    )


def _detections(f: PlannedFunction, *, undetected: bool) -> tuple[FaultDetection, ...]:
    return tuple(
        FaultDetection(
            function=f.id,
            fault=x,
            sentence=f"{x.replace('-', ' ')} in place of the declared arithmetic",
            tried=8,
            rejected=0 if undetected and n == 0 else 5,
            accepted_true=True,
        )
        for n, x in enumerate(f.faults)
    )


_BAD: tuple[tuple[Reason, Outcome | None], ...] = (
    (Reason.BEYOND_BAND, None),
    (Reason.SPECIAL_VALUE, None),
    (Reason.REFUSED, Raised(type="RuntimeError", message=HOSTILE[0])),
    (Reason.CRASHED, Crashed(exit_code=None, signal="SIGSEGV", stderr=sha256(b"stderr"))),
    (Reason.TIMED_OUT, TimedOut(limit_s=60.0)),
    (Reason.UNSUPPORTED, Unsupported(message="not implemented for 'Half'")),
    (Reason.KILLED, Killed(why="memory limit")),
    (Reason.NOT_REPEATABLE, None),
)


def _case(rng: random.Random, case: str, bad: float, hostile: bool) -> tuple[Observation, CaseJudgement]:
    reason, other = _BAD[rng.randrange(len(_BAD))] if rng.random() < bad else (Reason.WITHIN_BAND, None)
    outcome = other or _produced(case)
    repeated = tuple(Repetition(kind=k, process=n, outcome=outcome) for n, k in enumerate(REPETITIONS))
    if reason is Reason.NOT_REPEATABLE:
        repeated = (*repeated[:3], Repetition(kind="dirty_memory", process=3, outcome=_produced(case + " again")))
    detail = f"{reason.value}: {rng.choice(HOSTILE)}" if hostile else f"{reason.value}."
    judged = CaseJudgement(
        case=case,
        reason=reason,
        detail=detail,
        measurements=() if other else _measurements(rng, reason),
        differing=("dirty_memory",) if reason is Reason.NOT_REPEATABLE else (),
    )
    return Observation(case=case, key=sha256(case.encode()), repetitions=repeated), judged


def _produced(case: str) -> Produced:
    return Produced(outputs=(OutputRef(name="y", dtype="float32", shape=(2, 64), blob=Digest(sha256(case.encode()))),))


def _measurements(rng: random.Random, reason: Reason) -> tuple[Measurement, ...]:
    if reason is Reason.SPECIAL_VALUE:
        return (
            _measurement(rng, 0.2, Reason.WITHIN_BAND, "y"),
            Measurement(
                output="h",
                reason=reason,
                compared=128,
                offenders=3,
                error=float("inf"),
                limit=1e-7,
                hard_limit=2e-7,
                ratio=float("nan"),
                rms_ratio=float("nan"),
                worst_index=(0, 3),
                expected="0.6931471805599453 ± 1e-40",
                actual="nan",
            ),
        )
    ratio = (
        rng.uniform(1.0001, 40)
        if reason is Reason.BEYOND_BAND
        else rng.choice((0.0, 10 ** rng.uniform(-4, -0.01), 10 ** rng.uniform(-1, -0.01)))
    )
    return (_measurement(rng, ratio, Reason.WITHIN_BAND if reason is Reason.NOT_REPEATABLE else reason, "y"),)


def _measurement(rng: random.Random, ratio: float, reason: Reason, output: str) -> Measurement:
    value, limit = rng.gauss(0, 1), 10 ** rng.uniform(-16, -6)
    return Measurement(
        output=output,
        reason=reason,
        compared=128,
        offenders=int(ratio > 1),
        error=ratio * limit,
        limit=limit,
        hard_limit=50 * limit,
        ratio=ratio,
        rms_ratio=ratio / 4,
        worst_index=(1, rng.randrange(64)),
        expected=f"{value!r} ± 1e-40",
        actual=repr(value + ratio * limit),
    )
