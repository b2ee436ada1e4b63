"""Spark's errors: class, message without the JVM's stack, place in the text."""

import re

# The views of a session that was lost are gone; the next request opens a fresh one.
LOST = ("UNAVAILABLE", "INVALID_HANDLE", "SESSION_CLOSED", "SESSION_NOT_FOUND", "SESSION_CHANGED", "UNAUTHENTICATED")
UNREACHABLE = ("UNAVAILABLE", "UNAUTHENTICATED", "DEADLINE_EXCEEDED")
MEMORY = ("OutOfMemoryError", "UNABLE_TO_ACQUIRE_MEMORY", "maxResultSize", "Java heap space")
EXPLAIN = "EXPLAIN FORMATTED "


class Failure(Exception):
    """A failure with its class, message and, when known, byte offset."""

    def __init__(self, kind, message, offset=None):
        super().__init__(message)
        self.kind, self.message, self.offset = kind, message, offset


def is_lost(error):
    """Whether the session cannot be used any more."""
    return any(word in str(error) for word in LOST)


def explain(error, sql="", base=0, explained=False):
    """What Spark said, without its JVM stack, and where; `sql` starts at byte `base` of the request's text."""
    whole = str(error)
    if isinstance(error, KeyboardInterrupt) or "OPERATION_CANCELED" in whole:
        return Failure("Interrupted", "the query was stopped; the tables are kept")
    if any(word in whole for word in MEMORY):
        return Failure("Out of Memory Error", f"{message_of(error)}; start Spark with more, for example `%engine start spark --memory 4g`")
    if "StatusCode." in whole and any(f"StatusCode.{word}" in whole for word in UNREACHABLE):
        details = re.search(r'details = "([^"]*)', whole)
        return Failure("Unavailable", f"the Spark server does not answer: {details.group(1) if details else first_line(error)}")
    if isinstance(error, ModuleNotFoundError):
        return Failure("Unavailable", f"Spark's Python environment is not complete ({error}); `cargo lab spark` mends it")
    name = type(error).__name__
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Exception").removesuffix("Error")) + " Error"
    # Of a plan, Spark saw the text behind `EXPLAIN FORMATTED `.
    before = EXPLAIN if explained else ""
    at = code_point(error, whole, before + sql)
    if at is not None:
        at -= len(before)
    offset = base + len(sql[:at].encode()) if at is not None and 0 <= at <= len(sql) else None
    return Failure(kind, message_of(error), offset)


def first_line(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__


def message_of(error):
    """Spark's message up to its SQLSTATE: the query, the plan and the JVM's stack follow it."""
    message = str(error).split("\n\nJVM stacktrace")[0].strip()
    message = re.split(r"\s*SQLSTATE: \w{5}", message)[0]
    message = re.split(r"\n+== SQL", message)[0]
    details = re.search(r'details = "([^"]*)', message)
    return (details.group(1) if details else message).strip() or type(error).__name__


def code_point(error, whole, sql):
    """Where in the statement, in characters."""
    try:
        for context in error.getQueryContext():
            if context.startIndex() >= 0 and context.stopIndex() >= context.startIndex():
                return context.startIndex()
    except Exception:
        pass  # not every error has a context
    place = re.search(r"[(;] ?line (\d+),? pos (\d+)", whole)
    if not place:
        return None
    line, column = int(place.group(1)), int(place.group(2))
    lines = sql.split("\n")
    return sum(len(above) + 1 for above in lines[: line - 1]) + column if line <= len(lines) else None
