"""`%%check` in Python: gates, and rounds of code that is compared. All of one check share variables that the notebook never sees."""

import ast
import itertools
import time

from IPython import get_ipython

from benchbook_events import event
from benchbook_timing import collector_off
from benchbook_user_code import Cell, Misuse, measured

_ROUND = """
def code(__timer):
    __iterations = yield
    while True:
        __start = __timer()
        for __iteration in __iterations:
            body
        __iterations = yield __timer() - __start
"""
# Least length of a round's batch, in nanoseconds; as in `lab::measure::round`.
_ROUND_NS = 2_000_000

_variables = {}
_rounds = {}


def _begin():
    _variables.clear()
    _rounds.clear()
    _variables.update(get_ipython().user_ns)


def _run(statements, cell):
    exec(compile(ast.Module(statements, []), cell.name, "exec"), _variables)


def _define(magic, text, body):
    cell = Cell(magic, text)
    _run(cell.parse(body), cell)


def _gate(magic, text, body):
    cell = Cell(magic, text)
    statements = cell.parse(body)
    last = statements.pop() if statements and isinstance(statements[-1], ast.Expr) else None
    try:
        _run(statements, cell)
        value = None if last is None else eval(compile(ast.Expression(last.value), cell.name, "eval"), _variables)
    except AssertionError as error:
        event("gate", {"holds": False, "message": str(error) or _line_of(error, cell)})
        return
    # NumPy has a type of its own for them.
    if value is not None and type(value).__name__ not in ("bool", "bool_"):
        raise Misuse(
            f"the last value is a {type(value).__name__}: a gate ends with True or False, or its asserts pass",
            "compare it with what is wanted, for example `answer == 42`",
        )
    event("gate", {"holds": value is None or bool(value)})


def _line_of(error, cell):
    """The line of the check whose assertion says nothing."""
    frames, line = error.__traceback__, None
    while frames is not None:
        if frames.tb_frame.f_code.co_filename == cell.name:
            line = frames.tb_lineno
        frames = frames.tb_next
    return f"this does not hold: `{cell.lines[line - 1].strip()}`" if line else "an assertion does not hold"


def _round(magic, text, body):
    place = body["line"]
    if place not in _rounds:
        cell = Cell(magic, text)
        code = cell.function(_ROUND, _variables, body=cell.parse(body))(time.perf_counter_ns)
        next(code)
        _rounds[place] = code
    with collector_off():
        n = 1
        while True:
            spent = _rounds[place].send(itertools.repeat(None, n))
            if spent >= _ROUND_NS or n >= 1 << 36:
                break
            n *= 2
    event("sample", {"s": spent * 1e-9 / n, "n": n})


def check(what, fresh, arguments):
    """One part of a check: ``define``, ``gate`` or ``round``; the first one is ``fresh``."""
    if fresh:
        _begin()
    measured({"define": _define, "gate": _gate, "round": _round}[what], arguments)
