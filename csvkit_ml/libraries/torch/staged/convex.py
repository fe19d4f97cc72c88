"""Torch bindings: regularised linear models trained by full-batch gradient descent, Nesterov's momentum and L-BFGS."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _squares(t, z, targets):
    return t.nn.functional.mse_loss(z, targets) / 2


def _logistic(t, z, targets):
    return t.nn.functional.binary_cross_entropy_with_logits(z, targets)


def _optimiser(t, p, model, decay, more):
    """SGD or L-BFGS; `decay` leaves the penalty to the optimiser's weight decay, which spares the bias."""
    if p["optimiser"] == "lbfgs":
        return t.optim.LBFGS(
            model.parameters(), lr=1.0, max_iter=p["steps"], tolerance_grad=0.0, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )
    groups = [{"params": [model.weight], "weight_decay": p["penalty"] if decay else 0.0}, {"params": [model.bias], "weight_decay": 0.0}]
    nesterov = p["optimiser"] == "nesterov"
    return t.optim.SGD(groups, lr=p["rate"], momentum=p["momentum"], nesterov=nesterov, **more)


def _trained(loss, decay=False, closure=False, **more):
    """`decay`: penalty by weight decay (not for L-BFGS); `closure`: the step evaluates the loss itself."""

    def form(t, p, x, targets, start):
        with t.enable_grad():
            model = t.nn.Linear(x.shape[1], 1, dtype=x.dtype)
            with t.no_grad():
                model.weight.copy_(start[:-1].unsqueeze(0))
                model.bias.copy_(start[-1:])
            by_decay = decay and p["optimiser"] != "lbfgs"
            optimiser = _optimiser(t, p, model, by_decay, more)

            def data():
                return loss(t, model(x).squeeze(1), targets)

            def penalised():
                return data() + p["penalty"] / 2 * model.weight.square().sum()

            def evaluate():
                optimiser.zero_grad()
                value = data() if by_decay else penalised()
                value.backward()
                return value

            for _ in range(1 if p["optimiser"] == "lbfgs" else p["steps"]):
                if closure or p["optimiser"] == "lbfgs":
                    optimiser.step(evaluate)
                else:
                    evaluate()
                    optimiser.step()
            return t.cat([model.weight.detach().flatten(), model.bias.detach()]), penalised().detach()

    return form


def _binding(function, loss, name):
    return Binding(
        function=function,
        forms={
            "plain": _trained(loss),
            "weight-decay": _trained(loss, decay=True, foreach=False),
            "closure": _trained(loss, closure=True, foreach=True),
        },
        names=("torch.optim.SGD", "torch.optim.LBFGS", "torch.nn.Linear", "torch.Tensor.backward", name),
        dtypes=FLOATS,
        layouts=(),
    )


BINDINGS = (
    _binding("ridge_training", _squares, "torch.nn.functional.mse_loss"),
    _binding("logistic_training", _logistic, "torch.nn.functional.binary_cross_entropy_with_logits"),
)
