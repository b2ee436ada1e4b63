"""Executes a notebook where it lies. Prints the events of `execution.py`."""

import sys
import tempfile
from pathlib import Path

import nbformat
from execution import execute, tell


def main():
    path = Path(sys.argv[1])
    notebook = nbformat.read(path, as_version=4)
    # What cells write must not end up in the folder that is handed out.
    with tempfile.TemporaryDirectory() as folder:
        if not execute(notebook, path.name, folder):
            return 1
    nbformat.write(notebook, path)
    tell(event="written", notebook=str(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
