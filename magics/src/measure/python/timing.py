"""`%%timeit --lang python`: first run, warm-up, choice of the batch, samples."""

import ast
import contextlib
import gc
import itertools
import keyword
import math
import resource
import statistics
import time

from IPython import get_ipython

from benchbook_events import event
from benchbook_user_code import Cell, Misuse, measured

# Set-up runs once, and shares fast local variables with the code: both are in one generator.
_PLAIN = """
def code(__timer):
    setup
    amounts
    __iterations = yield __amounts
    while True:
        __start = __timer()
        for __iteration in __iterations:
            body
        __iterations = yield __timer() - __start
"""
_WITH_EACH = """
def code(__timer):
    setup
    amounts
    __iterations = yield __amounts
    while True:
        __total = 0
        for __iteration in __iterations:
            each
            __start = __timer()
            body
            __total += __timer() - __start
        __iterations = yield __total
"""

# Least length of a batch, and least warm-up, in seconds.
_BATCH_S = 1e-3
_WARM_UP_S = 0.3
# With the collector off, this many new objects are looked through between two samples.
_GARBAGE = 200_000


def _assigned(amounts):
    """The statement that computes amounts where the set-up's names are known."""
    names = ast.Tuple([amount for _, amount in amounts], ast.Load())
    return ast.Assign([ast.Name("__amounts", ast.Store())], names, lineno=1)


def _parse_amounts(cell, pieces):
    """Names and expressions of what one iteration works through."""
    amounts = []
    for name, piece in pieces.items():
        statements = cell.parse(piece)
        if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
            raise Misuse(f"`--{name}` takes a number or an expression", f'for example `--{name} "len(data)"`')
        amounts.append((name, statements[0].value))
    return amounts


def _tell_amounts(amounts, values):
    for (name, _), value in zip(amounts, values):
        try:
            event("amount", {"name": name, "value": float(value)})
        except (TypeError, ValueError):
            raise Misuse(f"`--{name}` is not a number but {type(value).__name__}", f'for example `--{name} "len(data)"`') from None


class _Sampler:
    """Runs the code as often as it is told; gives the seconds of that batch."""

    def __init__(self, cell, body, setup, each, amounts=(), timer=time.perf_counter_ns):
        template = _WITH_EACH if each else _PLAIN
        pieces = {"body": body, "setup": setup, "each": each, "amounts": [_assigned(amounts)]}
        self._code = cell.function(template, **pieces)(timer)
        self.amounts = next(self._code)

    def __call__(self, iterations):
        return self._code.send(itertools.repeat(None, iterations)) * 1e-9


