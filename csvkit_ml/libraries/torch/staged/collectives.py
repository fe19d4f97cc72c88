"""Torch bindings: collective operations of two processes, forked for the case, that meet by a file and talk over the loopback interface (gloo)."""

from __future__ import annotations

import datetime
import importlib.util
import io
import multiprocessing
import os
import pickle
import socket
import tempfile
import time
import traceback
import warnings
from typing import Any, Tuple

from csvkit_ml.libraries.binding import Binding, NotSupported

RANKS = 2
LIMIT_S = 40.0
"""For both processes to answer: below the limit of a case, so that what hangs is told as such."""
MEET_S = 30.0
END_S = 5.0
WHOLE, REAL = ("int64",), ("float32",)


def on_ranks(t, work, *inputs, closed=False):
    """What `work(dist, rank)` returns (a list of tensors) for each rank, in processes that are gone afterwards.

    Args:
        closed: the group is closed in order, for which gloo takes a tenth of a second.

    Raises:
        NotSupported: this build has no gloo, a rank says that this release lacks something, or operands are on an accelerator.
    """
    d = t.distributed
    if not d.is_available() or not getattr(d, "is_gloo_available", lambda: True)():
        raise NotSupported("this build has no gloo")
    if any(x.device.type != "cpu" for x in inputs) or "fork" not in multiprocessing.get_all_start_methods():
        raise NotSupported("ranks are forked from a process that uses the processor alone")
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        links = [context.Pipe(False) for _ in range(RANKS)]
        store = os.path.join(folder, "store")
        made = [context.Process(target=_rank, args=(t, work, store, r, links, closed), daemon=True) for r in range(RANKS)]
        try:
            for p in made:
                p.start()
            for _, theirs in links:
                theirs.close()
            until = time.monotonic() + LIMIT_S
            return [_answer(t, ours, rank, until) for rank, (ours, _) in enumerate(links)]
        finally:
            _end(made)
            for ours, _ in links:
                ours.close()


def _end(processes):
    """No rank outlives its case."""
    until = time.monotonic() + END_S
    for p in processes:
        if p.pid is not None:
            p.join(max(0.0, until - time.monotonic()) if p.exitcode is None else 0)
            if p.exitcode is None:
                p.kill()
                p.join()


def _answer(t, link, rank, until):
    if not link.poll(max(0.0, until - time.monotonic())):
        raise TimeoutError("rank %d did not answer within %g s" % (rank, LIMIT_S))
    try:
        kind, body = pickle.loads(link.recv_bytes())
    except EOFError:
        raise RuntimeError("rank %d ended without an answer" % rank) from None
    if kind == "missing":
        raise NotSupported(body)
    if kind == "raised":
        raise RuntimeError("rank %d: %s" % (rank, body))
    return t.load(io.BytesIO(body))


def _rank(t, work, store, rank, links, closed):
    """A rank's whole life: meet, work, answer, wait for the other, leave."""
    for i, (ours, theirs) in enumerate(links):
        ours.close()
        if i != rank:
            theirs.close()
    link, d = links[rank][1], t.distributed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _meet(t, store, rank)
            made = work(d, rank)
            d.barrier()
            if closed:
                d.destroy_process_group()
                if d.is_initialized():
                    raise RuntimeError("the group is there after it was destroyed")
        body = io.BytesIO()
        t.save([y.detach().contiguous() for y in made], body)
        answer: Tuple[str, Any] = ("produced", body.getvalue())
    except AttributeError as e:
        answer = "missing" if "has no attribute" in str(e) else "raised", traceback.format_exc(limit=-3)
    except BaseException:
        answer = "raised", traceback.format_exc(limit=-3)
    link.send_bytes(pickle.dumps(answer))
    link.close()
    os._exit(0)  # both have met at the barrier


def _meet(t, store, rank):
    t.set_num_threads(1)
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    os.environ["GLOO_SOCKET_IFNAME"] = loopback[0] if loopback else ""
    limit = datetime.timedelta(seconds=MEET_S)
    t.distributed.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=RANKS, timeout=limit)


def _both(t, answers):
    """[rank, ...] for every output."""
    return [t.stack(list(y)) for y in zip(*answers)]  # noqa: B905 - Python 3.9


