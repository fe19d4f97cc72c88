"""The other public names of each function. A name that only renames is its own call (see aliases.named); the rest say how they are called."""

from __future__ import annotations

from typing import Any, Callable, Dict

from csvkit_ml.libraries.torch.staged.aliases import named, truths
from csvkit_ml.libraries.torch.staged.forms import resolve

Form = Callable[..., Any]


def _inverse(name: str) -> "Dict[str, Form]":
    """An inverse trigonometric function in place, under both of its names."""
    return named("{0}_ arc{1}_ Tensor.arc{1}_".format(name, name[1:]))


def _compared(name: str, long: str) -> "Dict[str, Form]":
    return {**named("Tensor.%s" % long), **named("Tensor.%s_ Tensor.%s_" % (name, long), after=truths)} if long else named("Tensor.eq_", after=truths)


def _bits(name: str) -> "Dict[str, Form]":
    return named("Tensor.__i%s__ Tensor.__r%s__" % (name, name))


def _from_double(t: Any, p: Any, x: Any, y: Any) -> Any:
    """In place only where the operand has the result's dtype."""
    return x.double().float_power_(y)


def _limits(low: str, high: str, method: bool) -> Form:
    """Both limits one after the other, in place."""

    def form(t: Any, p: Any, x: Any, least: Any, most: Any) -> Any:
        y = x.clone()
        if method:
            getattr(getattr(y, low)(least), high)(most)
        else:
            resolve(t, high)(resolve(t, low)(y, least), most)
        return y

    return form


def _indexed(path: str, *given: str, over: int) -> Form:
    """The largest elements, fetched by the positions that are returned with them. Raises ValueError where those are of other elements."""

    def form(t: Any, p: Any, x: Any) -> Any:
        values, at = resolve(t, path)(x, *(p[g] for g in given))
        fetched = x.flatten(-over).gather(-1, at.flatten(-over)).reshape(at.shape)
        if not t.equal(fetched, values):
            raise ValueError("a position is not that of its value")
        return fetched

    return form


def _max_indices(path: str, over: int) -> "Dict[str, Form]":
    return {"torch." + path: _indexed(path, "kernel", "stride", "padding", "dilation", "ceil_mode", over=over)}


def _adaptive_indices(path: str, over: int) -> "Dict[str, Form]":
    return {"torch." + path: _indexed(path, "sizes", over=over)}


def _along(name: str) -> Form:
    """A reduction as a method: over all, or one axis after the other, as max and prod take them."""

    def form(t: Any, p: Any, x: Any) -> Any:
        if p["axes"] is None and not p["keepdims"]:
            return getattr(x, name)()
        for axis in sorted(range(x.dim()) if p["axes"] is None else (a % x.dim() for a in p["axes"]), reverse=True):
            made = getattr(x, name)(axis, keepdim=p["keepdims"])
            x = made[0] if isinstance(made, tuple) else made
        return x

    return form


def _sum_to_size(t: Any, p: Any, x: Any) -> Any:
    axes = range(x.dim()) if p["axes"] is None else [a % x.dim() for a in p["axes"]]
    y = x.sum_to_size([1 if a in axes else n for a, n in enumerate(x.shape)])
    return y if p["keepdims"] else y.reshape([n for a, n in enumerate(x.shape) if a not in axes])


def _shape(p: Any, x: Any) -> Any:
    return tuple(x.shape[p["axis"] % x.dim() :])


def _gemm(name: str, in_place: bool) -> Form:
    """beta C + alpha A B as a method of C, batched for baddbmm."""

    def form(t: Any, p: Any, a: Any, b: Any, c: Any = None) -> Any:
        a, b = (a.t() if p["trans_a"] else a), (b.t() if p["trans_b"] else b)
        c = (t.zeros(1, dtype=a.dtype) if c is None else c).expand(a.shape[0], b.shape[1])
        batch = name.startswith("baddbmm")
        a, b, c = (v.unsqueeze(0) if batch else v for v in (a, b, c))
        made = getattr(c.clone() if in_place else c, name)(a, b, beta=p["beta"], alpha=p["alpha"])
        return made.squeeze(0) if batch else made

    return form


