"""Executes a notebook and tells, as JSON lines on standard output, which cell runs and which one failed.

{"event": "cell", "cell": 3, "of": 12, "source": "first line"} and
{"event": "failed", "cell": 3, "of": 12, "source": "...", "name": "...", "message": "...", "output": "..."}.
"""

import json
import os
import re
import sys

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Client(NotebookClient):
    """Tells which cell runs."""

    at = None

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if cell.cell_type == "code" and cell.source.strip():
            self.at = {"cell": cell_index + 1, "of": len(self.nb.cells), "source": cell.source.strip().splitlines()[0]}
            tell(event="cell", **self.at)
        return await super().async_execute_cell(cell, cell_index, **kwargs)


def outputs_of(notebook, at):
    """The text a failing cell left behind, without colours."""
    if at is None:
        return ""
    parts = []
    for output in notebook.cells[at["cell"] - 1].get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append("\n".join(output.traceback))
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", "".join(parts))[-4000:]


def execute(notebook, name, folder, kernel="benchbook", timeout=900):
    """Executes in place, in the working folder `folder`; false when a cell failed, which is told."""
    # The kernel notes with each result which notebook it is from.
    os.environ["BENCHBOOK_NOTEBOOK"] = name
    client = Client(
        notebook,
        timeout=timeout,
        startup_timeout=180,
        kernel_name=kernel,
        store_widget_state=False,
        resources={"metadata": {"path": folder}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        failure = (error.ename, error.evalue)
    except CellTimeoutError:
        failure = ("Timeout", f"the cell ran for more than {timeout} s")
    except DeadKernelError:
        failure = ("Dead kernel", "the kernel died while the cell ran")
    else:
        return True
    tell(event="failed", name=failure[0], message=failure[1], output=outputs_of(notebook, client.at), **(client.at or {}))
    return False
