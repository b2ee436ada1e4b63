"""Executes one notebook and writes it as one HTML file that needs no kernel, no network and no JavaScript.

`cargo lab handouts` runs this in the locked environment. It prints one JSON object per line:
{"event": "cell", "cell": 3, "of": 12, "source": "first line"}, and at the end {"event": "written", "html": "..."} or
{"event": "failed", "cell": 3, "of": 12, "source": "...", "name": "...", "message": "...", "output": "..."}.
"""

import argparse
import json
import os
import re
import sys
import xml.etree.ElementTree
from html import escape
from pathlib import Path

import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert as to_mathml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

# nbconvert's own template would load require.js, MathJax and Mermaid from the network.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block jupyter_widgets -%}{%- endblock jupyter_widgets -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
{%- block html_head_css -%}
<style>
main { max-width: 64rem; margin: 0 auto; padding: 1rem; }
.jp-OutputArea-output { overflow-x: auto; }
.jp-RenderedHTMLCommon math { font-size: 110%; }
.jp-RenderedHTMLCommon math[display="block"] { margin: 0.6em 0; }
@media print { main { max-width: none; padding: 0; } .jp-OutputArea-child, img, svg, table { break-inside: avoid; } }
</style>
{%- endblock html_head_css -%}
"""


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def mathml(tex, display):
    """A formula as MathML, which browsers draw by themselves; as TeX when it cannot be converted."""
    # The converter knows the environments without "ed" only.
    source = re.sub(r"\\(begin|end)\{(align|gather)ed\}", r"\\\1{\2}", tex)
    try:
        drawn = to_mathml(source, display="block" if display else "inline")
        xml.etree.ElementTree.fromstring(drawn)
    except Exception:  # whatever it trips over, the formula stays readable
        return f"<code>{escape(tex)}</code>"
    return drawn


class Renderer(IPythonRenderer):
    def block_math(self, body):
        return mathml(body, display=True)

    def inline_math(self, body):
        return mathml(body, display=False)

    def latex_environment(self, name, body):
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)


class Handout(HTMLExporter):
    raw_template = TEMPLATE

    @pass_context
    def markdown2html(self, context, source):
        renderer = Renderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            exclude_anchor_links=True,
            **self.lexer_options,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


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


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("notebook", type=Path)
    arguments.add_argument("html", type=Path)
    arguments.add_argument("--kernel", default="benchbook")
    arguments.add_argument("--timeout", type=int, default=900, help="seconds that one cell may take")
    arguments = arguments.parse_args()

    notebook = nbformat.read(arguments.notebook, as_version=4)
    folder = str(arguments.notebook.resolve().parent)
    # The kernel notes with each result which notebook it is from.
    os.environ["BENCHBOOK_NOTEBOOK"] = arguments.notebook.name
    client = Client(
        notebook,
        timeout=arguments.timeout,
        startup_timeout=180,
        kernel_name=arguments.kernel,
        store_widget_state=False,
        resources={"metadata": {"path": folder}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        failure = (error.ename, error.evalue)
    except CellTimeoutError:
        failure = ("Timeout", f"the cell ran for more than {arguments.timeout} s")
    except DeadKernelError:
        failure = ("Dead kernel", "the kernel died while the cell ran")
    else:
        failure = None
    if failure:
        tell(event="failed", name=failure[0], message=failure[1], output=outputs_of(notebook, client.at), **(client.at or {}))
        return 1

    exporter = Handout(embed_images=True, theme="light", exclude_anchor_links=True)
    title = notebook.metadata.get("title", arguments.notebook.stem)
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title, "path": folder}})
    arguments.html.write_text(body, encoding="utf-8")
    tell(event="written", html=os.fspath(arguments.html))
    return 0


if __name__ == "__main__":
    sys.exit(main())
