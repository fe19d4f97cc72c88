"""Schedules that come back: warm restarts, cycles, one cycle; the momentum that goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csvkit_ml.model.function import Function, Json
from csvkit_ml.references.running_error import Rounded
from csvkit_ml.references.schedules import Hyper, cosine_of_half_turns, rates
from validation_suites import faults
from validation_suites.training.schedules import SOURCE, schedule, schedule_samples

RESTARTS: Mapping[str, Json] = {"T_0": 10, "T_mult": 2, "eta_min": 0.0}
CYCLIC: Mapping[str, Json] = {
    "max_lr": 2.0, "step_size_up": 8, "step_size_down": 8, "mode": "triangular", "gamma": 1.0, "base_momentum": 0.8, "max_momentum": 0.9,
}  # fmt: skip
ONE_CYCLE: Mapping[str, Json] = {
    "total_steps": 61, "pct_start": 0.3, "anneal_strategy": "cos", "div_factor": 25.0, "final_div_factor": 1e4, "three_phase": False,
    "base_momentum": 0.85, "max_momentum": 0.95,
}  # fmt: skip


def _restarts(h: Hyper, base: Any, t: int) -> Any:
    """Cosine from base to eta_min over T_0 epochs, then again over T_mult times as many (SGDR, equation 5)."""
    length = h["T_0"]
    while t >= length:
        t, length = t - length, length * h["T_mult"]
    return h["eta_min"] + (base - h["eta_min"]) * (1 + cosine_of_half_turns((base * 0 + t) / length)) / 2


def _height(h: Hyper, base: Any, t: int) -> Any:
    """Part of the way to the top: a triangle of `step_size_up` and `step_size_down` epochs, damped by the mode."""
    total = h["step_size_up"] + h["step_size_down"]
    cycle, within = divmod(t, total)
    place = 1 + (base * 0 + t) / total - (cycle + 1)
    ratio = (base * 0 + h["step_size_up"]) / total
    triangle = place / ratio if within <= h["step_size_up"] else (place - 1) / (ratio - 1)
    damped = {"triangular": 1, "triangular2": 1 / 2**cycle}
    return triangle * (damped[h["mode"]] if h["mode"] in damped else h["gamma"] ** t)


def _cyclic(h: Hyper, base: Any, t: int) -> Any:
    """Between base and max_lr base."""
    return base + (base * h["max_lr"] - base) * _height(h, base, t)


def _cyclic_momentum(h: Hyper, base: Any, t: int) -> Any:
    """The other way."""
    return h["max_momentum"] - (h["max_momentum"] - h["base_momentum"]) * _height(h, base, t)


def _phases(h: Hyper) -> list[tuple[Any, int, int]]:
    """(end, from, to) of each phase; levels: 0 initial, 1 largest, 2 last."""
    total, part = h["total_steps"], h["pct_start"]
    if h["three_phase"]:
        return [(part * total - 1, 0, 1), (2 * part * total - 2, 1, 0), (total - 1, 0, 2)]
    return [(part * total - 1, 0, 1), (total - 1, 1, 2)]


def _by(t: int, end: Any) -> bool:
    return bool(t <= (end.value if isinstance(end, Rounded) else end))


def _between(h: Hyper, zero: Any, t: int, levels: tuple[Any, Any, Any]) -> Any:
    """Cosine or line from one level to the next."""
    begin: Any = 0
    for end, start, goal in _phases(h):
        if _by(t, end):
            done = (zero + (t - begin)) / (zero + (end - begin))
            share = done if h["anneal_strategy"] == "linear" else (1 - cosine_of_half_turns(done)) / 2
            return levels[start] + (levels[goal] - levels[start]) * share
        begin = end
    raise AssertionError("the last phase ends with the last step")


def _one_cycle(h: Hyper, base: Any, t: int) -> Any:
    """Up from base / div to base, down to base / div / final_div; `base` is the largest rate."""
    low = base / h["div_factor"]
    return _between(h, 0 * base, t, (low, base, low / h["final_div_factor"]))


def _one_cycle_momentum(h: Hyper, base: Any, t: int) -> Any:
    """The other way, and high in a third phase."""
    return _between(h, 0 * base, t, (h["max_momentum"] + 0 * base, h["base_momentum"] + 0 * base, h["max_momentum"] + 0 * base))


FUNCTIONS: tuple[Function, ...] = (
    schedule("cosine_annealing_warm_restarts", "of a cosine that starts again after T_0, T_0 T_mult, T_0 T_mult^2, ... epochs", _restarts, None,
             lambda: schedule_samples(RESTARTS, {"T_0": (10, 1, 7), "T_mult": (2, 1, 3), "eta_min": (0.0, 1e-4)}, edges=({"T_0": 500},), epochs=130),
             f"Loshchilov and Hutter 2017 (SGDR), equation 5; {SOURCE}.CosineAnnealingWarmRestarts",
             faults.other_params("period-constant", "Every period has the first one's length.", T_mult=1),
             faults.other_params("minimum-ignored", "eta_min is ignored.", eta_min=0.0),
             faults.other_params("restart-off-by-one", "The restart comes an epoch late.", T_0=lambda n: n + 1)),
    schedule("cyclic_lr", "on a triangle between base and max_lr, momentum the other way", _cyclic, None,
             lambda: schedule_samples(CYCLIC, {"step_size_up": (8, 1, 5), "step_size_down": (8, 3), "mode": ("triangular", "triangular2", "exp_range"),
                                               "gamma": (1.0, 0.97), "max_lr": (2.0, 10.0)}, edges=({"step_size_up": 500},)),
             f"Smith 2017, section 3; {SOURCE}.CyclicLR",
             faults.other_params("undamped", "The triangles keep their height.", mode="triangular"),
             faults.other_params("symmetric", "The way down is as long as the way up.", step_size_down=8),
             faults.computed("momentum-kept", "The momentum is not cycled.", lambda s: (rates(_cyclic, s), rates(lambda h, b, t: h["max_momentum"], s))),
             also=(_cyclic_momentum,)),
    schedule("one_cycle_lr", "of one cycle up to the largest rate and down to the last, momentum the other way", _one_cycle, None,
             lambda: schedule_samples(ONE_CYCLE, {"pct_start": (0.3, 0.5), "anneal_strategy": ("cos", "linear"), "three_phase": (False, True),
                                                  "div_factor": (25.0, 2.0), "total_steps": (61, 100)}, epochs=60, long=1),
             f"Smith and Topin 2019; {SOURCE}.OneCycleLR",
             faults.other_params("phase-missed", "The third phase is left out.", three_phase=False),
             faults.other_params("wrong-division", "The initial rate is off by 1e-4.", div_factor=lambda d: d * (1 + 1e-4)),
             faults.other_params("line-for-cosine", "The way is a line.", anneal_strategy="linear"),
             also=(_one_cycle_momentum,)),
)  # fmt: skip
