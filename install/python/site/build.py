"""Builds the site from executed notebooks, without executing them: build.py <work folder> <site folder>.

The work folder holds `notebooks/*.ipynb` and `course.json`, which `cargo lab site` writes. Warnings go to standard error, a line each.
"""

import json
import sys
from pathlib import Path

import nbformat
from pages import index_page, notebook_page
from sphinx.cmd.build import build_main

HERE = Path(__file__).resolve().parent


def write_sources(work, source):
    """The pages as Sphinx reads them."""
    course = json.loads((work / "course.json").read_text(encoding="utf-8"))
    charts = source / "files" / "charts"
    charts.mkdir(parents=True)
    names = [lesson["name"] for part in course["parts"] for lesson in part["lessons"]]
    for name in names:
        notebook = nbformat.read(work / "notebooks" / f"{name}.ipynb", as_version=4)
        nbformat.write(notebook_page(notebook, name, charts), source / f"{name}.ipynb")
    if course["instructor"]:
        (source / "instructor.md").write_text(course["instructor"], encoding="utf-8")
    (source / "index.md").write_text(index_page(course), encoding="utf-8")


def main():
    work, site = Path(sys.argv[1]), Path(sys.argv[2])
    source = work / "source"
    write_sources(work, source)
    # One process: a course is built in seconds, and two cores may be busy.
    arguments = ["-b", "html", "-q", "--no-color", "-c", HERE, "-d", work / "doctrees", source, site]
    code = build_main([str(argument) for argument in arguments])
    (site / ".buildinfo").unlink(missing_ok=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
