"""Formulas between dollar signs become MathML, which browsers draw by themselves: no script, no network."""

import html
import re

from latex2mathml.converter import convert

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(content, **_):
    """mkdocs calls this with the HTML of a page."""
    return FORMULA.sub(_mathml, content)


def _mathml(found) -> str:
    text = html.unescape(found[2]).strip()
    if found[1] == "span":
        return convert(text)
    return f'<div class="formula">{convert(text, display="block")}</div>'
