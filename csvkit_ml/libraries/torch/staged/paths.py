"""Ways to execute a form other than call by call: traced, scripted, exported, compiled. Each proves that it was taken, or refuses."""

from __future__ import annotations

import os
import sysconfig
import warnings
from importlib import import_module
from typing import Any, Callable, Dict, List, Tuple

from csvkit_ml.libraries.binding import Binding, NotSupported

Path = Callable[[Any, Callable[..., Any], Dict[str, Any], List[Any]], Any]
"""(torch, form, parameters, operands) -> result of the form."""
AREAS = (
    "activations", "adaptive_pooling", "along_axis", "attention", "comparison", "complex_numbers", "contractions", "convolution",
    "convolution_padding", "diagonals", "divisors", "elementwise_binary", "elementwise_unary", "embedding", "embedding_bags", "exponentials",
    "factorisations", "folding", "fourier", "indexing", "joining", "linear_algebra", "logits", "losses", "losses_distances",
    "losses_pointwise", "matrix_functions", "networks", "normalisation", "order_statistics", "ordering", "orthogonal_polynomials",
    "plain_recurrent", "pooling", "powers", "projections", "quantised", "rearranging", "recurrent", "reductions", "resize", "rounding",
    "sampling_grids", "scans", "searching", "selecting", "selection", "shapes", "softmax", "special_functions", "stacking", "statistics",
    "symmetric_systems", "transformers", "trigonometry", "variance", "vector_norms", "windowed_transforms", "writing",
)  # fmt: skip
"""Areas of functions from operands to results, whose first samples also take these ways."""
COMPILED = (
    "small_cnn", "gelu", "silu", "tanh", "exp", "reduce_sum", "reduce_mean", "var", "softmax", "log_softmax", "layer_norm", "rms_norm", "batch_norm", "conv2d",
    "max_pool2d", "linear", "matmul", "cumsum", "scaled_dot_product_attention", "embedding",
)  # fmt: skip
"""Functions that are compiled: each costs one or two seconds of a compiler."""
LAYERS = ("activations", "adaptive_pooling", "contractions", "convolution", "linear_algebra", "networks", "normalisation", "pooling", "softmax")
"""Areas of what oneDNN may compute, which are executed without it, too."""
MODULAR = ("plain_recurrent", "projections", "recurrent", "transformers")
"""Areas whose plain forms make a module and call it: not the form but the module is traced or scripted."""
_NUMBERS = "it answers a Python number, or is told by numbers that are read from the operands"
_NO_OPERANDS = "nothing is computed from its operands"
_OVERLOADED = "its forward has overloads, which only a script that calls it can choose from"
_PYTHON = "it chooses by values, which this way does not follow"
_NOT: Dict[str, Dict[str, str]] = {
    "jit-trace": {
        "equal": _NUMBERS, "allclose": _NUMBERS, "singular_refused": _NUMBERS, "fftfreq": _NO_OPERANDS, "rfftfreq": _NO_OPERANDS,
        "bartlett_window": _NO_OPERANDS, "hann_window": _NO_OPERANDS, "hamming_window": _NO_OPERANDS, "blackman_window": _NO_OPERANDS,
        "kaiser_window": _NO_OPERANDS,
    },
    "module-trace": {"multi_head_attention": "without its weights it answers None beside the result, which is no operand of a graph"},
    "jit-script": {
        "gaussian_nll_loss": _PYTHON, "pad": "its parameters are of another type than a script takes", "rnn": _OVERLOADED, "lstm": _OVERLOADED,
        "gru": _OVERLOADED, "rnn_tanh": _OVERLOADED, "rnn_relu": _OVERLOADED, "lstm_projected": _OVERLOADED,
    },
    "export": {
        "equal": _NUMBERS, "allclose": _NUMBERS, "cov": _PYTHON, "corrcoef": _PYTHON, "combinations": _PYTHON, "gaussian_nll_loss": _PYTHON,
        "quantize_affine": _NUMBERS, "dequantize_fused": _NUMBERS, "fake_quantize": _NUMBERS, "fftfreq": _NO_OPERANDS,
        "rfftfreq": _NO_OPERANDS, "bartlett_window": _NO_OPERANDS, "hann_window": _NO_OPERANDS, "hamming_window": _NO_OPERANDS,
        "blackman_window": _NO_OPERANDS, "kaiser_window": _NO_OPERANDS,
    },
}  # fmt: skip
"""By way and function: why it is not offered."""


