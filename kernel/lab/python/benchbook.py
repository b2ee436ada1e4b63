"""Tables that Python, Rust and SQL share: Arrow IPC files in shared memory, written once and mapped by whoever reads them.

    import benchbook
    benchbook.share("prices", frame)                 # pyarrow, pandas, Polars, NumPy, lists and dicts of columns
    benchbook.fetch("prices")                        # a pyarrow Table in the file's own memory: nothing is copied
    benchbook.fetch("prices", as_="polars")          # or "pandas", "numpy"
    benchbook.tables()                               # what there is
    benchbook.drop("prices")                         # frees it

A variable that an SQL query names is shared by itself, again only when it has changed.
"""

import ctypes
import json
import os
import re
import sys
import time

__all__ = ["drop", "fetch", "share", "tables"]

_COLUMN = "value"
_KINDS = ("arrow", "pandas", "polars", "numpy")
# Tables in smaller pieces than this, on average, are put together first: every piece costs when it is opened.
_ROWS = 8192
# Of each table shared from an object that cannot change: that object, and the file written for it.
_shared = {}


def share(name, value):
    """Makes ``value`` a table that SQL and Rust see as ``name``. A table of this name is replaced; who has it mapped keeps it."""
    _write(name, value, only_changed=False)


def fetch(name, as_="arrow"):
    """The shared table ``name``.

    ``arrow``: a pyarrow Table in the file's own memory; ``polars``: a DataFrame there; ``pandas``: a DataFrame, copied;
    ``numpy``: an array, or for a table of several columns a dict of arrays, in the file's memory where NumPy can.
    """
    if as_ not in _KINDS:
        raise ValueError(f"a table cannot become {as_!r}; as_ takes {', '.join(_KINDS)}")
    pyarrow = _need("pyarrow")
    path = _path(name)
    if not os.path.exists(path):
        raise KeyError(f"there is no shared table {name!r}; benchbook.tables() lists what there is")
    with pyarrow.memory_map(path) as file:
        table = pyarrow.ipc.open_file(file).read_all()
    if as_ == "arrow":
        return table
    if as_ == "polars":
        polars = _need("polars")
        for field in table.schema:
            _refuse(field, field.type, ("decimal256", "month_day_nano_interval"), "Polars")
        return polars.from_arrow(table)
    if as_ == "pandas":
        _need("pandas")
        return _pandas(pyarrow, table)
    columns = {column: _numpy(pyarrow, table.column(index)) for index, column in enumerate(table.column_names)}
    return next(iter(columns.values())) if len(columns) == 1 else columns


def tables():
    """The shared tables, as a list of dicts: name, owner, rows, columns (names and types), bytes, age in seconds."""
    found = []
    folder = _folder()
    for entry in sorted(os.listdir(folder)):
        name, ending = os.path.splitext(entry)
        if ending != ".arrow" or name.startswith("."):
            continue
        try:
            file = os.stat(os.path.join(folder, entry))
        except FileNotFoundError:
            continue
        note = _note(folder, name, file)
        columns = note.get("columns")
        found.append(
            {
                "name": name,
                "owner": note.get("owner"),
                "rows": note.get("rows"),
                "columns": columns and {column["name"]: column["type"] for column in columns},
                "bytes": file.st_size,
                "age": max(0.0, time.time() - file.st_mtime),
            }
        )
    return found


def drop(name):
    """Removes the shared table ``name``; who has it mapped keeps it."""
    path = _path(name)
    _shared.pop(name, None)
    try:
        os.remove(path[: -len("arrow")] + "json")
    except FileNotFoundError:
        pass
    try:
        os.remove(path)
    except FileNotFoundError:
        raise KeyError(f"there is no shared table {name!r}; benchbook.tables() lists what there is") from None


# --- files ---


def _folder():
    session = os.environ.get("BENCHBOOK_SESSION")
    if not session:
        raise RuntimeError("tables can only be shared inside a Benchbook notebook")
    folder = os.path.join(session, "tables")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


def _path(name):
    if not isinstance(name, str) or not re.fullmatch(r"\w+", name):
        raise ValueError(f"{name!r} is not a table name: use letters, digits and _")
    return os.path.join(_folder(), f"{name}.arrow")


