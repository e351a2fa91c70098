"""What a page shows of a run, as plain data: the report's own document, tables and verdict.

view       Run -> picture, durations and handles: all that a page needs of it
picture    Run -> {"report", "arrays", "tables", "verdict", ...}
handles    what can be dragged in 3D
compared   figures of two runs as a table
"""

import html
from dataclasses import replace

import numpy as np

from sims.report.bodies import tool_poses
from sims.report.document import describe
from sims.report.of_run import data_of
from sims.report.pack import Packer
from sims.report.paper import as_json
from sims.report.tables import acceptance_table, metrics_table, notes_list, number, reasons_list

WORDS = {"accepted": "Accepted", "rejected": "Not accepted", "infeasible": "Infeasible", "diverged": "Diverged"}


def picture(made, data=None) -> dict:
    """A page's news: `report` and `arrays` as `unpack` of the player takes them, without meshes; tables as HTML."""
    data = data or data_of(made)
    moving = tuple(replace(body, solids=()) for body in data.bodies)  # their solids are there already
    packer = Packer()
    document, _ = describe(replace(data, bodies=moving), packer)
    return {
        "report": as_json(document),
        "arrays": packer.text(),
        "verdict": made.verdict,
        "word": WORDS[made.verdict],
        "why": made.why,
        "tables": {
            "reasons": reasons_list(data.reasons),
            "notes": notes_list(data.notes),
            "acceptance": acceptance_table(data.acceptance) if not data.reasons else "",
            "metrics": metrics_table(data.metrics),
        },
    }


def view(made) -> dict:
    return picture(made) | {"durations": durations(made), "handles": handles(made)}


def durations(made) -> list:
    """[s] of each step as planned."""
    return [float(step.end - step.start) for step in made.plan.steps]


def handles(made) -> list:
    """{"key", "name", "at" [m], "value", "body"}: `key` becomes `value` and what it was dragged by."""
    found = []
    for i, item in enumerate(made.scenario.world):
        if item.motion is None and item.shape not in ("plane", "height_field"):
            found.append(_handle(f"world.{i}.position", item.name, item.position, item.position, item.name))
    for i, step in enumerate(made.scenario.task):
        name = step.name or f"{i + 1}-{step.do}"
        if step.do == "move":
            for k, via in enumerate(step.via):
                if hasattr(via, "pose"):
                    position = via.pose.position
                    found.append(_handle(f"task.{i}.via.{k}.pose.position", f"{name} via {k + 1}", position, position))
            found += _target(made, i, step.to, name)
    return found


def _target(made, i, target, name):
    """A move's end: a pose itself, or an offset in world axes from where the plan says that it ends."""
    if hasattr(target, "pose"):
        yield _handle(f"task.{i}.to.pose.position", name, target.pose.position, target.pose.position)
    elif hasattr(target, "offset") and target.frame == "world" and i < len(made.plan.steps):
        end = made.plan.trajectory.start + made.plan.steps[i].end
        at = tool_poses(made.robot, np.asarray(made.plan.trajectory(end), float)[None])[0, :3, 3]
        yield _handle(f"task.{i}.to.offset", name, at, target.offset)


def _handle(key, name, at, value, body=None):
    return {"key": key, "name": name, "at": [float(x) for x in at], "value": [float(x) for x in value], "body": body}


def compared(one, other) -> str:
    """The figures that either run's acceptance bounds, or all where none is bounded, in the twin and in PyBullet."""
    bounded = [row.metric for row in (*one.acceptance, *other.acceptance)]
    names = dict.fromkeys(bounded or [*one.metrics, *other.metrics])
    rows = [(name, *(_value(run.metrics.get(name)) for run in (one, other))) for name in names]
    return table(("figure", "twin", "PyBullet"), rows)


def _value(figure) -> str:
    if figure is None:
        return "–"
    return f"{number(float(figure[0]))} {'' if figure[1] in ('-', '1') else figure[1]}".rstrip()


def table(head, rows) -> str:
    """Rows of texts as an HTML table, escaped; the first column names the row."""
    top = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row[0])}</th>'
        + "".join(f'<td class="number">{html.escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
