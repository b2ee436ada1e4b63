"""Spark's own Connect client in a process of its own, driven by the engine worker.

Requests and answers are JSON lines on stdin and stdout; the process ends with its parent or when stdin closes.

  {"op": "run", "id", "url", "cold", "upload", "folder", "tables": [{"name", "path"}],
   "statements": [{"sql", "offset"}], "params", "plan": "no|explain|analyze", "limit", "head", "out"}
   (`head`: path of an Arrow file for the first `limit` rows; `out`: of one for all rows, or null)
  {"op": "tables", "id"}
  {"op": "cancel"}

Each run and tables gets one {"event": "done"} or {"event": "failed"}, after any {"event": "progress"}.
Offsets are bytes in the request's whole text.
"""

import hashlib
import json
import logging
import math
import os
import queue
import sys
import threading
import time
import warnings

from spark_errors import EXPLAIN, Failure, explain, first_line, is_lost
from spark_files import escape_glob, is_duration, local_table, plain, sendable, with_durations
from spark_results import ArrowFile, columns_of, measured_plan

PROGRESS_PAUSE = 0.1
# Tables whose columns are listed; each costs a round trip.
DESCRIBED = 10


def die_with_parent():
    """Linux ends this process with the thread that started it; elsewhere the closing of stdin does."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)


def private_stdout():
    """Keeps stdout for answers: what a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


