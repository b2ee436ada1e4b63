# The part that runs in a Python cell: prints one JSON object per measurement. MEGABYTES and ROUNDS are put in.
import json, os, time
import benchbook
import numpy as np
import pyarrow as pa


def tell(name, size, started):
    print(json.dumps({"name": name, "bytes": size, "s": time.perf_counter() - started}))


def file_of(name):
    return os.path.join(os.environ["BENCHBOOK_SESSION"], "tables", f"{name}.arrow")


def made(size):
    rows = size // 16
    return pa.table({"a": np.arange(rows) * 0.5, "b": np.full(rows, 7)})


def measure(megabytes, rounds):
    size = megabytes * 1_000_000
    table = made(size)
    for _ in range(rounds):
        started = time.perf_counter()
        benchbook.share("bench", table)
        tell("Python: share a pyarrow table", os.path.getsize(file_of("bench")), started)
        assert benchbook.fetch("bench").equals(table)
        benchbook.drop("bench")
        started = time.perf_counter()
        path = os.path.join(os.environ["BENCHBOOK_SESSION"], "ipc-writer")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        tell("pyarrow's own file writer", os.path.getsize(path), started)
        os.remove(path)
    for label, size in (("1 MB", 1_000_000), ("100 MB", 100_000_000), ("1 GB", size)):
        benchbook.share("opened", made(size))
        for kind in ("arrow", "polars"):
            for _ in range(max(rounds, 11)):
                started = time.perf_counter()
                opened = benchbook.fetch("opened", as_=kind)
                tell(f"Python: open {label} as {kind}", os.path.getsize(file_of("opened")), started)
                assert opened.shape[0] > 0
    benchbook.drop("opened")


measure(MEGABYTES, ROUNDS)