def _each_rank(work, order=None):
    """`work(t, d, p, rank, x)` gives what the rank holds for one operand x [2, ...]; `order` moves the axis of ranks behind that of reductions."""

    def form(t, p, *inputs):
        answers = on_ranks(t, lambda d, rank: [work(t, d, p, rank, x) for x in inputs], *inputs)
        made = _both(t, answers)
        return [y.transpose(0, 1) for y in made] if order else made

    return form


def _roots(work):
    """`work(t, d, p, rank, x, root)` for both roots; what the root itself holds then: [root, ...]."""

    def form(t, p, *inputs):
        def run(d, rank):
            return [t.stack([work(t, d, p, rank, x, root) for root in range(RANKS)]) for x in inputs]

        answers = on_ranks(t, run, *inputs)
        return [t.stack([y[root][root] for root in range(RANKS)]) for y in zip(*answers)]  # noqa: B905

    return form


def _reductions(call, strided=False):
    """`call(t, d, x, reduction)` in place, for every reduction: [reductions, n]."""

    def work(t, d, p, rank, x):
        made = []
        for name in p["reductions"]:
            y = _spaced(t, x[rank]) if strided else x[rank].clone()
            made.append(call(t, d, y, getattr(d.ReduceOp, name)))
        return t.stack(made)

    return _each_rank(work, order=True)


def _spaced(t, y):
    """The same numbers with a gap behind each."""
    return t.stack([y, y], -1)[..., 0]


def _all_reduce(t, d, y, op):
    d.all_reduce(y, op)
    return y


def _waited(t, d, y, op):
    d.all_reduce(y, op=op, async_op=True).wait()
    return y


def _in_group(t, d, y, op):
    d.all_reduce(y, op, group=d.new_group([0, 1]))
    return y


def _in_two(t, d, y, op):
    """Many requests at once, each with tensors of its own."""
    parts = list(y.tensor_split(2))
    works = [d.all_reduce(part, op, async_op=True) for part in parts]
    for w in works:
        w.wait()
    return t.cat(parts)


def _reduce(strided=False):
    def work(t, d, p, rank, x, root):
        made = []
        for name in p["reductions"]:
            y = _spaced(t, x[rank]) if strided else x[rank].clone()
            d.reduce(y, root, getattr(d.ReduceOp, name))
            made.append(y)
        return t.stack(made)

    return lambda t, p, *inputs: [y.transpose(0, 1) for y in _roots(work)(t, p, *inputs)]


def _parts(t, d, y, op):
    out = t.full_like(y[0], 99)
    d.reduce_scatter(out, list(y), op)
    return out


def _parts_spaced(t, d, y, op):
    out = _spaced(t, t.full_like(y[0], 99))
    d.reduce_scatter(out, list(y), op)
    return out


def _parts_tensor(t, d, y, op):
    out = t.full_like(y[0], 99)
    d.reduce_scatter_tensor(out, y.reshape(-1), op)
    return out


def _lists(t, d, p, rank, x):
    out = [t.full_like(x[0], 99) for _ in range(RANKS)]
    d.all_gather(out, x[rank].clone())
    return t.stack(out)


def _into_tensor(t, d, p, rank, x):
    out = t.full_like(x, 99).reshape(-1)
    d.all_gather_into_tensor(out, x[rank].clone())
    return out.reshape(x.shape)


def _lists_spaced(t, d, p, rank, x):
    out = [_spaced(t, t.full_like(x[0], 99)) for _ in range(RANKS)]
    d.all_gather(out, _spaced(t, x[rank]))
    return t.stack(out)


def _gather(t, d, p, rank, x, root):
    out = [t.full_like(x[0], 99) for _ in range(RANKS)]
    d.gather(x[rank].clone(), out if rank == root else None, dst=root)
    return t.stack(out)


def _sources(call):
    """`call(t, d, rank, x, source)` for both sources: [source, rank, n]."""

    def work(t, d, p, rank, x):
        return t.stack([call(t, d, rank, x, source) for source in range(RANKS)])

    return _each_rank(work, order=True)


def _broadcast(t, d, rank, x, source):
    y = x[rank].clone()
    d.broadcast(y, source)
    return y


def _broadcast_waited(t, d, rank, x, source):
    y = x[rank].clone()
    d.broadcast(y, src=source, async_op=True).wait()
    return y


def _broadcast_spaced(t, d, rank, x, source):
    y = _spaced(t, x[rank])
    d.broadcast(y, source)
    return y