class Driver:
    def __init__(self, answers):
        self.answers = answers
        self.lock = threading.Lock()
        self.session = None
        self.url = None
        self.version = ""
        self.registered = {}  # lower-case view name -> signature of its file
        self.cancelled = threading.Event()
        self.last_progress = 0.0

    def send(self, event):
        with self.lock:
            self.answers.write(json.dumps(event) + "\n")
            self.answers.flush()

    # Requests

    def serve(self, requests):
        while True:
            request = requests.get()
            self.cancelled.clear()
            try:
                reply = self.run(request) if request["op"] == "run" else {"tables": self.tables()}
                self.send({"event": "done", "id": request["id"], **reply})
            except BaseException as error:  # whatever it is, the worker gets an answer
                failure = error if isinstance(error, Failure) else self.explained(error)
                self.send(
                    {"event": "failed", "id": request["id"], "class": failure.kind, "message": failure.message, "offset": failure.offset}
                )

    def cancel(self):
        """Called from another thread than the one that runs."""
        self.cancelled.set()
        session = self.session
        if session is not None:
            try:
                session.interruptAll()
            except Exception as error:
                print(f"an interrupt failed: {first_line(error)}", file=sys.stderr)

    def check(self):
        if self.cancelled.is_set():
            raise Failure("Interrupted", "the query was stopped; the tables are kept")

    def run(self, request):
        phases = {}
        start = time.perf_counter()
        if self.open(request["url"], request["cold"]):
            phases["open"] = time.perf_counter() - start
        start = time.perf_counter()
        loaded = self.load(request)
        if request["tables"]:
            phases["load"] = time.perf_counter() - start
        statements = request["statements"]
        reply = {"columns": [], "row_count": 0, "has_rows": False}
        for number, statement in enumerate(statements):
            self.check()
            last = number + 1 == len(statements)
            try:
                reply = self.statement(statement["sql"], request, last, phases)
            except Failure:
                raise
            except Exception as error:
                raise self.explained(error, statement["sql"], statement["offset"], request["plan"] == "explain" and last) from None
        self.send_progress(1.0)
        return {**reply, "phases": phases, "loaded": loaded, "version": self.version}

    # Session

    def open(self, url, cold):
        """Connects unless connected; returns whether it did."""
        if self.session is not None and self.url == url and not cold:
            return False
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql import SparkSession

        self.close()
        session = SparkSession.builder.remote(url).create()
        # A server that is gone is told at once; the default waits for ten minutes.
        session.client.set_retry_policies([DefaultPolicy(max_retries=3, initial_backoff=50, max_backoff=500, jitter=50)])
        self.version = session.version
        session.registerProgressHandler(self.on_progress)
        self.session, self.url = session, url
        return True

    def close(self):
        session, self.session = self.session, None
        self.registered.clear()
        if session is not None:
            try:
                session.client.release_session()
                session.client.close()
            except Exception as error:
                print(f"a session was not closed: {first_line(error)}", file=sys.stderr)

    def on_progress(self, stages, inflight_tasks, operation_id, done):
        tasks = sum(stage.num_tasks for stage in stages or [])
        if tasks and not done:
            self.send_progress(sum(stage.num_completed_tasks for stage in stages) / tasks)

    def send_progress(self, fraction):
        now = time.monotonic()
        if now - self.last_progress >= PROGRESS_PAUSE:
            self.last_progress = now
            self.send({"event": "progress", "fraction": fraction})

    # Tables

    def load(self, request):
        """Makes files visible under names; what was copied for it, if anything."""
        rows = copied = 0
        for table in request["tables"]:
            self.check()
            name, path = table["name"], table["path"]
            try:
                about = os.stat(path)
                signature = (path, about.st_mtime_ns, about.st_size, about.st_ino, request["upload"])
            except OSError as error:
                if path.endswith(".arrow"):
                    raise Failure("Table Error", f"table `{name}`: {path}: {error.strerror}") from None
                signature = None  # perhaps a pattern such as `*.parquet`
            if signature is not None and self.registered.get(name.lower()) == signature:
                continue
            try:
                frame, moved = self.frame(name, path, request)
                frame.createOrReplaceTempView("`" + name.replace("`", "``") + "`")
            except Failure:
                raise
            except Exception as error:
                failure = self.explained(error)
                raise Failure(failure.kind, f"table `{name}` ({path}): {failure.message}") from None
            self.registered[name.lower()] = signature
            rows, copied = rows + moved[0], copied + moved[1]
        return {"rows": rows, "bytes": copied} if copied else None

    def frame(self, name, path, request):
        """A DataFrame of a file, and the rows and bytes copied to make it."""
        read = self.session.read
        kind = path.rsplit(".", 1)[-1].lower()
        if request["upload"]:
            table = sendable(local_table(kind, path))
            return self.session.createDataFrame(table), (table.num_rows, table.nbytes)
        place = "file:" + (escape_glob(os.path.abspath(path)) if os.path.exists(path) else os.path.abspath(path))
        if kind == "arrow":
            copy, durations, moved = self.parquet_copy(name, path, request["folder"])
            frame = read.parquet("file:" + escape_glob(copy))
            if durations:
                frame = read.schema(with_durations(frame.schema, durations)).parquet("file:" + escape_glob(copy))
            return frame, moved
        if kind in ("csv", "tsv"):
            return read.csv(place, header=True, inferSchema=True, sep="\t" if kind == "tsv" else ","), (0, 0)
        if kind in ("jsonl", "json", "ndjson"):
            return read.json(place), (0, 0)
        return read.parquet(place), (0, 0)

    def parquet_copy(self, name, path, folder):
        """Spark cannot read Arrow files: it gets a Parquet copy, several times quicker than sending the rows."""
        import pyarrow.parquet as parquet

        table = plain(local_table("arrow", path))
        durations = [i for i, field in enumerate(table.schema) if is_duration(field.type)]
        copy = os.path.join(folder, "table-" + hashlib.sha256(name.lower().encode()).hexdigest()[:16] + ".parquet")
        # Row groups are what Spark divides among its threads.
        group = max(65_536, math.ceil(table.num_rows / 16))
        temporary = f"{copy}.part"
        parquet.write_table(table, temporary, compression="snappy", row_group_size=group, coerce_timestamps="us", allow_truncated_timestamps=True)
        os.replace(temporary, copy)
        return copy, durations, (table.num_rows, os.path.getsize(copy))

    def tables(self):
        if self.session is None:
            return []
        found = []
        for table in self.session.catalog.listTables():
            columns = []
            if len(found) < DESCRIBED:
                quoted = ".".join("`" + part.replace("`", "``") + "`" for part in [*(table.namespace or []), table.name])
                columns = columns_of(self.session.table(quoted).schema)
            found.append({"name": table.name, "rows": None, "columns": columns})
        return found

    # Statements

    def statement(self, sql, request, last, phases):
        plan = request["plan"] if last else "no"
        limit, head, out = (request["limit"], request["head"], request["out"]) if last else (0, None, None)
        start = time.perf_counter()
        frame = self.session.sql(EXPLAIN + sql if plan == "explain" else sql, args=request["params"])
        took = time.perf_counter() - start
        # What Spark has done already (CREATE, INSERT, SHOW, SET …) comes back as rows, a query as a plan of itself.
        done = frame._plan.plan(self.session.client).WhichOneof("rel_type") == "local_relation"
        add(phases, "execute" if done and plan != "explain" else "plan", took)
        if not last:
            if not done:
                self.fetch(frame, 0, None, None, phases)
            return {}
        if plan == "explain":
            text = "\n".join(row[0] for row in frame.collect() if row[0])
            return {"columns": [], "row_count": 0, "has_rows": False, "plan_text": text.strip()}
        if done and not frame.schema.fields:
            if out:
                raise Failure("Output Error", "the last statement returns no rows, so there is no table to store")
            if plan == "analyze":
                raise Failure("Plan Error", "Spark has no plan for this statement; run it without --explain or --profile")
            return {"columns": [], "row_count": 0, "has_rows": False}
        reply, metrics = self.fetch(frame, limit, head, out, phases)
        if plan == "analyze":
            return {"columns": [], "row_count": 0, "has_rows": False, "plan_text": measured_plan(metrics)}
        return reply

    def fetch(self, frame, limit, head, out, phases):
        """Runs a query: `execute` ends with the first rows, since Spark sends rows while it still computes."""
        import pyarrow as pa
        from pyspark.sql.connect.client.core import PlanMetrics
        from pyspark.sql.connect.shell.progress import Progress
        from pyspark.sql.pandas.types import to_arrow_schema
        from pyspark.sql.types import StructType

        start = time.perf_counter()
        first = None
        client = self.session.client
        request = client._execute_plan_request_with_metadata()
        request.plan.CopyFrom(frame._plan.to_proto(client))
        schema = arrow_schema = None
        metrics = []
        rows = moved = shown = 0
        # The first rows go into a file of their own, for the worker to show.
        head, whole = ArrowFile(head) if head else None, ArrowFile(out) if out else None
        try:
            with Progress(handlers=client._progress_handlers, operation_id=request.operation_id) as progress:
                for item in client._execute_and_fetch_as_iterator(request, frame._plan.observations, progress):
                    self.check()
                    if isinstance(item, StructType):
                        schema = item
                        try:
                            arrow_schema = to_arrow_schema(schema, timezone="UTC")
                        except Exception as error:
                            raise Failure("Not implemented Error", f"{first_line(error)}; cast that column to STRING") from None
                    elif isinstance(item, pa.RecordBatch):
                        if first is None and item.num_rows:
                            first = time.perf_counter()
                        table = pa.Table.from_batches([item])
                        rows, moved = rows + table.num_rows, moved + table.nbytes
                        if head and shown < limit:
                            first_rows = table.slice(0, limit - shown)
                            shown += first_rows.num_rows
                            head.push(first_rows.cast(arrow_schema))
                        if whole:
                            whole.push(table.cast(arrow_schema))
                    elif isinstance(item, PlanMetrics):
                        metrics.append(item)
            for file in (head, whole):
                if file:
                    file.finish(arrow_schema)
        finally:
            for file in (head, whole):
                if file:
                    file.close()
        end = time.perf_counter()
        add(phases, "execute", (first or end) - start)
        add(phases, "fetch", end - (first or end))
        reply = {
            "columns": columns_of(schema),
            "row_count": rows,
            "has_rows": True,
            "fetched": {"rows": rows, "bytes": moved},
        }
        return reply, metrics

    def explained(self, error, *place):
        """The failure for an error; a session that was lost is forgotten."""
        if is_lost(error):
            self.session = None
            self.registered.clear()
        return explain(error, *place)


def add(phases, name, seconds):
    phases[name] = phases.get(name, 0.0) + seconds


def main():
    die_with_parent()
    answers = private_stdout()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    # gRPC writes every lost connection to stderr otherwise.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    driver = Driver(answers)
    requests = queue.SimpleQueue()
    threading.Thread(target=driver.serve, args=(requests,), daemon=True).start()
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "cancel":
            driver.cancel()
        else:
            requests.put(request)
    # Threads of gRPC may wait for a server; nobody waits for them.
    os._exit(0)


main()
