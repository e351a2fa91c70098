"""What every page is made of: a template filled once, scripts that a policy names, JSON that no name can leave.

page        head, template and parts, data and scripts -> the page's text
fill        template and parts -> text
script      a file of static/ as the text of a script
player      several of them, in one scope
policy      a script's hash, for the Content-Security-Policy
as_json     data for a <script type="application/json">
write_text  a file, written whole or not at all
"""

import base64
import hashlib
import html
import json
import os
import re
from functools import cache
from pathlib import Path

from robocalc.errors import InvalidInput

STATIC = Path(__file__).resolve().parent / "static"


def write_text(path, text) -> Path:
    """Write beside its place and move it there; raises OSError where the disk refuses."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def fill(template, **parts) -> str:
    """Each {{name}} of static/`template` once, in one pass: a part that contains braces is not filled again."""
    text = (STATIC / template).read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], text)


def page(
    template, *, title, name, description, style, scripts, json, arrays=None, kind="", verdict="", allowed="", **parts
) -> str:
    """A whole page: the head that all pages share, static/`template` as its main part, data and scripts.

    title, name, description   plain text; kind: small beside the name; verdict: HTML beside both
    scripts, json, arrays      texts, the only scripts that the page's policy lets run, and what they read
    allowed                    what the policy lets them do besides, as "connect-src 'self'"
    """
    head = fill(
        "head.html",
        hashes=" ".join(policy(text) for text in scripts),
        allowed=f"; {allowed}" if allowed else "",
        title=html.escape(title),
        style=style,
        name=html.escape(name) + (f" <small>{kind}</small>" if kind else ""),
        description=html.escape(description),
        verdict=f"{verdict}\n  " if verdict else "",
    )
    data = f'<script type="application/json" id="report">{json}</script>\n'
    if arrays is not None:
        data += f'<script type="text/plain" id="arrays">{arrays}</script>\n'
    run = "".join(f"<script>{text}</script>\n" for text in scripts)
    return f"{head}{fill(template, **parts)}{data}{run}</body>\n</html>\n"


def styles(*names) -> str:
    """Files of static/ as one style sheet."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)


@cache
def script(name) -> str:
    text = (STATIC / name).read_text(encoding="utf-8")
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise InvalidInput(f"{name} contains text that would end its place in the page")
    return text


@cache
def player(*names) -> str:
    """Scripts that share one scope and leave nothing outside it."""
    return '(() => {\n"use strict";\n' + "\n".join(script(name) for name in names) + "\n})();"


@cache
def policy(text) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def as_json(document) -> str:
    """JSON that no name can leave: < and > and & are written as escapes. Raises ValueError for what is not finite."""
    text = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
