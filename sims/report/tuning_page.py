"""The page of a tuning: convergence, Pareto front, importances, gains before and after, robustness.

write_tuning    study.json (its path, its folder, or its data) -> a file, written whole or not at all
"""

import html
import json
import math
from pathlib import Path

from robocalc.errors import InvalidInput
from sims.report.paper import as_json, page, player, styles, write_text
from sims.report.tables import notes_list, number, section, unit

PLAYER = ("data.js", "charts.js", "tuning.js")
STUDY = "study.json"
FORMAT = "robocalc-study-result/1"
MOST = 5000  # points of the history that are drawn
NEEDED = {"parameters": list, "history": list}
LISTS = ("parameters", "objectives", "constraints", "history", "front", "sensitivity", "explain")
DASH = "–"


def write_tuning(path, study) -> Path:
    """Write the page.

    study    a mapping as sims.tune.record describes it, the path of such a study.json, or the folder it is in
    raises   InvalidInput for a study that is missing, damaged or of another kind; OSError where the disk refuses
    """
    return write_text(path, tuning_text(study if isinstance(study, dict) else read_study(study)))


def read_study(path) -> dict:
    """study.json as data; raises InvalidInput where it is missing, damaged or of another kind."""
    path = Path(path)
    path = path / STUDY if path.is_dir() else path
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is damaged: {error}") from None
    if not isinstance(found, dict) or any(not isinstance(found.get(key), kind) for key, kind in NEEDED.items()):
        raise InvalidInput(f"{path} is no result of a tuning: it lacks {' or '.join(NEEDED)}")
    return found


def tuning_text(study) -> str:
    """The whole page; what the study lacks is left out."""
    study = _whole(study)
    notes = []
    if study.get("format", FORMAT) != FORMAT:
        notes.append(f"The study has format {study['format']!r}, this page shows {FORMAT!r} as far as it goes.")
    if len(study["history"]) > MOST:
        notes.append(f"Of {len(study['history']):,} evaluations {MOST:,} are drawn, the best included.")
    name = str(study.get("name") or study.get("scenario") or "tuning")
    method = f"{study.get('method', '')}, {len(study['history'])} evaluations of {study.get('scenario', '')}"
    return page(
        "tuning.html",
        title=f"{name} · robocalc",
        name=f"Tuning of {name}",
        description=method,
        verdict=f'<p class="verdict">{html.escape(str(study.get("verdict") or ""))}</p>',
        notes=notes_list(notes),
        explain=_explain(study),
        gains=_gains(study),
        figures=_figures(study),
        influence=_influence(study),
        robustness=_robustness(study),
        style=styles("page.css", "charts.css"),
        json=as_json(_drawn(study)),
        scripts=(player(*PLAYER),),
    )


def _whole(study):
    """The study with a list wherever one belongs, mappings only in them, and null for what is no number."""
    study = dict(_clean(study))
    for key in LISTS:
        items = study.get(key)
        items = items if isinstance(items, list) else []
        study[key] = items if key == "explain" else [item for item in items if isinstance(item, dict)]
    return study