def _scatter(t, d, rank, x, source):
    out = t.full_like(x[0, 0], 99)
    d.scatter(out, [y.contiguous() for y in x[rank]] if rank == source else None, src=source)
    return out


def _scatter_spaced(t, d, rank, x, source):
    out = _spaced(t, t.full_like(x[0, 0], 99))
    d.scatter(out, [y.contiguous() for y in x[rank]] if rank == source else None, src=source)
    return out


def _exchange(t, d, p, rank, x):
    out = [t.full_like(y, 99) for y in x[rank]]
    d.all_to_all(out, [y.clone() for y in x[rank]])
    return t.stack(out)


def _exchange_single(t, d, p, rank, x):
    out = t.full_like(x[rank], 99)
    d.all_to_all_single(out, x[rank].contiguous())
    return out


def _cuts(p, n):
    return [[cut, n - cut] for cut in p["cuts"]]


def _uneven_single(t, d, p, rank, x):
    cuts = _cuts(p, x.shape[1])
    coming = [c[rank] for c in cuts]
    out = x.new_full((sum(coming),), 99)
    d.all_to_all_single(out, x[rank].contiguous(), coming, cuts[rank])
    return out


def _uneven(work):
    def form(t, p, *inputs):
        answers = on_ranks(t, lambda d, rank: [work(t, d, p, rank, x) for x in inputs], *inputs)
        return [t.cat(list(y)) for y in zip(*answers)]  # noqa: B905 - Python 3.9

    return form


def _letters(t, d, p, rank, x):
    """Rank 0 speaks first."""
    out, other = t.full_like(x[rank], 99), 1 - rank
    for turn in (0, 1):
        for i in range(x.shape[1]):
            if turn == rank:
                d.send(x[rank, i].contiguous(), other)
            else:
                d.recv(out[i], other)
    return out


def _both_ways(t, d, p, rank, x):
    """All at once, told apart by tags, asked for from behind."""
    out, other = t.full_like(x[rank], 99), 1 - rank
    works = [d.isend(x[rank, i].contiguous(), other, tag=i) for i in range(x.shape[1])]
    works += [d.irecv(out[i], other, tag=i) for i in reversed(range(x.shape[1]))]
    for w in works:
        w.wait()
    return out


def _batched(t, d, p, rank, x):
    out, other = t.full_like(x[rank], 99), 1 - rank
    asked = []
    for i in range(x.shape[1]):
        asked += [d.P2POp(d.isend, x[rank, i].contiguous(), other), d.P2POp(d.irecv, out[i], other)]
    for w in d.batch_isend_irecv(asked):
        w.wait()
    return out


def _from_anyone(t, d, p, rank, x):
    out, other = t.full_like(x[rank], 99), 1 - rank
    for turn in (0, 1):
        for i in range(x.shape[1]):
            if turn == rank:
                d.send(x[rank, i].contiguous(), other)
            elif d.recv(out[i]) != other:
                raise ValueError("the message came from another rank")
    return out


def _objects(call):
    """`call(d, rank, object)` gives the objects of all ranks; this torch turns objects into tensors through numpy."""

    def work(t, d, p, rank, x):
        found = call(d, rank, {"rank": rank, "x": x[rank].clone()})
        if [o["rank"] for o in found] != list(range(RANKS)):
            raise ValueError("objects are not in the order of ranks")
        return t.stack([o["x"] for o in found])

    def form(t, p, *inputs):
        if importlib.util.find_spec("numpy") is None:
            raise NotSupported("object collectives need numpy, which is not installed beside this torch")
        return _each_rank(work)(t, p, *inputs)

    return form


def _all_objects(d, rank, mine):
    out = [None] * RANKS
    d.all_gather_object(out, mine)
    return out


def _objects_at_roots(d, rank, mine):
    made = []
    for root in range(RANKS):
        out = [None] * RANKS
        d.gather_object(mine, out if rank == root else None, dst=root)
        made.append(out)
    return made[rank]


def _objects_of_sources(d, rank, mine):
    made = []
    for source in range(RANKS):
        held = [mine if rank == source else None]
        d.broadcast_object_list(held, src=source)
        made += held
    return made


def _objects_scattered(d, rank, mine):
    made = []
    for source in range(RANKS):
        out = [None]
        d.scatter_object_list(out, [mine] * RANKS if rank == source else None, src=source)
        made += out
    return made


