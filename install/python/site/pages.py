"""From a notebook, executed, to the page that Sphinx reads."""

import base64
import re
from html import escape

from machine import machine_card

# Longer code without a chart or a table below it is set-up, which a reader opens when it matters.
LONG = 24

# A drawing of very many points is larger than its picture.
LARGE_SVG = 300_000


def description(output, svg):
    """What a chart says, for those who cannot see it: its own description, or its text form."""
    found = svg.split('aria-label="', 1)
    if len(found) == 2:
        return found[1].split('"', 1)[0]
    return escape("".join(output["data"].get("text/plain", "Chart")), quote=True)


def chart(output, name, charts):
    """A chart as a file beside the pages and the HTML that shows it; SVG, unless that is very large."""
    svg, png = output["data"].get("image/svg+xml", ""), output["data"].get("image/png")
    svg = "".join(svg)
    alt = description(output, svg)
    picture = svg.encode() if svg and (not png or len(svg) < LARGE_SVG) else base64.b64decode("".join(png))
    file = charts / f"{name}.{'svg' if picture == svg.encode() else 'png'}"
    file.write_bytes(picture)
    # The size is known before the picture is there, so that the page does not jump.
    known = re.search(r'width="(\d+)" height="(\d+)"', svg[:200])
    size = f' width="{known[1]}" height="{known[2]}"' if known else ""
    return f'<img class="chart" loading="lazy" src="charts/{file.name}"{size} alt="{alt}">'


def shown(output, name, charts):
    """An output as the site shows it, or None."""
    if output["output_type"] == "error" and output["ename"] == "NotYet":
        return None  # the card above it says the same, and more
    data = output.get("data", {})
    if "image/svg+xml" in data or "image/png" in data:
        output["data"] = {"text/html": chart(output, name, charts)}
    output["metadata"] = {}
    return output


def folded(cell):
    """Whether the code of a cell is hidden until it is asked for, and what the button says."""
    tags = cell["metadata"].get("tags", [])
    if "solution" in tags:
        return "One solution"
    if "check" in tags or cell["source"].startswith("%%check"):
        return "The check"
    quiet = all(output["output_type"] == "stream" for output in cell["outputs"])
    if quiet and "exercise" not in tags and len(cell["source"].splitlines()) > LONG:
        return "Set-up: " + first_words(cell["source"])
    return None


def first_words(source):
    lines = [line.strip() for line in source.splitlines() if line.strip() and not line.startswith("%%")]
    names = [line.split("(")[0].split()[-1] for line in lines if line.startswith(("def ", "fn ", "struct ", "class ", "pub fn "))]
    return ", ".join(names[:3]).rstrip(":{") + (", …" if len(names) > 3 else "") if names else f"{len(lines)} lines"


def notebook_page(notebook, name, charts):
    notebook["metadata"]["language_info"] = {"name": "rust", "pygments_lexer": "benchbook"}
    notebook["metadata"].pop("widgets", None)
    card = machine_card(notebook)
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        button = folded(cell)
        outputs = [shown(output, f"{name}-{number}-{n}", charts) for n, output in enumerate(cell["outputs"])]
        cell["outputs"] = [output for output in outputs if output]
        cell["metadata"] = {}
        if button:
            cell["metadata"] = {"tags": ["hide-input"], "mystnb": {"code_prompt_show": button, "code_prompt_hide": button}}
    first = notebook["cells"][0] if notebook["cells"] else None
    if first and first["cell_type"] == "markdown" and first["source"].startswith("# "):
        title, _, rest = first["source"].partition("\n")
        first["source"] = f"{title}\n\n{card}\n{rest}"
    return notebook


def index_page(course):
    """The front page: what this is, the schedule, and the navigation, a section per module."""
    parts = [
        "# A course on performance",
        "One notebook, one claim: predict, measure, look at the evidence, solve the exercise, and let the check look at your answer. "
        "Every number in these pages was measured on the machine that its page names; run the notebooks to get your own.",
        "## Schedule",
        course["schedule"],
    ]
    for part in course["parts"]:
        if part["lessons"]:
            pages = "\n".join(f"{lesson['label']} <{lesson['name']}>" for lesson in part["lessons"])
            parts.append(f"```{{toctree}}\n:hidden:\n:caption: {part['title']}\n\n{pages}\n```")
    if course["instructor"]:
        parts.append("```{toctree}\n:hidden:\n:caption: Teaching\n\ninstructor\n```")
    return "\n\n".join(parts) + "\n"
