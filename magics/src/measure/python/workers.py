"""`%%parallel --lang python`: the same code on 1, 2 ... threads or processes."""

import contextlib
import ctypes
import gc
import multiprocessing
import multiprocessing.connection
import queue
import signal
import sys
import threading
import time
import warnings

from benchbook_user_code import Failed, failure

# How long threads have to stop, in seconds.
_STOP_S = 1.5
# How long a process waits before it begins, so that all of them have heard of it.
_LEAD_NS = 200_000


def share_of(worker, workers):
    """The function `share`: this worker's part of a sequence, all parts being of one size to within one item."""

    def share(sequence):
        length = len(sequence)
        return sequence[length * worker // workers : length * (worker + 1) // workers]

    return share


def _run(work, worker, workers, repeats):
    """Begin and end of `repeats` runs of one worker's part, by a clock that all threads and processes share."""
    return work(worker, workers, share_of(worker, workers), range(repeats), time.perf_counter_ns)


class _Stopped(SystemExit):
    """Thrown into a thread whose work nobody waits for any more; a thread that ends by it says nothing."""


@contextlib.contextmanager
def _undisturbed():
    """A second interrupt does not stop the clearing up after the first."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Threads:
    """Threads of this process, started once."""

    def __init__(self, work, most):
        self._work = work
        self._done = queue.SimpleQueue()
        self._together = threading.Barrier(1)
        self._inboxes = [queue.SimpleQueue() for _ in range(most)]
        self._threads = [threading.Thread(target=self._serve, args=(worker,), daemon=True) for worker in range(most)]
        for thread in self._threads:
            thread.start()

    def _serve(self, worker):
        with contextlib.suppress(_Stopped):
            while (job := self._inboxes[worker].get()) is not None:
                workers, repeats, together = job
                try:
                    together.wait()
                    self._done.put((_run(self._work, worker, workers, repeats), None))
                except _Stopped:
                    raise
                except BaseException as error:
                    self._done.put((None, error))

    def spans(self, workers, repeats):
        """Begin and end of each of `workers` workers, in nanoseconds."""
        self._together = threading.Barrier(workers)
        for worker in range(workers):
            self._inboxes[worker].put((workers, repeats, self._together))
        spans = []
        for _ in range(workers):
            span, error = self._done.get()
            if error is not None:
                raise error
            spans.append(span)
        return spans

    def close(self):
        """Ends all threads; one that is in a call of C code ends with that call."""
        with _undisturbed():
            for inbox in self._inboxes:
                inbox.put(None)
            self._together.abort()
            deadline = time.monotonic() + _STOP_S
            for thread in self._threads:
                thread.join(0.02)
                while thread.is_alive() and time.monotonic() < deadline:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stopped))
                    thread.join(0.05)
        left = sum(thread.is_alive() for thread in self._threads)
        if left:
            print(f"still busy, since no thread can be stopped inside a call of C code: {left}", file=sys.stderr)


class Processes:
    """Forks of this process, with all its variables, started once."""

    def __init__(self, work, most):
        if "fork" not in multiprocessing.get_all_start_methods():
            raise OSError("this system cannot fork Python, so that processes would not have its variables")
        self._pipes, self._processes = [], []
        try:
            self._start(multiprocessing.get_context("fork"), work, most)
        except BaseException:
            self.close()
            raise

    def _start(self, context, work, most):
        with warnings.catch_warnings():
            # Threads do not come along, and the forks need none of ipykernel's.
            warnings.simplefilter("ignore", DeprecationWarning)
            for worker in range(most):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(work, worker, theirs), daemon=True)
                self._pipes.append(ours)
                self._processes.append(process)
                process.start()
                theirs.close()
        for worker in range(most):
            self._answer(worker)

    def _answer(self, worker):
        pipe, process = self._pipes[worker], self._processes[worker]
        multiprocessing.connection.wait([pipe, process.sentinel])
        try:
            told, span = pipe.recv()
        except EOFError:
            process.join()
            code = process.exitcode
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise ChildProcessError(f"the process of worker {worker} ended with {how}") from None
        if told is not None:
            raise Failed(told)
        return span

    def spans(self, workers, repeats):
        """Begin and end of each of `workers` workers, in nanoseconds."""
        begin = time.perf_counter_ns() + _LEAD_NS * workers
        for pipe in self._pipes[:workers]:
            with contextlib.suppress(BrokenPipeError):
                pipe.send((workers, repeats, begin))
        return [self._answer(worker) for worker in range(workers)]

    def close(self):
        """Ends all processes at once."""
        with _undisturbed():
            begun = [process for process in self._processes if process.pid is not None]
            for process in begun:
                process.kill()
            for process in begun:
                process.join()
                process.close()


def _end_with_parent():
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _serve(work, worker, pipe):
    """The life of a forked process."""
    # An interrupt is the parent's affair, which ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    gc.disable()
    pipe.send((None, None))
    while True:
        try:
            workers, repeats, begin = pipe.recv()
        except EOFError:
            return
        try:
            while (left := begin - time.perf_counter_ns()) > 0:
                if left > 100_000:
                    time.sleep((left - 100_000) * 1e-9)
            pipe.send((None, _run(work, worker, workers, repeats)))
        except BaseException as error:
            pipe.send((failure(error), None))
