"""The most memory that a run needs; twin of `lab::measure::peak_memory`."""

import ctypes
import gc
import sys
import time

# Polars' allocator cannot be asked: it gives free pages back by itself, the last about 1.1 s after they were freed.
_POLARS_GIVES_BACK_S = 1.3


def _give_back():
    """Lets allocators return what they hold in reserve: it would hide what the code needs."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if "_duckdb" in sys.modules:
        # jemalloc under DuckDB's prefix: all arenas; some builds use the system's allocator instead.
        mallctl = getattr(ctypes.CDLL(sys.modules["_duckdb"].__file__), "duckdb_je_mallctl", None)
        if mallctl is not None:
            mallctl(b"arena.4096.purge", None, None, None, ctypes.c_size_t(0))
    if "polars" in sys.modules:
        time.sleep(_POLARS_GIVES_BACK_S)


def _peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def peak_memory(run):
    """The value of `run()`, and by how many bytes the process's resident memory grew at most; `None` where Linux does not tell."""
    try:
        _give_back()
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
        start = _peak()
    except (OSError, AttributeError, StopIteration):
        return run(), None
    value = run()
    return value, max(_peak() - start, 0)