def _clean(x):
    if isinstance(x, dict):
        return {str(k): _clean(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_clean(v) for v in x]
    return None if isinstance(x, float) and not math.isfinite(x) else x


def _drawn(study):
    """What the scripts draw."""
    history = study["history"]
    if len(history) > MOST:
        best = min(
            range(len(history)), key=lambda k: math.inf if history[k].get("cost") is None else history[k]["cost"]
        )
        step = len(history) / (MOST - 1)
        history = [history[k] for k in sorted({best, *(int(i * step) for i in range(MOST - 1))})]
    return {
        "parameters": study["parameters"],
        "objectives": study["objectives"],
        "history": history,
        "front": study["front"],
        "response": study.get("response") if isinstance(study.get("response"), dict) else None,
    }


# tables -------------------------------------------------------------------------------------------------------------


def _value(x) -> str:
    if x is None:
        return DASH
    return number(x) if isinstance(x, (int, float)) else html.escape(str(x))


def _explain(study):
    sentences = [str(text) for text in study["explain"]] or ([str(study["why"])] if study.get("why") else [])
    if not sentences:
        return ""
    return section("explain", "What was done", "".join(f"<p>{html.escape(text)}</p>" for text in sentences))


def _gains(study):
    rows = "".join(
        f'<tr><th scope="row">{html.escape(str(p.get("label") or p.get("key", "")))}<small>'
        f"{html.escape(str(p.get('key', '')))}</small></th>"
        f'<td class="number">{_value(p.get("before"))}</td><td class="number">{_value(p.get("after"))}</td>'
        f"<td>{unit(str(p.get('unit') or ''))}</td><td>{_place(p)}</td></tr>"
        for p in study["parameters"]
    )
    head = _head("Gain", "Before", "After", "Unit", "Range")
    return section("gains", "Gains", f"<table>{head}<tbody>{rows}</tbody></table>")


def _head(first, *rest):
    cells = "".join(
        f'<th scope="col"{"" if text in ("Unit", "Range", "Share", "Result") else " class=number"}>{text}</th>'
        for text in rest
    )
    return f'<thead><tr><th scope="col">{first}</th>{cells}</tr></thead>'


def _place(p):
    """Where before (hollow) and after (full) lie between low and high."""
    low, high = p.get("low"), p.get("high")
    if p.get("choices") or not _numbers(low, high) or high <= low:
        return html.escape(", ".join(map(str, p.get("choices") or ())))
    scale = math.log if p.get("log") and low > 0 else float
    places = {
        when: 2 + 96 * min(1.0, max(0.0, (scale(p[when]) - scale(low)) / (scale(high) - scale(low))))
        for when in ("before", "after")
        if _numbers(p.get(when)) and (scale is float or p[when] > 0)
    }
    dots = "".join(f'<circle class="{when}" cx="{x:.1f}" cy="5" r="3"></circle>' for when, x in places.items())
    words = f"from {number(low)} to {number(high)}"
    return (
        f'<svg class="range" viewBox="0 0 100 10" role="img" aria-label="{words}"><path d="M2 5H98"></path>{dots}</svg>'
    )


def _numbers(*values):
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def _figures(study):
    rows = "".join(_figure(o) for o in (*study["objectives"], *study["constraints"]))
    if not rows:
        return ""
    head = _head("Figure", "Before", "After", "Unit", "Result")
    return section("figures", "Figures on the training scenarios", f"<table>{head}<tbody>{rows}</tbody></table>")


def _figure(o):
    name, before, after = html.escape(str(o.get("name", ""))), _value(o.get("before")), _value(o.get("after"))
    return (
        f'<tr><th scope="row">{name}</th><td class="number">{before}</td><td class="number">{after}</td>'
        f"<td>{unit(str(o.get('unit') or ''))}</td><td>{'objective' if 'ok' not in o else _kept(o)}</td></tr>"
    )


def _kept(limit):
    words = [f"{mark} {limit[key]:g}" for key, mark in (("min", "≥"), ("max", "≤")) if _numbers(limit.get(key))]
    mark = '<span class="mark good">✓</span>' if limit["ok"] else '<span class="mark bad">✗</span>'
    return f"{mark} {', '.join(words)}"


def _influence(study):
    importances = study.get("importances") if isinstance(study.get("importances"), dict) else {}
    shares = {str(s.get("key")): s.get("share") for s in study["sensitivity"]}
    keys = sorted({*importances, *shares}, key=lambda key: -(importances.get(key) or shares.get(key) or 0.0))
    if not keys:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(key)}</th><td>{_bar(importances.get(key))}</td>'
        f"<td>{_bar(shares.get(key))}</td></tr>"
        for key in keys
    )
    head = (
        '<thead><tr><th scope="col">Gain</th><th scope="col">Importance over the search</th>'
        '<th scope="col">Influence at the best</th></tr></thead>'
    )
    hint = (
        '<p class="hint">Importance: share of the cost\'s variance over all that was tried. Influence: share of the '
        "change in cost when the number is 10 % less and 10 % more.</p>"
    )
    return section("influence", "What matters", f"<table>{head}<tbody>{rows}</tbody></table>{hint}")


def _bar(share):
    if not _numbers(share):
        return DASH
    percent = 100 * min(1.0, max(0.0, share))
    return (
        f'<svg class="bar" viewBox="0 0 100 8" role="img" aria-label="{percent:.0f} %" preserveAspectRatio="none">'
        f'<rect width="{percent:.1f}" height="8"></rect></svg><small>{percent:.0f} %</small>'
    )


ROUNDS = {
    "training": "scenarios it was tuned on",
    "verified": "of them again",
    "validation": "scenarios it never saw",
}


def _robustness(study):
    rows = ""
    for key, words in ROUNDS.items():
        found = study.get(key)
        if not isinstance(found, dict):
            continue
        before, after = (found.get(k) if isinstance(found.get(k), dict) else {} for k in ("before", "after"))
        cells = "".join(
            f'<td class="number">{_value(x.get(k))}</td>' for k in ("mean", "worst") for x in (before, after)
        )
        names = found.get("scenarios") if isinstance(found.get("scenarios"), list) else ()
        what = f"{len(names)} {words}, in {found.get('engine', '')}"
        rows += f'<tr><th scope="row">{html.escape(what)}</th>{cells}</tr>'
    rows += _margins(study)
    if not rows:
        return ""
    head = _head("Cost on", "Mean before", "Mean after", "Worst before", "Worst after")
    return section("robustness", "Does it hold elsewhere?", f"<table>{head}<tbody>{rows}</tbody></table>")


def _margins(study):
    margins = study.get("margins")
    if not isinstance(margins, dict):
        return ""
    before, after = (margins.get(k) if isinstance(margins.get(k), dict) else {} for k in ("before", "after"))
    names = {"gain": "gain margin [factor]", "latency_ms": "latency margin [ms]"}
    return "".join(
        f'<tr><th scope="row">{names.get(key, html.escape(key))}</th><td class="number">{_value(before.get(key))}</td>'
        f'<td class="number">{_value(after.get(key))}</td><td></td><td></td></tr>'
        for key in dict.fromkeys([*before, *after])
    )
