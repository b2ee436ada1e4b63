"""`%%profile --lang python`: a timer of CPU time interrupts the code, and its stack is noted.

The handler runs between two instructions of the main thread, so lines are exact. (Samplers that listen to calls, as pyinstrument
does, see a loop without calls only when it ends, and take its last line for the hot one.) The handler waits for a call of C code to
end; so each sample weighs as much as the CPU time since the last one, and the line of that call gets all of it.
"""

import linecache
import signal
import time

from IPython import get_ipython

from benchbook_events import event
from benchbook_user_code import Cell, Misuse, measured

_CODE = """
def code(__done):
    setup
    while True:
        body
        if __done():
            return
"""


class _Sampler:
    """Notes stacks while it is entered."""

    def __init__(self, hz, root, done):
        self._every = 1 / hz
        self._root = root
        self._done = done
        self.stacks = {}
        self.samples = 0

    def __enter__(self):
        self._before = signal.signal(signal.SIGPROF, self._note)
        signal.siginterrupt(signal.SIGPROF, False)
        self._last = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, self._every, self._every)
        return self

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_PROF, 0)
        # One may still be on its way, and would end the interpreter where nothing handles it.
        known = self._before not in (None, signal.SIG_DFL)
        signal.signal(signal.SIGPROF, self._before if known else signal.SIG_IGN)

    def _note(self, _, frame):
        now = time.process_time()
        weight, self._last = now - self._last, now
        stack, inside = [], False
        # The timer may come while this handler runs.
        while frame is not None and frame.f_code is _Sampler._note.__code__:
            frame = frame.f_back
        if frame is not None and frame.f_code is self._done:
            # A signal waits for the next call: what was running is the end of the cell's code, which has no line any more.
            stack.append((self._root, None, None))
            inside, frame = True, None
        while frame is not None:
            stack.append((frame.f_code, frame.f_lineno, frame.f_globals.get("__name__")))
            if frame.f_code is self._root:
                inside = True
                break
            frame = frame.f_back
        if inside:
            self.samples += 1
            key = tuple(stack)
            self.stacks[key] = self.stacks.get(key, 0) + weight


def _name(code, module, root):
    if code is root:
        return "cell::benchbook_cell"
    name = getattr(code, "co_qualname", code.co_name).replace(".<locals>", "")
    name = name.replace("<", "").replace(">", "")
    return name if module in (None, "__main__") else f"{module}.{name}"


def _place(file, cell):
    """How the cell of a file is called, and its text; none for a file that is no cell."""
    if file == cell.name:
        return "this cell", "".join(cell.lines)
    number = getattr(get_ipython().compile, "_filename_map", {}).get(file)
    return None if number is None else (f"cell [{number}]", "".join(linecache.getlines(file)))


def _told(sampler, cell, root):
    """Stacks and lines as the kernel reads them: weights are microseconds of CPU time."""
    stacks, lines, places = {}, {}, {}
    for stack, seconds in sampler.stacks.items():
        names = tuple(_name(code, module, root) for code, _, module in reversed(stack))
        stacks[names] = stacks.get(names, 0) + seconds
        own, seen = True, set()
        for code, line, _ in stack:
            file = code.co_filename
            if file not in places:
                places[file] = _place(file, cell)
            if places[file] is None or line is None:
                continue
            at = lines.setdefault((file, line), [0, 0])
            if own:
                at[0] += seconds
                own = False
            if (file, line) not in seen:
                seen.add((file, line))
                at[1] += seconds
    return {
        "stacks": [{"frames": names, "count": round(seconds * 1e6)} for names, seconds in stacks.items()],
        "lines": [
            {"file": file, "line": line, "self": own * 1e6, "total": total * 1e6} for (file, line), (own, total) in lines.items()
        ],
        "sources": {file: {"cell": found[0], "source": found[1]} for file, found in places.items() if found is not None},
    }


def _profile(magic, text, body, setup, config):
    if not hasattr(signal, "setitimer"):
        raise Misuse("this system has no timer of CPU time", "profile on Linux or macOS")
    cell = Cell(magic, text)
    runs = 0
    begin = time.perf_counter()

    def done():
        nonlocal runs
        runs += 1
        return not config["repeat"] or time.perf_counter() - begin >= config["budget_s"]

    code = cell.function(_CODE, body=cell.parse(body), setup=cell.parse(setup))
    with _Sampler(config["hz"], code.__code__, done.__code__) as sampler:
        code(done)
    wall_s = time.perf_counter() - begin
    told = _told(sampler, cell, code.__code__)
    event("result", {"wall_s": wall_s, "runs": runs, "hz": config["hz"], "samples": sampler.samples} | told)


def profile(arguments):
    """Samples a piece of the cell while it runs; sends one `result`."""
    measured(_profile, arguments)