def with_paths(area: str, binding: Binding) -> Binding:
    """The binding with the ways in which the first samples of this area's functions are executed, too."""
    if area not in AREAS:
        return binding
    name, modular = binding.function, area in MODULAR
    ways: Tuple[str, ...] = ("module-trace" if modular else "jit-trace",)
    ways += ("jit-script",) * ("module" in binding.forms or modular)
    ways += ("mkldnn-off",) * (area in LAYERS and "mkldnn-off" not in binding.modes)
    once = ("export",) + ("compile",) * (name in COMPILED)
    return binding._replace(paths=_modes(name, ways), once=_modes(name, once))


def _modes(function: str, ways: Tuple[str, ...]) -> Tuple[str, ...]:
    return tuple("mode=" + w for w in ways if function not in _NOT.get(w, {}))


def traced(t: Any, form: Callable[..., Any], p: Dict[str, Any], inputs: List[Any]) -> Any:
    """The graph that a call leaves behind, executed twice: the second time as it is optimised for what the first has met.

    Raises:
        ValueError: the graph takes nothing from the operands.
    """
    made = t.jit.trace(lambda *x: form(t, p, *x), tuple(x.clone() for x in inputs), check_trace=False)
    if not any(value.uses() for value in made.graph.inputs()):
        raise ValueError("the trace takes nothing from its operands")
    made(*inputs)
    return made(*inputs)


def _at_modules(make: Callable[..., Any]) -> Path:
    """Every outermost module that the form calls is replaced by what make(torch, module, operands, by name) gives, which is called."""

    def path(t: Any, form: Callable[..., Any], p: Dict[str, Any], inputs: List[Any]) -> Any:
        module, made = t.nn.Module, 0
        whole = module.__call__

        def call(self: Any, *given: Any, **named: Any) -> Any:
            nonlocal made
            module.__call__ = whole
            try:
                result = make(t, self, given, named)(*given, **named)
                made += 1
                return result
            finally:
                module.__call__ = call

        module.__call__ = call
        try:
            result = form(t, p, *inputs)
        finally:
            module.__call__ = whole
        if not made:
            raise ValueError("no module was called")
        return result

    return path


def _module_traced(t: Any, module: Any, given: Any, named: Any) -> Any:
    """A trace takes no Python values by name: they are held fast, and the rest is given in its place."""
    if not named:
        return t.jit.trace(module, given, check_trace=False)
    free = [k for k, v in named.items() if isinstance(v, t.Tensor)]
    fixed = {k: v for k, v in named.items() if k not in free}

    def held(*x: Any) -> Any:
        return module(*x[: len(given)], **dict(zip(free, x[len(given) :])), **fixed)  # noqa: B905 - Python 3.9

    module.requires_grad_(False)  # its parameters become constants of the graph
    made = t.jit.trace(held, (*given, *(named[k] for k in free)), check_trace=False)
    return lambda *x, **by_name: made(*x, *(by_name[k] for k in free))


def exported(t: Any, form: Callable[..., Any], p: Dict[str, Any], inputs: List[Any]) -> Any:
    """The program that `torch.export` makes of the form, executed. Raises ValueError where it takes nothing from the operands."""

    asked = form, repr(p), tuple((x.dtype, x.shape, x.stride()) for x in inputs)
    if _last[:1] != [asked]:
        _last[:] = [asked, _program(t, form, p, inputs).module()]
    return _last[1](*inputs)


_last: List[Any] = []
"""What was exported last, and its program: a rerun executes the same program."""