def _note(folder, name, about):
    """What the writer of a table said of it; nothing if that was about an earlier file of this name."""
    try:
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
            note = json.load(file)
    except (OSError, ValueError):
        return {}
    return note if (note.get("inode"), note.get("modified_ns")) == (about.st_ino, about.st_mtime_ns) else {}


def _version(name):
    """What tells a table's file from the next one of its name."""
    try:
        file = os.stat(_path(name))
        return file.st_ino, file.st_mtime_ns
    except FileNotFoundError:
        return None


# --- writing ---


def _write(name, value, only_changed):
    """Shares; whether that was needed."""
    _path(name)
    held = _shared.get(name)
    if only_changed and held is not None and held[0] is value and held[1] == _version(name):
        return False
    table = _table(value)
    answer = _call_writer(name, table, only_changed)
    if "error" in answer:
        raise ValueError(answer["error"])
    # Objects of pyarrow never change; all others are compared with the file.
    if _root(value) == "pyarrow":
        _shared[name] = (value, _version(name))
    else:
        _shared.pop(name, None)
    return "unchanged" not in answer


_writer = None


def _call_writer(name, table, compare):
    """Hands the table to the writer, which is a library of Benchbook, through the Arrow C data interface."""
    global _writer
    if _writer is None:
        path = os.environ.get("BENCHBOOK_PLANE")
        if not path:
            raise RuntimeError("tables can only be shared inside a Benchbook notebook")
        library = ctypes.CDLL(path)
        library.benchbook_plane_share.restype = ctypes.c_void_p
        library.benchbook_plane_share.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int]
        library.benchbook_plane_free.restype = None
        library.benchbook_plane_free.argtypes = [ctypes.c_void_p]
        _writer = library
    capsule = table.__arrow_c_stream__()
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.c_void_p
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    stream = pointer(capsule, b"arrow_array_stream")
    answer = _writer.benchbook_plane_share(_folder().encode(), name.encode(), b"python", stream, int(compare))
    if not answer:
        raise RuntimeError(f"the writer of the table {name!r} gave no answer")
    try:
        return json.loads(ctypes.string_at(answer).decode())
    finally:
        _writer.benchbook_plane_free(answer)


# --- values as tables ---


def _root(value):
    """The library that a value is of."""
    return type(value).__module__.partition(".")[0]


def _need(module):
    try:
        __import__(module)
        __import__("pyarrow.ipc") if module == "pyarrow" else None
    except ImportError:
        raise ImportError(f"this Python has no {module}, which shared tables need here; install it: {sys.executable} -m pip install {module}") from None
    return sys.modules[module]


def _table(value):
    """Something that exports an Arrow stream."""
    root, kind = _root(value), type(value).__name__
    if root == "polars":
        if kind == "LazyFrame":
            value = value.collect()
        return value.to_frame() if kind == "Series" else value
    pyarrow = _need("pyarrow")
    if root == "pyarrow":
        return _pyarrow_table(pyarrow, value)
    if root == "pandas":
        if kind == "Series":
            value = value.to_frame(_COLUMN if value.name is None else value.name)
        if kind in ("DataFrame", "Series"):
            return pyarrow.Table.from_pandas(value)
    if root == "numpy" and kind in ("ndarray", "recarray"):
        return _numpy_table(pyarrow, value)
    if isinstance(value, dict):
        return pyarrow.table({str(name): _column(pyarrow, column) for name, column in value.items()})
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(row, dict) for row in value):
            return pyarrow.Table.from_pylist(list(value))
        return pyarrow.table({_COLUMN: _column(pyarrow, value)})
    if hasattr(value, "__arrow_c_stream__"):
        return value
    raise TypeError(
        f"a {type(value).__module__}.{kind} cannot be a table; share a table of pyarrow, pandas or Polars, a NumPy array, a list or a dict of columns"
    )


