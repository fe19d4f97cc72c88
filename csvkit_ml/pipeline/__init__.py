"""The order of the stages, one file for each job.

request -> spec -> environment -> plan -> observations -> manifest -> judgement -> report -> folder -> attestation
"""

from __future__ import annotations

from csvkit_ml.pipeline.beforehand import ahead
from csvkit_ml.pipeline.cells import Compared, compare_runs
from csvkit_ml.pipeline.cluster import on_cluster
from csvkit_ml.pipeline.determinism import Matrix, circumstances, determinism
from csvkit_ml.pipeline.doctor import Doctor, doctor
from csvkit_ml.pipeline.intended import IntendedUse
from csvkit_ml.pipeline.judging import detections, exit_code
from csvkit_ml.pipeline.known_anomalies import import_anomalies
from csvkit_ml.pipeline.places import Places, Watcher, places, trusted_keys
from csvkit_ml.pipeline.prepare import Job, Prepared, asked_functions, jobs, jobs_from_plan, prepare, write_plan
from csvkit_ml.pipeline.reproduction import Reproduction, read_report, reproduce
from csvkit_ml.pipeline.scoped import read_scope
from csvkit_ml.pipeline.splitting import split, unverified
from csvkit_ml.pipeline.upgrading import Baseline
from csvkit_ml.pipeline.validation import Finished, validate
from csvkit_ml.pipeline.whole_models import ModelFiles, read_model

__all__ = [
    "Baseline",
    "Compared",
    "Doctor",
    "Finished",
    "IntendedUse",
    "Job",
    "Matrix",
    "ModelFiles",
    "Places",
    "Prepared",
    "Reproduction",
    "Watcher",
    "ahead",
    "asked_functions",
    "circumstances",
    "compare_runs",
    "detections",
    "determinism",
    "doctor",
    "exit_code",
    "import_anomalies",
    "jobs",
    "jobs_from_plan",
    "on_cluster",
    "places",
    "prepare",
    "read_model",
    "read_report",
    "read_scope",
    "reproduce",
    "split",
    "trusted_keys",
    "unverified",
    "validate",
    "write_plan",
]
