"""Prints the site's pages: print.py <site> <course.json> <out> <browser>. One PDF per module, and one of all.

Prints a JSON object per line: {"event": "printing", "what": "..."} and {"event": "written", "file": "...", "pages": 12}.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from document import Document, course_front, module_front
from pypdf import PdfReader, PdfWriter


def tell(**event):
    print(json.dumps(event), flush=True)


def to_pdf(browser, page, target):
    """Lets the browser print a page. It gets a profile of its own, and no network."""
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--no-first-run"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", f"--print-to-pdf={target}", page.as_uri()]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if ran.returncode != 0 or not target.is_file():
        raise SystemExit(f"{browser} printed nothing of {page.name} (exit status {ran.returncode})\n{ran.stderr[-2000:]}")


def pages_of(pdf):
    """The page of each place that something links to, counted from 0."""
    reader = PdfReader(pdf)
    places = reader.named_destinations
    return {name.lstrip("/"): reader.get_destination_page_number(place) for name, place in places.items()}, len(reader.pages)


def with_numbers(browser, site, work, name, page):
    """Prints a page twice, since its contents show page numbers that only the first print tells."""
    source, target = site / f".print-{name}.html", work / f"{name}.pdf"
    numbers = {}
    for _ in range(2):
        source.write_text(page(numbers), encoding="utf-8")
        to_pdf(browser, source, target)
        numbers, count = pages_of(target)
    source.unlink()
    return target, numbers, count


def finish(writer, target, title, outline, label):
    """Bookmarks, page labels and title."""
    parents = {}
    for entry in outline:
        parent = parents.get(entry["level"] - 1)
        parents[entry["level"]] = writer.add_outline_item(title=entry["title"], page_number=entry["page"], parent=parent, is_open=entry["level"] < 1)
    for first, last, prefix in label:
        writer.set_page_label(first, last, prefix=prefix, style="/D")
    writer.add_metadata({"/Title": title, "/Author": "Benchbook"})
    writer.page_mode = "/UseOutlines"
    writer.write(target)
    tell(event="written", file=str(target), pages=len(writer.pages))


def main():
    site, course, out = Path(sys.argv[1]).resolve(), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")), Path(sys.argv[3]).resolve()
    browser = sys.argv[4]
    out.mkdir(parents=True, exist_ok=True)
    printed = []
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for part in course["parts"]:
            if not part["lessons"]:
                continue
            number = part["module"] or "A"
            name = f"module-{number}" if part["module"] else "appendix"
            tell(event="printing", what=part["title"])
            document = Document(site, part, f"{number}-")
            pdf, numbers, count = with_numbers(browser, site, work, name, lambda numbers: document.html(module_front(part), numbers))
            outline = document.outline(numbers)
            finish(PdfWriter(clone_from=pdf), out / f"{name}.pdf", f"Benchbook, {part['title']}", outline, [(0, count - 1, f"{number}-")])
            printed.append({"part": part, "pdf": pdf, "outline": outline, "count": count, "prefix": f"{number}-"})

        tell(event="printing", what="the whole")
        front = Document(site, {"title": "A course on performance", "lessons": []}, "")
        pdf, _, count = with_numbers(browser, site, work, "course", lambda numbers: front.html(course_front(course, printed), numbers))
        writer = PdfWriter()
        writer.append(pdf)
        outline, labels, at = [{"title": "Contents and schedule", "page": 1, "level": 0}], [(0, count - 1, "")], count
        for one in printed:
            writer.append(one["pdf"], import_outline=False)
            outline.append({"title": one["part"]["title"], "page": at, "level": 0})
            outline += [{**entry, "page": entry["page"] + at, "level": entry["level"] + 1} for entry in one["outline"]]
            labels.append((at, at + one["count"] - 1, one["prefix"]))
            at += one["count"]
        finish(writer, out / "course.pdf", "Benchbook: a course on performance", outline, labels)


if __name__ == "__main__":
    main()