def _convolution(t: Any, p: Any, x: Any, w: Any, b: Any = None) -> Any:
    half = len(p["padding"]) // 2
    return t.convolution(x, w, b, p["stride"], p["padding"][:half], p["dilation"], False, [0] * half, p["groups"])


def _prelu_module(t: Any, p: Any, x: Any, w: Any) -> Any:
    m = t.nn.PReLU(w.numel(), dtype=w.dtype)
    m.weight = t.nn.Parameter(w, requires_grad=False)
    return m(x)


def _native_group(t: Any, p: Any, x: Any, w: Any = None, b: Any = None) -> Any:
    n, c = x.shape[:2]
    return t.native_group_norm(x, w, b, n, c, x[0, 0].numel(), p["groups"], p["eps"])[0]


def _items(t: Any, p: Any, x: Any) -> Any:
    """Every element as a Python number and back."""
    return t.tensor([v.item() for v in x.reshape(-1)], dtype=x.dtype).reshape(x.shape)


def _new(name: str) -> Form:
    """Memory that is asked for and written: `new_empty` and its like decide shape and dtype, not values."""

    def form(t: Any, p: Any, x: Any) -> Any:
        given = {"new_empty_strided": (x.shape, x.stride())}.get(name, (x.shape,))
        return getattr(t.empty((), dtype=x.dtype), name)(*given).copy_(x)

    return form


def _empty(name: str) -> Form:
    def form(t: Any, p: Any, x: Any) -> Any:
        more = {"empty_strided": (x.stride(),), "empty_permuted": (tuple(range(x.dim()))[::-1],)}.get(name, ())
        return getattr(t, name)(tuple(x.shape), *more, dtype=x.dtype).copy_(x)

    return form


def _resized(name: str) -> Form:
    """From a tensor of one element: memory that grows, then is written."""

    def form(t: Any, p: Any, x: Any) -> Any:
        y = t.empty(1, dtype=x.dtype)
        made = y.resize_(x.shape) if name == "resize_" else y.resize_as_(x) if name == "resize_as_" else t.resize_as_(y, x)
        return made.copy_(x)

    return form


def _lazy(name: str) -> Form:
    """A module that takes its number of input features from the first batch."""

    def form(t: Any, p: Any, x: Any, w: Any, b: Any = None) -> Any:
        if name == "LazyLinear":
            m = t.nn.LazyLinear(w.shape[0], bias=b is not None, dtype=w.dtype)
        else:
            half = len(p["padding"]) // 2
            given = {k: p[k] for k in ("stride", "dilation", "groups", "output_padding") if k in p}
            out = w.shape[1] * p["groups"] if "Transpose" in name else w.shape[0]
            m = getattr(t.nn, name)(out, tuple(w.shape[2:]), padding=p["padding"][:half], bias=b is not None, dtype=w.dtype, **given)
        m.initialize_parameters(x)
        if m.weight.shape != w.shape:
            raise ValueError("the weight has the shape %s" % (tuple(m.weight.shape),))
        with t.no_grad():
            m.weight.copy_(w)
            if b is not None:
                m.bias.copy_(b)
        return m(x)

    return form


def _layer_of_lists(t: Any, p: Any, x: Any, w: Any = None, b: Any = None) -> Any:
    return t.layer_norm(x, _shape(p, x), w, b, p["eps"])


def _raw(t: Any, x: Any) -> bytes:
    return bytes(x.contiguous().reshape(-1).view(t.uint8).tolist())


def _static(t: Any, x: Any) -> Any:
    return x.nonzero_static(size=int((x != 0).sum()))


def _ones(t: Any, p: Any) -> Any:
    return t.full(p["shape"], 1, dtype=getattr(t, p["kind"]))