def _pyarrow_table(pyarrow, value):
    if isinstance(value, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([value])
    if isinstance(value, (pyarrow.Array, pyarrow.ChunkedArray)):
        value = pyarrow.table({_COLUMN: value})
    if isinstance(value, pyarrow.Table):
        pieces = max((column.num_chunks for column in value.columns), default=0)
        return value.combine_chunks() if pieces > 1 + value.num_rows // _ROWS else value
    if hasattr(value, "__arrow_c_stream__"):
        return value
    raise TypeError(f"a pyarrow.{type(value).__name__} cannot be a table; share a Table, a RecordBatch or an Array")


def _numpy_table(pyarrow, array):
    if array.dtype.names:
        if array.ndim != 1:
            raise TypeError(f"a structured array of {array.ndim} dimensions cannot be a table; share one of 1 dimension")
        return pyarrow.table({name: _column(pyarrow, array[name]) for name in array.dtype.names})
    if array.ndim == 1:
        return pyarrow.table({_COLUMN: _column(pyarrow, array)})
    if array.ndim == 2:
        return pyarrow.table({f"column_{index}": _column(pyarrow, array[:, index]) for index in range(array.shape[1])})
    raise TypeError(f"an array of {array.ndim} dimensions cannot be a table; share one of 1 or 2 dimensions")


def _column(pyarrow, values):
    if isinstance(values, (pyarrow.Array, pyarrow.ChunkedArray)):
        return values
    if _root(values) == "polars":
        return values.to_arrow()
    if _root(values) == "numpy" and values.ndim > 1:
        return pyarrow.array(values.tolist())
    return pyarrow.array(values, from_pandas=_root(values) == "pandas")


def _refuse(field, kind, missing, library):
    """Some libraries crash on types that they do not have."""
    if str(kind).startswith(missing):
        raise TypeError(f"column {field.name!r} has the type {kind}, which {library} does not have; fetch it as_='arrow'")
    children = [kind.field(index).type for index in range(kind.num_fields)]
    for child in children + ([kind.value_type] if hasattr(kind, "value_type") and not children else []):
        _refuse(field, child, missing, library)


def _pandas(pyarrow, table):
    """pandas has no views of texts: they are copied on the way."""
    types = pyarrow.types
    for index, field in enumerate(table.schema):
        plain = pyarrow.large_string() if types.is_string_view(field.type) else None
        plain = pyarrow.large_binary() if types.is_binary_view(field.type) else plain
        if types.is_dictionary(field.type) and types.is_string_view(field.type.value_type):
            plain = pyarrow.dictionary(field.type.index_type, pyarrow.large_string(), field.type.ordered)
        if plain is not None:
            column = table.column(index).cast(plain)
            table = table.set_column(index, pyarrow.field(field.name, plain, field.nullable, field.metadata), column)
    return table.to_pandas()


def _numpy(pyarrow, column):
    chunk = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(chunk, pyarrow.ChunkedArray):
        return chunk.to_numpy()
    return chunk.to_numpy(zero_copy_only=False)


# --- what the kernel calls ---


def _call(function, arguments):
    from benchbook_events import event

    try:
        {"offer": _offer, "take": _take, "give": _give}[function](json.loads(arguments))
    except Exception as error:
        # Told without the lines of this module.
        event("failed", {"name": type(error).__name__, "message": error.args[0] if isinstance(error, KeyError) else str(error)})


def _variables():
    from IPython import get_ipython

    return get_ipython().user_ns


def _is_table(value):
    kinds = {
        "pyarrow": ("Table", "RecordBatch", "ChunkedArray"),
        "pandas": ("DataFrame", "Series"),
        "polars": ("DataFrame", "LazyFrame", "Series"),
        "numpy": ("ndarray", "recarray"),
        "builtins": ("list", "dict"),
    }
    root = _root(value)
    is_array = root == "pyarrow" and isinstance(value, sys.modules["pyarrow"].Array)
    return is_array or type(value).__name__ in kinds.get(root, ())


def _offer(names):
    """Shares the variables of these names that can be tables and have changed; tells the kernel of each."""
    from benchbook_events import event

    variables = _variables()
    for asked in names:
        alike = [name for name in variables if name.lower() == asked.lower() and not name.startswith("_")]
        name = asked if asked in variables else (alike[0] if len(alike) == 1 else None)
        if name is None or not _is_table(variables[name]):
            continue
        try:
            event("table", {"name": name, "shared": _write(name, variables[name], only_changed=True)})
        except Exception as error:
            event("table", {"name": name, "error": f"{type(error).__name__}: {error}"})


def _take(wanted):
    """Makes shared tables variables."""
    for name, kind in wanted:
        _variables()[name] = fetch(name, kind)


def _give(names):
    """Shares variables."""
    variables = _variables()
    for name in names:
        if name not in variables:
            raise NameError(f"name {name!r} is not defined: the cell was to make it and share it as a table")
        _write(name, variables[name], only_changed=True)
