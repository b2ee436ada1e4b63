"""One document of many pages of the site, to be printed."""

from html import escape
from pathlib import Path

from bs4 import BeautifulSoup
from pygments.formatters import HtmlFormatter

# Code and tables of so many lines are not cut.
SHORT = 28

# A table of more columns is set smaller.
MANY = 7

STYLE = (Path(__file__).resolve().parent / "print.css").read_text(encoding="utf-8")


def quoted(text):
    """A string of CSS."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def article(site, name, all_names):
    """The content of a page, its places named apart from those of other pages."""
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    found = soup.select_one("article[role=main]")
    for gone in found.select(".headerlink, .expanded, script"):
        gone.decompose()
    for place in found.select("[id]"):
        place["id"] = f"{name}--{place['id']}"
    for link in found.select("a[href]"):
        page, _, place = link["href"].partition("#")
        page = page.removesuffix(".html")
        if "://" in page or page.startswith("mailto:"):
            continue
        if page and page not in all_names:
            link.unwrap()  # a page of another document
        else:
            link["href"] = f"#{page or name}" + (f"--{place}" if place else "")
    # Nobody can open on paper what is closed. The machine of a single result is that of the page, and a check, which is long
    # and holds hints, is for the notebook.
    for details in found.select("details"):
        what = details.summary.get_text(strip=True) if details.summary else ""
        if what.startswith("Machine:"):
            details.decompose()
        elif what == "The check":
            details.div.decompose()
            details.summary.string = "The check, whose code is in the notebook, says:"
        else:
            details["open"] = ""
    for block in found.select("pre, table"):
        lines = len(block.find_all("tr")) if block.name == "table" else block.get_text().count("\n")
        if lines <= SHORT:
            block["class"] = [*block.get("class", []), "whole"]
        if block.name == "table" and max((len(row.find_all(["td", "th"])) for row in block.find_all("tr")), default=0) > MANY:
            block["class"] = [*block.get("class", []), "wide"]
    for image in found.select("img"):
        image.attrs.pop("loading", None)
    return found


class Document:
    def __init__(self, site, part, prefix):
        self.part, self.prefix = part, prefix
        names = [lesson["name"] for lesson in part["lessons"]]
        self.chapters = [(lesson, article(site, lesson["name"], names)) for lesson in part["lessons"]]

    def headings(self):
        """Chapters and their sections: title, place, level."""
        for lesson, content in self.chapters:
            yield lesson["label"], lesson["name"], 0
            for section in content.select("section section"):
                heading = section.find("h2", recursive=False)
                if heading:
                    yield heading.get_text(), section["id"], 1

    def outline(self, numbers):
        return [{"title": title, "page": numbers[place], "level": level} for title, place, level in self.headings() if place in numbers]

    def contents(self, numbers):
        rows = []
        for title, place, level in self.headings():
            page = f"{self.prefix}{numbers[place] + 1}" if place in numbers else "0-000"
            rows.append(f'<li class="level{level}"><a href="#{place}">{escape(title)}</a><i></i><span>{page}</span></li>')
        return f'<section class="contents"><h1>Contents</h1><ol>{"".join(rows)}</ol></section>' if rows else ""

    def html(self, front, numbers):
        pages = [f'@page {{ @top-left {{ content: {quoted("Benchbook · " + self.part["title"])} }} @bottom-right {{ content: {quoted(self.prefix)} counter(page) }} }}']
        chapters = []
        for lesson, content in self.chapters:
            page = f"n{lesson['name'].split('_')[0]}"
            pages.append(f"@page {page} {{ @top-right {{ content: {quoted(lesson['label'])} }} }}")
            chapters.append(f'<section class="chapter" id="{lesson["name"]}" style="page: {page}">{content.decode_contents()}</section>')
        colours = HtmlFormatter(style="friendly").get_style_defs(".highlight")
        return (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(self.part["title"])}</title>'
            f"<style>{colours}\n{STYLE}\n{chr(10).join(pages)}</style></head><body>"
            f"{front}{self.contents(numbers)}{''.join(chapters)}</body></html>"
        )


def module_front(part):
    minutes = sum(lesson["minutes"] or 0 for lesson in part["lessons"] if lesson["core"])
    rows = "".join(
        f"<tr><td>{escape(lesson['label'])}</td><td>{lesson['minutes'] or '–'} min{'' if lesson['core'] else ', self-study'}</td></tr>"
        for lesson in part["lessons"]
    )
    total = f"<tr><th>Taught in class</th><th>{minutes} min</th></tr>" if minutes else ""
    return f'<section class="front"><p>Benchbook</p><h1>{escape(part["title"])}</h1><table>{rows}{total}</table></section>'


def course_front(course, printed):
    """Title, contents with the page labels of the modules, schedule."""
    rows = []
    for one in printed:
        rows.append(f'<li class="level0"><b>{escape(one["part"]["title"])}</b><i></i><span>{one["prefix"]}1</span></li>')
        for entry in one["outline"]:
            if entry["level"] == 0:
                rows.append(f'<li class="level1">{escape(entry["title"])}<i></i><span>{one["prefix"]}{entry["page"] + 1}</span></li>')
    return (
        '<section class="front"><p>Benchbook</p><h1>A course on performance</h1></section>'
        f'<section class="contents"><h1>Contents</h1><p>Pages are counted in each module: 2-10 is page 10 of module 2.</p><ol>{"".join(rows)}</ol></section>'
        f'<section class="schedule">{schedule(course["schedule"])}</section>'
    )


def schedule(markdown):
    """The schedule's Markdown as HTML, without links: they lead to other documents."""
    from markdown_it import MarkdownIt

    soup = BeautifulSoup(MarkdownIt("commonmark").enable("table").render(markdown), "html.parser")
    for link in soup.select("a"):
        link.unwrap()
    for table in soup.select("table"):
        table["class"] = ["whole"]
    return f"<h1>Schedule</h1>{soup}"
