"""What the calls of a cell took, by function: from the store, where each execution left its time."""

from __future__ import annotations

from csvkit_ml.evidence.store import Store
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.plan import ValidationPlan
from csvkit_ml.model.timing import FunctionTime, Times

SCHEMA = 1
FILE = "times.json"


def times(plan: ValidationPlan, observations: tuple[Observation, ...], store: Store) -> Times:
    """Plain variants, first repetition; a case taken from the store took what it took when it was executed."""
    keys = {o.case: o.key for o in observations}
    found = []
    for f in plan.functions:
        cases = (f"{f.id}/{s.name}/{s.variants[0]}" for s in f.samples)
        spent = [ns for c in cases if c in keys and (ns := store.time(keys[c]))]
        if spent:
            found.append(FunctionTime(id=f.id, calls=len(spent), seconds=round(sum(spent) / 1e9, 6)))
    return Times(schema=SCHEMA, functions=tuple(found))
