"""Sphinx reads this: one look for all pages, and nothing that is loaded from elsewhere."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

project = "Benchbook"
author = "the authors of Benchbook"
html_title = "Benchbook: a course on performance"
language = "en"

extensions = ["myst_nb", "sphinx_parts"]
# The notebooks are committed executed; a site must not depend on the machine it is built on.
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
# Tables and cards are HTML; charts became HTML in `pages.py`, with a description.
nb_mime_priority_overrides = [("html", "text/html", 0)]
# Widgets would load their scripts from the network.
nb_ipywidgets_js = {}
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
# Cells that show a compiler's complaint are not valid code.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_static_path = [str(HERE / "static")]
html_css_files = ["course.css"]
html_extra_path = []  # set when the source folder is known
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
# Summaries are fetched, which browsers refuse for pages on disk.
html_show_search_summary = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
