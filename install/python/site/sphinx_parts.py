"""What the site adds to Sphinx: our cells' highlighting, formulas as MathML, and charts beside the pages."""

from docutils import nodes
from formulas import mathml
from lexer import BenchbookLexer


def inline(translator, node):
    translator.body.append(mathml(node.astext(), display=False))
    raise nodes.SkipNode


def block(translator, node):
    translator.body.append(f'<div class="math">{mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode


def add_charts(app, config):
    config.html_extra_path = [str(app.srcdir / "files")]


def setup(app):
    app.add_lexer("benchbook", BenchbookLexer)
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    app.connect("config-inited", add_charts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
