"""Formulas as MathML, which browsers draw by themselves, without MathJax."""

import re
import xml.etree.ElementTree
from html import escape

from latex2mathml.converter import convert as to_mathml


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
