"""Executes one notebook and writes it as one HTML file that needs no kernel, no network and no JavaScript.

`cargo lab handouts` runs this in the locked environment. It prints the events of `execution.py`, and at the end
{"event": "written", "html": "..."}.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from execution import execute, tell
from formulas import mathml
from jinja2 import pass_context
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


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("notebook", type=Path)
    arguments.add_argument("html", type=Path)
    arguments.add_argument("--kernel", default="benchbook")
    arguments.add_argument("--timeout", type=int, default=900, help="seconds that one cell may take")
    arguments = arguments.parse_args()

    notebook = nbformat.read(arguments.notebook, as_version=4)
    folder = str(arguments.notebook.resolve().parent)
    if not execute(notebook, arguments.notebook.name, folder, arguments.kernel, arguments.timeout):
        return 1

    exporter = Handout(embed_images=True, theme="light", exclude_anchor_links=True)
    title = notebook.metadata.get("benchbook", {}).get("title", arguments.notebook.stem)
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title, "path": folder}})
    arguments.html.write_text(body, encoding="utf-8")
    tell(event="written", html=os.fspath(arguments.html))
    return 0


if __name__ == "__main__":
    sys.exit(main())
