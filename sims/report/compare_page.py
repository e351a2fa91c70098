"""The comparison page: ghosts in one 3D view, overlaid plots, tables of differences.

write_comparison    run folders -> a file, written whole or not at all
"""

import html
from pathlib import Path

import numpy as np

from sims.report.bodies import robot_bodies, tool_poses, world_bodies
from sims.report.compare import MISSING, Compared, compare_runs
from sims.report.data import FRAME_RATE, MAX_FRAMES, Body
from sims.report.document import Meshes, describe_body, describe_panels
from sims.report.pack import Packer
from sims.report.paper import as_json, fill, page, player, script, styles, write_text
from sims.report.stored import pushes, spans
from sims.report.tables import moment, notes_list, number, section, unit

ROUNDING = 1e-9  # of a figure
FIRST = 6  # of what parts the first; the rest is in --json
PLAYER = ("data.js", "marks.js", "scene.js", "plots.js", "player.js", "compare.js")


def write_comparison(path, runs, names=None) -> Path:
    """Write the page; runs: folders, or a Compared. Raises like compare_runs, and OSError where the disk refuses."""
    compared = runs if isinstance(runs, Compared) else compare_runs(runs, names)
    return write_text(path, comparison_text(compared))


def comparison_text(compared: Compared) -> str:
    """The whole page."""
    packer = Packer()
    document, problems = _document(compared, packer)
    title = " and ".join(compared.names)
    return page(
        "compare.html",
        title=f"{title} · robocalc",
        name=title,
        description=f"{len(compared.names)} runs, held against {compared.names[0]}",
        stage=fill("stage.html", duration=repr(compared.duration), keys=_keys(compared.names)),
        notes=notes_list([*compared.notes, *problems]),
        settings=_settings(compared),
        metrics=_metrics(compared),
        style=styles("page.css"),
        json=as_json(document),
        arrays=packer.text(),
        scripts=(script("three.min.js"), player(*PLAYER)),
    )


def _keys(names):
    """One switch a run: its robot, its path, its curves."""
    return "".join(
        f'<label class="run" style="--mark: var(--run{i})"><input type="checkbox" data-show="ghost{i} run{i}" '
        f'data-run="{i}" checked><i></i>{html.escape(name)}</label>'
        for i, name in enumerate(names)
    )


def _document(compared, packer):
    first, problems, meshes = compared.runs[0], [], Meshes(packer)
    count = int(min(MAX_FRAMES, max(2, np.ceil(compared.duration * FRAME_RATE) + 1)))
    t = np.linspace(0.0, compared.duration, count)
    paths, bodies = {}, []
    for i, run in enumerate(compared.runs):
        rows = np.clip(np.round(t / run.log.dt).astype(int), 0, len(run.log.joint) - 1)
        bodies += _bodies(run, i, t, rows, first)
        paths[f"run{i}"] = packer.add_series(tool_poses(run.robot, run.log.q[rows])[:, :3, 3])
    farthest = max(compared.apart.values(), default=None)
    document = {
        "name": " and ".join(compared.names),
        "duration": compared.duration,
        "joints": list(compared.joints),
        "runs": list(compared.names),
        "focus": None if farthest is None else list(compared.joints).index(farthest[1]),
        "frames": packer.add_times(t),
        "bodies": [describe_body(body, meshes, problems, packer) for body in bodies],
        "meshes": meshes.described,
        "paths": paths,
        "markers": [],
        "touches": None,
        "witness": None,
        **describe_panels(compared.panels, packer),
        "steps": [
            [str(s["name"]), float(s["start"]), float(s["end"]), ""] for s in spans(first.stored.plan.get("steps"))
        ],
        "disturbances": [[d["name"], d["start"], d["end"], d["kind"]] for d in pushes(first.scenario)],
    }
    return document, list(dict.fromkeys(problems))


def _bodies(run, i, t, rows, first):
    """The robot and what it moved, as ghosts but for the first run; of the world only what the first has not."""
    known = {_place(shape) for shape in first.world}
    for body in robot_bodies(run.robot, run.log.q[rows]):
        yield Body(f"{body.name} {i}", body.role, body.solids, body.poses, run=i, ghost=i > 0)
    for shape, body in zip(run.world, world_bodies(run.world, run.log, t), strict=True):
        moved = body.role == "dynamic"
        if i == 0 or moved or _place(shape) not in known:
            yield Body(
                f"{body.name} {i}", body.role, body.solids, body.poses, run=i if moved or i else None, ghost=i > 0
            )


def _place(shape):
    return shape.name, tuple(np.asarray(shape.pose).tolist()), str(getattr(shape, "size", ""))


# tables -------------------------------------------------------------------------------------------------------------


def _heads(compared, *more):
    names = "".join(
        f'<th scope="col" class="number"><i class="dot" style="--mark: var(--run{i})"></i>{html.escape(name)}</th>'
        for i, name in enumerate(compared.names)
    )
    return names + "".join(f'<th scope="col" class="number">{text}</th>' for text in more)


def _settings(compared):
    rows = "".join(
        f'<tr><th scope="row">{html.escape(key)}</th>'
        + "".join(f'<td class="number wraps">{html.escape(text)}</td>' for text in texts)
        + "</tr>"
        for key, texts in compared.settings
    )
    for i, (largest, joint, t) in compared.apart.items():
        words = f"{largest:.3g} rad or m, {joint}, {moment(t)}" if largest else "none: the same to the bit"
        rows += (
            f'<tr><th scope="row">largest joint difference of {html.escape(compared.names[i])} from '
            f'{html.escape(compared.names[0])}</th><td class="number" colspan="{len(compared.names)}">{words}</td></tr>'
        )
    for i, found in compared.parted.items():
        for one in found[:FIRST] if compared.apart.get(i, (0,))[0] else ():
            rows += (
                f'<tr><th scope="row">{html.escape(f"{compared.names[i]}: {one.kind} {one.what}")}</th>'
                f'<td class="number" colspan="{len(compared.names)}">{html.escape(one.words)}</td></tr>'
            )
    head = f'<thead><tr><th scope="col">Setting</th>{_heads(compared)}</tr></thead>'
    return section("settings", "What differs", f"<table>{head}<tbody>{rows}</tbody></table>")


def _metrics(compared):
    rows = []
    for d in compared.metrics:
        cells = "".join(
            f'<td class="number">{MISSING if value is None else number(value)} {moment(time)}</td>'
            for value, time in zip(d.values, d.times, strict=True)
        )
        change, same = _change(d)
        rows.append(
            f'<tr class="{"" if same else "changed"}"><th scope="row">{html.escape(d.metric)}</th>{cells}'
            f'<td class="number">{change}</td><td>{unit(d.unit)}</td></tr>'
        )
    heads = _heads(compared, "Change" if len(compared.names) == 2 else "Last minus first")
    head = f'<thead><tr><th scope="col">Metric</th>{heads}<th scope="col">Unit</th></tr></thead>'
    return section("metrics", "Metrics", f"<table>{head}<tbody>{''.join(rows)}</tbody></table>")


def _change(difference):
    """(last minus first in words, whether it is none): rounding is no change."""
    change, first = difference.change, difference.values[0]
    if not np.isfinite(change):
        return MISSING, False
    if abs(change) <= ROUNDING * abs(first):
        return ("none" if change == 0 else "rounding"), True
    share = f" ({100 * change / abs(first):+.1f} %)".replace("-", "−") if first else ""
    return number(change) + share, False
