"""One Python variant of `%%compare` in one round; twin of `lab::measure::Round`."""

import ast
import itertools
import time

from IPython import get_ipython

from benchbook_events import event
from benchbook_peak_memory import peak_memory
from benchbook_timing import _usage, collector_off
from benchbook_user_code import Cell, Misuse, measured

# As for `%%timeit`: names that the code assigns are local. The value of its last expression stays until the batch is over.
_TEMPLATE = """
def code(__timer):
    __value = None
    __iterations = yield
    while True:
        __start = __timer()
        for __iteration in __iterations:
            body
        __iterations = yield __timer() - __start, __value
        __value = None
"""
# Libraries whose objects are plans that have not run.
_PLANS = {"polars": ("LazyFrame",), "duckdb": ("DuckDBPyRelation",)}
_KINDS = ("list", "tuple", "ndarray", "Series", "Array", "ChunkedArray", "recarray")

_variants = {}


def _prepare(magic, text, body):
    cell = Cell(magic, text)
    statements = cell.parse(body)
    if not statements:
        raise Misuse("this variant has no code", "write it below its header line")
    if isinstance(statements[-1], ast.Expr):
        last = statements[-1]
        keep = ast.Assign(targets=[ast.Name(id="__value", ctx=ast.Store())], value=last.value)
        statements[-1] = ast.copy_location(keep, last)
    code = cell.function(_TEMPLATE, body=statements)(time.perf_counter_ns)
    next(code)
    return code


def _batch(code, iterations):
    nanoseconds, value = code.send(itertools.repeat(None, iterations))
    # Lets the code forget its value: memory is not held between rounds.
    code.send(())
    return nanoseconds * 1e-9, value


def _round(key, order, code=None):
    if code is not None:
        # Variants of earlier cells are not needed any more.
        cell = key.partition(".")[0]
        for other in [other for other in _variants if other.partition(".")[0] != cell]:
            del _variants[other]
        _variants[key] = _prepare(**code)
    variant = _variants.get(key)
    if variant is None:
        raise Misuse("the Python worker has ended since this variant was prepared", "run the cell again")
    iterations, warm_s = order.get("iterations", 1), order.get("warm_s")
    with collector_off():
        if order.get("memory"):
            _, grown = peak_memory(lambda: _batch(variant, 1))
            event("memory", {"peak_rss_bytes": grown})
        elif warm_s is None:
            _, before = _usage()
            seconds, value = _batch(variant, iterations)
            _, after = _usage()
            event("sample", {"s": seconds / iterations, "involuntary_switches": after - before, "unit_result": False})
        else:
            begin = time.perf_counter()
            iterations = 1
            while True:
                seconds, value = _batch(variant, iterations)
                spent_s = time.perf_counter() - begin
                if spent_s >= warm_s:
                    break
                iterations = min(2 * iterations, 1 << 40)
            event("warm", {"s": seconds / iterations, "spent_s": spent_s})
    if order.get("answer"):
        _answer(order["answer"], value)


def round(arguments):
    """Does what the order says; sends one `sample`, `warm` or `memory`, and `answer` when it is asked for."""
    measured(_round, arguments)


def sweep(name, value):
    """Sets the swept variable."""
    get_ipython().user_ns[name] = value


# --- the value as a table that other languages can be compared with ---


def _answer(name, value):
    root, kind = type(value).__module__.partition(".")[0], type(value).__name__
    if value is None:
        return event("answer", {"none": "it returns no value"})
    if kind in _PLANS.get(root, ()):
        raise Misuse(f"the value is a {kind}, which is a plan that has not run", "compute its rows inside the variant")
    try:
        table, ordered = _table(value, root, kind)
        benchbook = __import__("benchbook")
        told = benchbook._call_writer(name, benchbook._table(table), False)
        if "error" in told:
            raise ValueError(told["error"])
    except Exception as error:
        return event("answer", {"none": f"a {kind} of Python cannot be compared: {error}"})
    return event("answer", {"table": name, "ordered": ordered})


def _is_column(value):
    return type(value).__name__ in _KINDS


def _table(value, root, kind):
    """Something that can be shared as a table, and whether the order of its rows counts."""
    if root == "pandas" and kind in ("DataFrame", "Series"):
        # A named index is a column, as after `groupby`; one without a name only counts rows.
        named = any(name is not None for name in value.index.names)
        if kind == "Series" and not named:
            return value.to_numpy() if value.dtype != object else list(value), True
        if kind == "Series":
            value = value.rename("value" if value.name is None else value.name)
        return value.reset_index(drop=not named), False
    if root == "numpy" and kind not in ("ndarray", "recarray"):
        return [value.item()], True
    if root == "numpy" and value.ndim == 0:
        return [value.item()], True
    if isinstance(value, (set, frozenset)):
        return list(value), False
    if isinstance(value, dict):
        if value and all(_is_column(column) for column in value.values()):
            return value, False
        return {"key": list(value.keys()), "value": list(value.values())}, False
    if isinstance(value, tuple):
        # A row, as a tuple of Rust is.
        return {f"column_{index}": [item] for index, item in enumerate(value)}, True
    if kind in _KINDS or isinstance(value, list):
        if isinstance(value, list) and value and all(isinstance(row, tuple) and len(row) == len(value[0]) for row in value):
            return {f"column_{index}": list(column) for index, column in enumerate(zip(*value))}, True
        return value, True
    if hasattr(value, "__arrow_c_stream__") or root in ("pyarrow", "polars"):
        if root == "pyarrow" and hasattr(value, "as_py"):
            return [value.as_py()], True
        return value, False
    return [value], True

