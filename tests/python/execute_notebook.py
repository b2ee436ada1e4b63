"""Executes a notebook with nbclient, as JupyterLab would, and writes the executed copy.

Usage: execute_notebook.py <notebook> <executed copy>. Prints one JSON object on the last line:
{"cells": n} or {"failed": "...", "source": "..."}.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main():
    source, target = map(Path, sys.argv[1:])
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=180,
        kernel_name="benchbook",
        store_widget_state=False,
        resources={"metadata": {"path": str(target.parent)}},
    )
    report = {"cells": len(notebook.cells)}
    try:
        client.execute()
    except CellExecutionError as error:
        report = {"failed": str(error)}
    nbformat.validate(notebook)
    nbformat.write(notebook, target)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