def _largest(p: Any, x: Any) -> int:
    """Extent of all parts but the last."""
    return -(-x.shape[p["axis"]] // p["parts"])


def _row_by_row(call: Form) -> Form:
    """A function of two vectors, for every pair of rows; it conjugates neither."""
    return lambda t, p, a, b: t.stack([call(t, x, y) for x, y in zip(a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1]))]).reshape(a.shape[:-1])  # noqa: B905


def _column_by_column(name: str) -> Form:
    """beta C + alpha A B, one column after the other."""

    def form(t: Any, p: Any, a: Any, b: Any, c: Any = None) -> Any:
        a, b = (a.t() if p["trans_a"] else a), (b.t() if p["trans_b"] else b)
        c = (t.zeros(1, dtype=a.dtype) if c is None else c).expand(a.shape[0], b.shape[1])
        made = []
        for x, y in zip(c.unbind(1), b.unbind(1)):  # noqa: B905 - Python 3.9
            given = {"beta": p["beta"], "alpha": p["alpha"]}
            y = resolve(t, name)(x.clone(), a, y, **given) if not name.startswith("Tensor.") else getattr(x.clone(), name[7:])(a, y, **given)
            made.append(y)
        return t.stack(made, 1)

    return form


def _one_batch(name: str) -> Form:
    """beta C + alpha sum of A_i B_i over a batch of one."""

    def form(t: Any, p: Any, a: Any, b: Any, c: Any = None) -> Any:
        a, b = (a.t() if p["trans_a"] else a), (b.t() if p["trans_b"] else b)
        c = (t.zeros(1, dtype=a.dtype) if c is None else c).expand(a.shape[0], b.shape[1]).clone()
        given = {"beta": p["beta"], "alpha": p["alpha"]}
        method = name.startswith("Tensor.")
        return getattr(c, name[7:])(a[None], b[None], **given) if method else resolve(t, name)(c, a[None], b[None], **given)

    return form


def _rank_one(name: str) -> Form:
    """An outer product added to zeros."""

    def form(t: Any, p: Any, a: Any, b: Any) -> Any:
        zeros = t.zeros(a.shape[0], b.shape[0], dtype=a.dtype)
        return getattr(zeros, name[7:])(a, b) if name.startswith("Tensor.") else resolve(t, name)(zeros, a, b)

    return form


