"""The studio's page: the report's player with controls beside it. The same bytes for every browser.

page_text    a run -> the whole page
"""

import html
from pathlib import Path

from sims.report.document import describe
from sims.report.of_run import data_of
from sims.report.pack import Packer
from sims.report.paper import as_json, fill, page, player, script, styles

HERE = Path(__file__).resolve().parent
PLAYER = ("data.js", "marks.js", "scene.js", "plots.js", "player.js")
OWN = ("drag.js", "widgets.js", "studio.js")


def page_text(made, file: str) -> str:
    """The page with the run as its first picture; file: the name that `save` proposes."""
    data, packer = data_of(made), Packer()
    document, _ = describe(data, packer)
    own = player(*PLAYER, *(str(HERE / name) for name in OWN))
    return page(
        str(HERE / "studio.html"),
        title=f"{data.name} · robocalc studio",
        name=data.name,
        kind="studio",
        description=data.description,
        verdict='<p class="verdict" id="verdict" role="status"><strong></strong> <span></span></p>',
        allowed="connect-src 'self'",
        file=html.escape(file, quote=True),
        stage=fill("stage.html", duration=repr(data.duration), keys=fill("keys.html")),
        style=styles("page.css", str(HERE / "studio.css")),
        json=as_json(document),
        arrays=packer.text(),
        scripts=(script("three.min.js"), own),
    )