@contextlib.contextmanager
def collector_off():
    """No garbage collection inside, as in `timeit`."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _timer_step():
    least = math.inf
    for _ in range(2000):
        start = time.perf_counter_ns()
        while not (step := time.perf_counter_ns() - start):
            pass
        least = min(least, step)
    return least * 1e-9


def _loop_s(cell):
    """Seconds that one turn of the empty loop takes."""
    sample = _Sampler(cell, [], [], [])
    return min(sample(10_000) for _ in range(20)) / 10_000


def _warm_up(sample, first_s, budget_s):
    """Batches of 1, 2, 4 ... iterations; returns seconds per iteration and seconds spent."""
    allowed = min(max(_WARM_UP_S, 2 * first_s), 0.2 * budget_s)
    begin = time.perf_counter()
    iterations, per_iteration = 1, first_s
    while True:
        spent = sample(iterations)
        if spent > 0:
            per_iteration = spent / iterations
        passed = time.perf_counter() - begin
        if passed >= allowed:
            return per_iteration, passed
        iterations = min(2 * iterations, 1 << 40)


def _relative_half_width(samples):
    """Half the interval of the median over the median (normal approximation of the ranks), to stop early."""
    ordered = sorted(samples)
    n = len(ordered)
    low = max(math.floor((n - 1.96 * math.sqrt(n)) / 2), 0)
    high = min(math.ceil(1 + (n + 1.96 * math.sqrt(n)) / 2), n - 1)
    median = statistics.median_high(ordered)
    return (ordered[high] - ordered[low]) / 2 / median if median > 0 else math.inf


def _does_nothing(cell, body):
    """Whether nothing is left of the code once it is compiled: CPython drops constants that nobody uses."""
    code = cell.function(_PLAIN, body=body, setup=[]).__code__
    empty = cell.function(_PLAIN, body=[], setup=[]).__code__
    return code.co_code == empty.co_code


def _usage():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_nivcsw


def _time(magic, text, body, setup, each, config, amounts):
    cell = Cell(magic, text)
    body = cell.parse(body)
    setup, each = cell.parse(setup), cell.parse(each) if each else []
    amounts = _parse_amounts(cell, amounts)
    step = _timer_step()
    timer = time.process_time_ns if config.get("cpu") else time.perf_counter_ns
    with collector_off():
        loop_s = _loop_s(cell)
        sample = _Sampler(cell, body, setup, each, amounts, timer)
        _tell_amounts(amounts, sample.amounts)
        first_s = sample(1)
        per_iteration, warmup_s = _warm_up(sample, first_s, config["budget_s"])

        batch_s = max(_BATCH_S, 1000 * step)
        chosen = min(max(math.ceil(batch_s / max(per_iteration, 1e-12)), 1), 10**12)
        n = config.get("n") or chosen
        fewest = min(7, config["min_samples"]) if per_iteration > 0.3 else config["min_samples"]
        affordable = int(config["budget_s"] / max(n * per_iteration, 1e-9))
        wanted = config.get("r") or min(max(affordable, fewest), config["max_samples"])

        samples, stopped_early = [], False
        cpu_before, switches_before = _usage()
        begin = told = time.perf_counter()
        while len(samples) < wanted:
            seconds = sample(n) / n
            samples.append(seconds)
            event("sample", {"s": seconds})
            if time.perf_counter() - told > 0.2:
                told = time.perf_counter()
                event("progress", {"done": len(samples), "of": wanted})
            if gc.get_count()[0] > _GARBAGE:
                gc.collect()
            if "r" not in config and len(samples) >= 21 and _relative_half_width(samples) <= 0.01:
                stopped_early = len(samples) < wanted
                break
        wall_s = time.perf_counter() - begin
        cpu_after, switches_after = _usage()
    event(
        "result",
        {
            "samples_s": samples,
            "iterations": n,
            "first_s": first_s,
            "warmup_s": warmup_s,
            "timer_step_s": step,
            "loop_s": loop_s,
            "does_nothing": _does_nothing(cell, body),
            "stopped_early": stopped_early,
            "wall_s": wall_s,
            "cpu_user_s": cpu_after - cpu_before,
            "involuntary_switches": switches_after - switches_before,
        },
    )


def timeit(arguments):
    """Times a piece of the cell; sends `sample` (`s`: seconds per iteration), `progress` and one `result`."""
    measured(_time, arguments)


class Timing:
    """What `%%timeit --lang python -o name` binds: times are seconds per iteration."""

    def __init__(self, median_s, ci_s, min_s, samples_s, iterations):
        self.median_s = median_s
        self.ci_s = ci_s
        self.min_s = min_s
        self.samples_s = samples_s
        self.iterations = iterations

    def __repr__(self):
        ci = f", ci_s={self.ci_s}" if self.ci_s else ""
        return f"<Timing median_s={self.median_s:.4g}{ci}, {len(self.samples_s)} samples of {self.iterations}>"


def _bind(name, timing):
    if keyword.iskeyword(name):
        raise Misuse(f"`{name}` is a word of Python and no name for a variable", "choose another name for `-o`")
    get_ipython().user_ns[name] = Timing(**timing)


def bind(arguments):
    """Binds a finished measurement to a variable of the user's."""
    measured(_bind, arguments)
