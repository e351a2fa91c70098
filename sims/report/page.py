"""The report page: one file that opens offline, with the 3D replay, linked plots, tables and the scenario.

    write_page     ReportData -> a file, written whole or not at all
    page_text      likewise, as text

Everything that comes from a scenario is escaped; a policy in the page forbids any script but the two of this package
and any request to a network.
"""

import html
from pathlib import Path

from sims.report.data import ReportData
from sims.report.document import describe
from sims.report.pack import Packer
from sims.report.paper import as_json, fill, page, player, script, styles, write_text
from sims.report.tables import acceptance_table, budget_table, metrics_table, notes_list, reasons_list, versions_table

PLAYER = ("data.js", "marks.js", "scene.js", "plots.js", "player.js", "report.js")
NO_VERDICT = ("", "Not judged")


def write_page(path, data: ReportData) -> Path:
    """Write the page beside its place and move it there; raises OSError where the disk refuses."""
    return write_text(path, page_text(data))


def page_text(data: ReportData) -> str:
    """The whole page. A mesh that cannot be read is left out, and the page says so."""
    packer = Packer()
    document, problems = describe(data, packer)
    verdict, word = {True: ("good", "Accepted"), False: ("bad", "Not accepted")}.get(data.accepted, NO_VERDICT)
    said = f"<strong>{data.verdict or word}</strong> <span>{html.escape(data.outcome)}</span>"
    return page(
        "page.html",
        title=f"{data.name} · robocalc",
        name=data.name,
        description=data.description,
        verdict=f'<p class="verdict {verdict}">{said}</p>',
        stage=fill("stage.html", duration=repr(data.duration), keys=fill("keys.html")),
        notes=notes_list([*data.notes, *problems]),
        reasons=reasons_list(data.reasons),
        reduced=html.escape(data.reduced),
        acceptance=acceptance_table(data.acceptance) if not data.reasons else "",
        budget=budget_table(data.budget),
        metrics=metrics_table(data.metrics),
        scenario=html.escape(data.scenario_text),
        versions=versions_table(data.versions),
        style=styles("page.css"),
        json=as_json(document),
        arrays=packer.text(),
        scripts=(script("three.min.js"), player(*PLAYER)),
    )