def _program(t: Any, form: Callable[..., Any], p: Dict[str, Any], inputs: List[Any]) -> Any:
    class Form(t.nn.Module):  # type: ignore[misc]
        def forward(self, *x: Any) -> Any:
            return form(t, p, *x)

    t._dynamo.reset()  # releases before 2.7 count what this process exported before as versions of the same code, up to a limit
    try:
        program = t.export.export(Form(), tuple(inputs))
    except t._dynamo.exc.Unsupported as e:  # its own word for what cannot be exported: 2.6 has it of modules made inside and of shapes that depend on values
        raise NotSupported(("not supported with export: %s" % e).splitlines()[0][:200]) from e
    if not any(node.users for node in program.graph.nodes if node.op == "placeholder"):
        raise ValueError("the program takes nothing from its operands")
    return program


def compiled(t: Any, form: Callable[..., Any], p: Dict[str, Any], inputs: List[Any]) -> Any:
    """One graph without breaks, compiled by inductor; what the compiler made is counted when it runs.

    Raises:
        NotSupported: there is no compiler, or no headers of Python; the compiler says itself that it does not take this in one graph.
        ValueError: something else than the compiled code answered.
    """
    need_compiler(t)
    t._dynamo.reset()
    t._dynamo.utils.counters.clear()
    from torch._inductor import compile_fx

    ran: List[bool] = []

    def backend(graph: Any, examples: Any) -> Any:
        code = compile_fx.compile_fx(graph, examples)

        def counted(*x: Any) -> Any:
            ran.append(True)
            return code(*x)

        return counted

    try:
        result = t.compile(lambda *x: form(t, p, *x), backend=backend, fullgraph=True, dynamic=False)(*inputs)
    except t._dynamo.exc.Unsupported as e:  # as for an export: 2.6 traces no mapping that a call is given
        raise NotSupported(("not supported with compile: %s" % e).splitlines()[0][:200]) from e
    counters = t._dynamo.utils.counters
    made = counters["inductor"]["fxgraph_cache_miss"] + counters["inductor"]["fxgraph_cache_hit"]
    if len(ran) != 1 or made < 1 or counters["graph_break"]:
        raise ValueError("compiled code ran %d times, of %d graphs; breaks: %s" % (len(ran), made, dict(counters["graph_break"])))
    return result


def need_compiler(t: Any) -> None:
    """What inductor needs on this machine; its cache is this process's alone, and it starts no processes. Raises NotSupported."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.abspath("inductor-%d" % os.getpid())  # torch has set one for all when it was imported
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.exists(header):
        raise NotSupported("there are no headers of Python to compile against: " + header)
    from torch._inductor import config, cpp_builder

    config.compile_threads = 1
    try:
        cpp_builder.get_cpp_compiler()
    except Exception as e:
        raise NotSupported("there is no C++ compiler: %s" % str(e)[:200]) from e
    try:
        import_module("torch.utils.cpp_extension")  # inductor of 2.6 asks it for paths, and it imports setuptools
    except ModuleNotFoundError as e:
        raise NotSupported("inductor needs a package that the environment does not have: %s" % e) from e


PATHS: Dict[str, Path] = {
    "jit-trace": traced, "module-trace": _at_modules(_module_traced), "jit-script": _at_modules(lambda t, module, given, named: t.jit.script(module)),
    "export": exported, "compile": compiled,
}  # fmt: skip
"""Ways of execution by mode."""


def form_of(binding: Binding, mode: str) -> Callable[..., Any]:
    """The form that is executed in a mode: the plain one; scripted, the one that calls a module."""
    plain = next(iter(binding.forms.values()))
    return binding.forms.get("module", plain) if mode == "jit-script" else plain


def taken(t: Any, mode: str, form: Callable[..., Any], p: Dict[str, Any], inputs: List[Any]) -> Any:
    """The result of a form on the way of a mode; in any other mode it is called."""
    path = PATHS.get(mode)
    if path is None:
        return form(t, p, *inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is deprecated
        return path(t, form, p, inputs)