def _barrier(hold):
    """The late rank sleeps, then writes; monotonic clocks of one machine are one clock."""

    def form(t, p, x):
        with tempfile.TemporaryDirectory() as folder:
            answers = on_ranks(t, lambda d, rank: _passes(t, d, p, rank, hold, folder), x, closed=True)
        came, left, seen = (t.stack([a[k] for a in answers]) for k in range(3))
        held = [bool(left[:, k].min() >= came[:, k].max()) for k in range(2)]
        return t.tensor([held[0], bool(seen.all()), bool((left >= came).all()), held[1]])

    return form


def _passes(t, d, p, rank, hold, folder):
    came, left, seen = [], [], []
    for k in range(2):
        if rank == p["late"]:
            time.sleep(p["wait_ms"] / 1000)
            with open(os.path.join(folder, str(k)), "w"):
                pass
        came.append(time.monotonic_ns())
        hold(d)
        left.append(time.monotonic_ns())
        seen.append(os.path.exists(os.path.join(folder, str(k))))
    return [t.tensor(came), t.tensor(left), t.tensor(seen)]


def _binding(function, names, dtypes=(*REAL, *WHOLE), since="", **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    return Binding(function=function, forms=forms, names=tuple("torch.distributed." + n for n in names), dtypes=dtypes, layouts=(), since=since)


BINDINGS = (
    _binding(
        "all_reduce",
        ("all_reduce", "ReduceOp", "init_process_group", "new_group"),
        plain=_reductions(_all_reduce),
        asynchronous=_reductions(_waited),
        strided=_reductions(_all_reduce, strided=True),
        group=_reductions(_in_group),
        in_two=_reductions(_in_two),
    ),
    _binding("all_reduce_average", ("all_reduce",), REAL, "2.13", plain=_reductions(_all_reduce), asynchronous=_reductions(_waited)),
    _binding("reduce_to_root", ("reduce",), plain=_reduce(), strided=_reduce(strided=True)),
    _binding(
        "reduce_scatter",
        ("reduce_scatter", "reduce_scatter_tensor"),
        since="2.13",
        plain=_reductions(_parts),
        tensor=_reductions(_parts_tensor),
        strided=_reductions(_parts_spaced),
    ),
    _binding(
        "all_gather",
        ("all_gather", "all_gather_into_tensor"),
        plain=_each_rank(_lists),
        into_tensor=_each_rank(_into_tensor),
        strided=_each_rank(_lists_spaced),
    ),
    _binding("gather_to_root", ("gather",), plain=_roots(_gather)),
    _binding(
        "broadcast",
        ("broadcast",),
        plain=_sources(_broadcast),
        asynchronous=_sources(_broadcast_waited),
        strided=_sources(_broadcast_spaced),
    ),
    _binding("scatter_from_root", ("scatter",), plain=_sources(_scatter), strided=_sources(_scatter_spaced)),
    _binding(
        "all_to_all",
        ("all_to_all", "all_to_all_single"),
        since="2.13",
        plain=_each_rank(_exchange_single),
        lists=_each_rank(_exchange),
    ),
    _binding("all_to_all_uneven", ("all_to_all_single",), REAL, "2.13", plain=_uneven(_uneven_single)),
    _binding(
        "object_collectives",
        ("all_gather_object", "gather_object", "broadcast_object_list", "scatter_object_list"),
        REAL,
        plain=_objects(_all_objects),
        gathered=_objects(_objects_at_roots),
        broadcast=_objects(_objects_of_sources),
        scattered=_objects(_objects_scattered),
    ),
    _binding(
        "send_receive",
        ("send", "recv", "isend", "irecv", "batch_isend_irecv", "P2POp"),
        REAL,
        plain=_each_rank(_letters),
        tagged=_each_rank(_both_ways),
        batched=_each_rank(_batched),
        from_anyone=_each_rank(_from_anyone),
    ),
    _binding(
        "barrier",
        ("barrier", "monitored_barrier", "destroy_process_group"),
        REAL,
        plain=_barrier(lambda d: d.barrier()),
        monitored=_barrier(lambda d: d.monitored_barrier()),
        asynchronous=_barrier(lambda d: d.barrier(async_op=True).wait()),
    ),
)
