"""ONNX's own backend runner under unittest on its node cases: CPU seconds of running them (making and importing them aside), and how many ran."""

import io
import json
import os
import sys
import time
import unittest
import warnings
from pathlib import Path

import onnxruntime.backend
from onnx.backend.test.runner import Runner

warnings.simplefilter("ignore")
names = set(json.loads((Path(os.environ["MLCSV_BENCHMARK"]) / "names.json").read_text()))
suite = unittest.TestSuite()
for case in Runner(onnxruntime.backend, __name__).test_cases.values():
    for test in unittest.defaultTestLoader.loadTestsFromTestCase(case):
        name = test.id().rsplit(".", 1)[1]
        if name.endswith("_cpu") and name.removesuffix("_cpu") in names:
            suite.addTest(test)
before = time.process_time()
result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
used = time.process_time() - before
sys.stdout.write(json.dumps({"cpu_s": used, "ran": result.testsRun, "failed": len(result.failures) + len(result.errors)}) + "\n")
