"""Torch bindings: AveragedModel with equal and with decaying weights, by tensor and over all tensors, for parameters and buffers."""

from __future__ import annotations

import io

from csvkit_ml.libraries.binding import Binding


def _model(t, row, buffer=False):
    """A module whose parameters (or a parameter and a buffer) hold a row."""
    model = t.nn.Module()
    cut = len(row) // 2
    model.first = t.nn.Parameter(row[:cut].clone())
    if buffer:
        model.register_buffer("second", row[cut:].clone())
    else:
        model.second = t.nn.Parameter(row[cut:].clone())
    return model


def _averaging(t, decay, multi):
    swa = t.optim.swa_utils
    if decay is None:
        return {"multi_avg_fn": swa.get_swa_multi_avg_fn()} if multi else {"avg_fn": swa.get_swa_avg_fn()}
    return {"multi_avg_fn": swa.get_ema_multi_avg_fn(decay)} if multi else {"avg_fn": swa.get_ema_avg_fn(decay)}


def _form(multi, buffer=False, resume=False, default=False):
    def form(t, p, path):
        how = {} if default and p["decay"] is None else _averaging(t, p["decay"], multi)
        model = _model(t, path[0], buffer)
        averaged, rows = t.optim.swa_utils.AveragedModel(model, use_buffers=buffer, **how), []
        for step, row in enumerate(path):
            if resume and step == len(path) // 2:
                saved = io.BytesIO()
                t.save(averaged.state_dict(), saved)
                saved.seek(0)
                averaged = t.optim.swa_utils.AveragedModel(_model(t, t.zeros_like(row), buffer), use_buffers=buffer, **how)
                averaged.load_state_dict(t.load(saved, weights_only=True))
            averaged.update_parameters(_model(t, row, buffer))
            rows.append(t.cat([averaged.module.first.detach(), averaged.module.second.detach()]).clone())
        return t.stack(rows)

    return form


BINDINGS = (
    Binding(
        function="averaged_model",
        forms={
            "plain": _form(multi=True),
            "default": _form(multi=True, default=True),
            "by-tensor": _form(multi=False),
            "buffers": _form(multi=True, buffer=True),
            "resumed": _form(multi=True, resume=True),
        },
        names=(
            "torch.optim.swa_utils.AveragedModel", "torch.optim.swa_utils.AveragedModel.update_parameters", "torch.optim.swa_utils.get_ema_avg_fn",
            "torch.optim.swa_utils.get_ema_multi_avg_fn", "torch.optim.swa_utils.get_swa_avg_fn", "torch.optim.swa_utils.get_swa_multi_avg_fn",
        ),
        dtypes=("float32", "float64"),
    ),
)  # fmt: skip