def _tensor_inverse(t: Any, p: Any, a: Any) -> Any:
    """The matrix as a tensor of two axes each way."""
    n = a.shape[-1]
    return t.linalg.tensorinv(a.reshape(n, 2, n // 2), ind=1).reshape(n, n)


def _tensor_solve(t: Any, p: Any, a: Any, b: Any) -> Any:
    n = a.shape[-1]
    columns = b.unsqueeze(-1) if b.dim() == 1 else b
    made = [t.linalg.tensorsolve(a.reshape(n, 2, n // 2), c).reshape(n) for c in columns.unbind(-1)]
    return t.stack(made, -1).reshape(b.shape)


def _with_factors(method: bool) -> Form:
    def form(t: Any, p: Any, a: Any, b: Any) -> Any:
        columns = b.unsqueeze(-1) if b.dim() == 1 else b
        factors, pivots = t.linalg.lu_factor(a)
        return (columns.lu_solve(factors, pivots) if method else t.lu_solve(columns, factors, pivots)).reshape(b.shape)

    return form


def _old_lu(method: bool) -> Form:
    return lambda t, p, a: t.lu_unpack(*(a.lu() if method else t.lu(a)))


def _old_qr(method: bool) -> Form:
    return lambda t, p, a: a.qr(some=p["mode"] == "reduced") if method else t.qr(a, some=p["mode"] == "reduced")


def _orthogonal(method: bool, by_product: bool) -> Form:
    """Q of a square matrix from its reflectors, formed or multiplied by the identity."""

    def form(t: Any, p: Any, a: Any) -> Any:
        packed, tau = a.geqrf()
        eye = t.eye(a.shape[-2], dtype=a.dtype)
        product = (lambda: packed.ormqr(tau, eye)) if method else (lambda: t.ormqr(packed, tau, eye))
        formed = (lambda: packed.orgqr(tau)) if method else (lambda: t.orgqr(packed, tau))
        return (product if by_product else formed)(), packed.triu()

    return form


def _log_determinant(method: bool) -> Form:
    """log det after the first row has got the sign of the determinant; the real part of a complex logarithm."""

    def form(t: Any, p: Any, a: Any) -> Any:
        sign = t.linalg.slogdet(a).sign
        if not a.is_complex():
            a = t.cat([a[..., :1, :] * sign[..., None, None], a[..., 1:, :]], dim=-2)
        made = a.logdet() if method else t.logdet(a)
        return sign, made.real if a.is_complex() else made

    return form


def _states(p: Any, states: int, inputs: Any) -> Any:
    return list(inputs[:states]), list(inputs[states:])


def _recurrent(name: str, states: int) -> Form:
    """The function behind the module: weights of all layers in one list."""

    def form(t: Any, p: Any, x: Any, *inputs: Any) -> Any:
        start, weights = _states(p, states, inputs)
        start = tuple(start) if states == 2 else start[0]
        return getattr(t, name)(x, start, weights, p["bias"], p["layers"], 0.0, False, p["bidirectional"], False)

    return form


def _cell(call: Form, states: int) -> Form:
    """One step after the other."""

    def form(t: Any, p: Any, x: Any, *inputs: Any) -> Any:
        start, weights = _states(p, states, inputs)
        now, outs = [s[0] for s in start], []
        for row in x:
            made = call(t, row, tuple(now) if states == 2 else now[0], weights)
            now = list(made) if states == 2 else [made]
            outs.append(now[0])
        return (t.stack(outs), *(s.unsqueeze(0) for s in now))

    return form


def _cell_module(name: str, **more: Any) -> Form:
    def call(t: Any, row: Any, now: Any, weights: Any) -> Any:
        hidden = weights[1].shape[1]
        m = getattr(t.nn, name)(row.shape[-1], hidden, dtype=row.dtype, **more)
        for kind, w in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights):  # noqa: B905 - Python 3.9
            setattr(m, kind, t.nn.Parameter(w, requires_grad=False))
        return m(row, now)

    return call


def _cell_function(name: str) -> Form:
    return lambda t, row, now, weights: getattr(t, name)(row, now, *weights)


ELEMENTWISE = {
    **{n: _inverse(n) for n in ("acos", "acosh", "asin", "asinh", "atan", "atanh")},
    **{
        n: named(n + "_")
        for n in (
            "ceil", "cos", "cosh", "deg2rad", "exp2", "exp", "expm1", "floor", "frac", "ldexp", "log10", "log1p", "log2", "log", "rad2deg",
            "reciprocal", "round", "rsqrt", "sin", "sinc", "sinh", "sqrt", "square", "tan", "xlogy", "erf", "erfc",
        )
    },
    "atan2": named("Tensor.arctan2_"),
    "abs": named("abs_ Tensor.absolute Tensor.absolute_"),
    "trunc": named("trunc_ fix_ Tensor.fix_"),
    "neg": named("neg_ negative_ Tensor.negative Tensor.negative_"),
    "sign": named("Tensor.sgn_"),
    "nan_to_num": named("nan_to_num_", "nan", "posinf", "neginf"),
    "clamp": named("clamp_ clip_ Tensor.clip_", "low", "high"),
    "clamp_tensors": {
        "torch.Tensor.clamp_min": lambda t, p, x, low, high: t.clamp_max(x.clamp_min(low), high),
        "torch.Tensor.clamp_max": lambda t, p, x, low, high: t.clamp_min(x, low).clamp_max(high),
        "torch.Tensor.clamp_min_": _limits("clamp_min_", "clamp_max_", True),
        "torch.Tensor.clamp_max_": _limits("clamp_min_", "clamp_max_", True),
        "torch.clamp_min_": _limits("clamp_min_", "clamp_max_", False),
        "torch.clamp_max_": _limits("clamp_min_", "clamp_max_", False),
    },
    "float_power": {"torch.Tensor.float_power_": _from_double},
    "pow": named("Tensor.__ipow__ Tensor.__rpow__"),
    "i0": named("i0_"),
    "logit": named("logit_", "eps"),
    "add": named("Tensor.__iadd__"),
    "sub": named("Tensor.__isub__ Tensor.subtract Tensor.subtract_"),
    "mul": named("Tensor.__imul__ Tensor.multiply Tensor.multiply_"),
    "div": named("Tensor.__itruediv__ Tensor.divide Tensor.divide_ Tensor.true_divide Tensor.true_divide_"),
    "floor_divide": named("Tensor.__ifloordiv__ Tensor.__rfloordiv__"),
    "remainder": named("Tensor.__imod__ Tensor.__rmod__"),
    "eq": _compared("eq", ""),
    "ne": _compared("ne", "not_equal"),
    "lt": _compared("lt", "less"),
    "le": _compared("le", "less_equal"),
    "gt": _compared("gt", "greater"),
    "ge": _compared("ge", "greater_equal"),
    **{"logical_" + n: named("Tensor.logical_%s_" % n, after=truths) for n in ("and", "or", "xor", "not")},
    **{"bitwise_" + n: _bits(n) for n in ("and", "or", "xor")},
    "gcd": named("gcd_"),
    "lcm": named("lcm_"),
    "left_shift": _bits("lshift"),
    "right_shift": _bits("rshift"),
}
ACTIVATIONS = {
    "relu": named("Tensor.relu Tensor.relu_ nn.functional.relu_"),
    "tanh": {**named("tanh_ nn.functional.tanh"), "torch.nn.Tanh": lambda t, p, x: t.nn.Tanh()(x)},
    "sigmoid": named("sigmoid_ nn.functional.sigmoid special.expit"),
    "elu": named("nn.functional.elu_", "alpha"),
    "leaky_relu": named("nn.functional.leaky_relu_", "slope"),
    "hardtanh": named("nn.functional.hardtanh_", "low", "high"),
    "rrelu": named("rrelu_ nn.functional.rrelu_", "lower", "upper"),
    "prelu": {"torch.nn.PReLU": _prelu_module},
    "threshold": named("nn.functional.threshold_", "threshold", "value"),
    "celu": named("nn.functional.celu_", "alpha"),
    "selu": named("nn.functional.selu_"),
}
REDUCTIONS = {
    "reduce_max": {"torch.Tensor.amax": _along("amax"), "torch.Tensor.max": _along("max")},
    "reduce_prod": {"torch.Tensor.prod": _along("prod")},
    "argmax": named("Tensor.argmax", "axis", "keepdims"),
    "nonzero": {"torch.Tensor.nonzero_static": lambda t, p, x: _static(t, x)},
    "reduce_sum": {"torch.Tensor.sum_to_size": _sum_to_size},
}


SHAPES = {
    "copy": {
        "torch.Tensor.tolist": lambda t, p, x: t.tensor(x.tolist(), dtype=x.dtype).reshape(x.shape),
        "torch.Tensor.item": _items,
        "torch.tensor": lambda t, p, x: t.tensor(x.tolist(), dtype=x.dtype),
        "torch.asarray": lambda t, p, x: t.asarray(x, copy=True),
        "torch.detach": lambda t, p, x: t.detach(x),
        "torch.detach_": lambda t, p, x: t.detach_(x.clone()),
        "torch.Tensor.detach_": lambda t, p, x: x.clone().detach_(),
        "torch.frombuffer": lambda t, p, x: t.frombuffer(bytearray(_raw(t, x)), dtype=x.dtype).reshape(x.shape),
        "torch.from_dlpack": lambda t, p, x: x if x.dtype == t.bool else t.from_dlpack(x).clone(),
        "torch.to_dlpack": lambda t, p, x: x if x.dtype == t.bool else t.utils.dlpack.from_dlpack(t.to_dlpack(x)).clone(),
        "torch.Tensor.new_tensor": lambda t, p, x: t.empty((), dtype=x.dtype).new_tensor(x.tolist()),
        **{"torch.Tensor." + n: _new(n) for n in ("new_empty", "new_empty_strided", "new")},
        **{"torch." + n: _empty(n) for n in ("empty", "empty_strided", "empty_permuted")},
        **{n: _resized(n.rsplit(".", 1)[-1] if "Tensor" in n else n) for n in ("torch.Tensor.resize_", "torch.Tensor.resize_as_", "torch.resize_as_")},
        "torch.Tensor.type_as": lambda t, p, x: x.double().type_as(x) if x.is_floating_point() else x.long().type_as(x),
    },
    "full": {
        "torch.fill_": lambda t, p: t.fill_(_ones(t, p), p["value"]),
        "torch.scalar_tensor": lambda t, p: t.scalar_tensor(p["value"], dtype=getattr(t, p["kind"])).expand(p["shape"]),
        "torch.zero_": lambda t, p: (t.zero_(_ones(t, p)) + p["value"]).to(_ones(t, p).dtype),
        "torch.Tensor.zero_": lambda t, p: (_ones(t, p).zero_() + p["value"]).to(_ones(t, p).dtype),
    },
    "chunk": {
        "torch.unsafe_split": lambda t, p, x: t.unsafe_split(x, _largest(p, x), p["axis"]),
        "torch.Tensor.unsafe_split": lambda t, p, x: x.unsafe_split(_largest(p, x), p["axis"]),
        "torch.split_copy": lambda t, p, x: t.split_copy(x, _largest(p, x), p["axis"]),
    },
    "channel_shuffle": named("native_channel_shuffle", "block"),
    "vander": {"torch.linalg.vander": lambda t, p, x: t.linalg.vander(x, N=p["columns"]) if p["increasing"] else t.linalg.vander(x, N=p["columns"]).flip(-1)},
    "conjugate": named("conj_physical_ Tensor.conj_physical Tensor.conj_physical_"),
    "expand": {"torch.broadcast_shapes": lambda t, p, x: x.expand(t.broadcast_shapes(x.shape, tuple(p["shape"])))},
}


PRODUCTS = {
    "matmul": {
        **named("Tensor.__matmul__ Tensor.__rmatmul__ mm Tensor.mm"),
        "torch.mv": lambda t, p, a, b: t.stack([t.mv(a, c) for c in b.unbind(-1)], -1),
        "torch.Tensor.mv": lambda t, p, a, b: t.stack([a.mv(c) for c in b.unbind(-1)], -1),
        "torch.chain_matmul": lambda t, p, a, b: t.chain_matmul(a, b),
        "torch.inner": lambda t, p, a, b: t.inner(a, b.t()),
        "torch.Tensor.inner": lambda t, p, a, b: a.inner(b.t()),
    },
    "gemm": {
        **{"torch.Tensor." + n: _gemm(n, n.endswith("_")) for n in ("addmm", "addmm_", "baddbmm", "baddbmm_")},
        **{"torch." + n: _column_by_column(n) for n in ("addmv", "addmv_", "Tensor.addmv", "Tensor.addmv_")},
        **{"torch." + n: _one_batch(n) for n in ("addbmm", "Tensor.addbmm", "Tensor.addbmm_")},
    },
    "outer": {"torch." + n: _rank_one(n) for n in ("addr", "Tensor.addr", "Tensor.addr_")},
    "vecdot": {
        "torch.dot": _row_by_row(lambda t, x, y: t.dot(x.conj(), y)),
        "torch.Tensor.dot": _row_by_row(lambda t, x, y: x.conj().dot(y)),
        "torch.vdot": _row_by_row(lambda t, x, y: t.vdot(x, y)),
        "torch.Tensor.vdot": _row_by_row(lambda t, x, y: x.vdot(y)),
    },
    "inv": {"torch.linalg.tensorinv": _tensor_inverse},
    "solve": {
        "torch.linalg.tensorsolve": _tensor_solve,
        "torch.lu_solve": _with_factors(False),
        "torch.Tensor.lu_solve": _with_factors(True),
    },
    "lu": {"torch.lu": _old_lu(False), "torch.Tensor.lu": _old_lu(True)},
    "qr": {
        "torch.qr": _old_qr(False), "torch.Tensor.qr": _old_qr(True),
        "torch.orgqr": _orthogonal(False, False), "torch.Tensor.orgqr": _orthogonal(True, False),
        "torch.ormqr": _orthogonal(False, True), "torch.Tensor.ormqr": _orthogonal(True, True),
        "torch.Tensor.geqrf": _orthogonal(True, False),
    },
    "slogdet": {"torch.logdet": _log_determinant(False), "torch.Tensor.logdet": _log_determinant(True)},
    "linear": {"torch.nn.LazyLinear": _lazy("LazyLinear")},
    **{"conv%dd" % d: {"torch.convolution": _convolution, "torch.nn.LazyConv%dd" % d: _lazy("LazyConv%dd" % d)} for d in (2, 3)},
    "conv1d": {
        "torch.convolution": _convolution,
        "torch.nn.LazyConv1d": _lazy("LazyConv1d"),
    },
    **{"conv_transpose%dd" % d: {"torch.nn.LazyConvTranspose%dd" % d: _lazy("LazyConvTranspose%dd" % d)} for d in (1, 2, 3)},
}
LAYERS = {
    "lstm": {
        "torch.lstm": _recurrent("lstm", 2),
        "torch.lstm_cell": _cell(_cell_function("lstm_cell"), 2),
        "torch.nn.LSTMCell": _cell(_cell_module("LSTMCell"), 2),
    },
    "gru": {
        "torch.gru": _recurrent("gru", 1),
        "torch.gru_cell": _cell(_cell_function("gru_cell"), 1),
        "torch.nn.GRUCell": _cell(_cell_module("GRUCell"), 1),
    },
    "max_pool1d": {**_max_indices("max_pool1d_with_indices", 1), **_max_indices("nn.functional.max_pool1d_with_indices", 1)},
    "max_pool2d": _max_indices("nn.functional.max_pool2d_with_indices", 2),
    "max_pool3d": _max_indices("nn.functional.max_pool3d_with_indices", 3),
    "adaptive_max_pool1d": {
        **_adaptive_indices("nn.functional.adaptive_max_pool1d_with_indices", 1), **_adaptive_indices("adaptive_max_pool1d", 1),
    },
    "adaptive_max_pool2d": _adaptive_indices("nn.functional.adaptive_max_pool2d_with_indices", 2),
    "adaptive_max_pool3d": _adaptive_indices("nn.functional.adaptive_max_pool3d_with_indices", 3),
    "batch_norm": {
        "torch.batch_norm": lambda t, p, x, mean, var, w=None, b=None: t.batch_norm(x, w, b, mean, var, False, 0.1, p["eps"], False),
    },
    "instance_norm": {
        "torch.instance_norm": lambda t, p, x, w=None, b=None: t.instance_norm(x, w, b, None, None, True, 0.1, p["eps"], False),
    },
    "layer_norm": {"torch.layer_norm": _layer_of_lists},
    "rms_norm": {"torch.rms_norm": lambda t, p, x, w=None: t.rms_norm(x, _shape(p, x), w, p["eps"])},
    "group_norm": {"torch.native_group_norm": _native_group},
    "interpolate_nearest": {
        "torch.nn.functional.upsample_nearest": lambda t, p, x: t.nn.functional.upsample_nearest(x, scale_factor=tuple(map(float, p["scales"]))),
    },
}  # fmt: skip
ALIASES: "Dict[str, Dict[str, Form]]" = {**ELEMENTWISE, **ACTIVATIONS, **REDUCTIONS, **SHAPES, **PRODUCTS, **LAYERS}
