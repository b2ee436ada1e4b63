"""`%%parallel --lang python`: rounds of worker counts in random order."""

import ast
import math
import random
import time

from benchbook_events import event
from benchbook_timing import collector_off
from benchbook_user_code import Cell, Misuse, measured, nameless
from benchbook_workers import Processes, Threads

_WORK = """
def make():
    setup
    def work(worker, workers, share, __runs, __timer):
        __start = __timer()
        for __run in __runs:
            body
        return __start, __timer()
    return work
"""
_SHARES = {"worker", "workers", "share"}

# Seconds that one sample with one worker takes at least; shorter code is repeated inside the sample.
_SAMPLE_S = 50e-3
# No interval is given for fewer samples.
_FEWEST = 6


def _names(statements):
    return {node.id for statement in statements for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _sample(pool, workers, repeats):
    """Seconds per run, from the first worker's begin to the last one's end."""
    spans = pool.spans(workers, repeats)
    return (max(end for _, end in spans) - min(begin for begin, _ in spans)) * 1e-9 / repeats


def _work(cell, body, setup, counts):
    """The code as a function of worker and workers."""
    if max(counts) > 1 and not _SHARES & _names(body):
        raise Misuse(
            "every worker runs this code, and it takes no share of the work: more workers would only do more",
            "use `share(data)`, this worker's part of a sequence, or the numbers `worker` (from 0) and `workers`",
        )
    return nameless(cell.function(_WORK, body=body, setup=setup)())


def _parallel(magic, text, body, setup, counts, backend, config):
    cell = Cell(magic, text)
    work = _work(cell, cell.parse(body), cell.parse(setup), counts)
    begin = time.perf_counter()
    pool = (Processes if backend == "processes" else Threads)(work, max(counts))
    try:
        start_s = time.perf_counter() - begin
        with collector_off():
            _rounds(pool, counts, config, {"backend": backend, "start_s": start_s})
    finally:
        pool.close()


def _rounds(pool, counts, config, about):
    samples = {count: [] for count in counts}
    once = _sample(pool, 1, 1)
    for count in counts:
        _sample(pool, count, 1)
    repeats = int(min(max(math.ceil(_SAMPLE_S / max(once, 1e-9)), 1), 10**7))

    shuffled = random.Random(config["seed"])
    begin = time.perf_counter()
    order, rounds = list(counts), 0
    while rounds < config["rounds"]:
        shuffled.shuffle(order)
        for count in order:
            seconds = _sample(pool, count, repeats)
            samples[count].append(seconds)
            event("sample", {"threads": count, "s": seconds})
        rounds += 1
        event("progress", {"done": rounds, "of": config["rounds"]})
        if rounds >= _FEWEST and time.perf_counter() - begin > config["budget_s"]:
            break
    results = [{"threads": count, "samples_s": samples[count]} for count in counts]
    event("result", about | {"rounds": rounds, "seed": config["seed"], "repeats": repeats, "threads": results})


class _Series:
    """One series of several: the kernel decides which series and which count comes next."""

    def __init__(self, magic, text, body, setup, counts, backend):
        cell = Cell(magic, text)
        work = _work(cell, cell.parse(body), cell.parse(setup), counts)
        begin = time.perf_counter()
        self._pool = (Processes if backend == "processes" else Threads)(work, max(counts))
        self._start_s = time.perf_counter() - begin
        try:
            with collector_off():
                once = _sample(self._pool, 1, 1)
                for count in counts:
                    _sample(self._pool, count, 1)
        except BaseException:
            self._pool.close()
            raise
        self._repeats = int(min(max(math.ceil(_SAMPLE_S / max(once, 1e-9)), 1), 10**7))

    def about(self):
        return {"repeats": self._repeats, "start_s": self._start_s}

    def sample(self, count):
        with collector_off():
            return _sample(self._pool, count, self._repeats)

    def close(self):
        self._pool.close()


_open = {}


def _close_all():
    while _open:
        _open.popitem()[1].close()


def _begin(key, **series):
    if key in _open:
        _open.pop(key).close()
    _open[key] = _Series(**series)
    event("result", _open[key].about())


def _take(key, count):
    try:
        event("sample", {"threads": count, "s": _open[key].sample(count)})
    except BaseException:
        # What runs in the others is unknown now.
        _open.pop(key).close()
        raise


def begin(arguments):
    """Starts the workers of one series and warms them up; sends one `result` (`repeats`, `start_s`)."""
    measured(_begin, arguments)


def take(arguments):
    """One `sample` of a series that has begun (`threads`: workers, `s`: seconds per run)."""
    measured(_take, arguments)


def close(arguments):
    """Ends the workers of all series."""
    measured(_close_all, arguments)


def parallel(arguments):
    """Sends `sample` (`threads`: workers, `s`: seconds per run), `progress` and one `result`."""
    measured(_parallel, arguments)
