"""The most memory that a run needs; twin of `lab::measure::peak_memory`."""

import ctypes
import gc


def _peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def peak_memory(run):
    """The value of `run()`, and by how many bytes the process's resident memory grew at most; `None` where Linux does not tell."""
    gc.collect()
    try:
        # What the allocator holds in reserve would hide what the code needs.
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
        start = _peak()
    except (OSError, AttributeError, StopIteration):
        return run(), None
    value = run()
    return value, max(_peak() - start, 0)
