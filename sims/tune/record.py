"""The result folder of a study.

    tuned.yaml    the scenario with the best values, ready to run
    journal.log   an Optuna study (JournalStorage)
    study.json    all that is shown
    *.png         pictures
    report.html   the page that shows all of it

Keys of study.json (numbers are floats; a missing figure is null; `value` is a number, or a choice as JSON):

    format         "robocalc-study-result/1"
    name, scenario, method, why, seed, budget, evaluations, aggregate, engine     texts and counts; why: of the method
    verdict        one sentence: better or not, on scenarios that tuning never saw
    parameters     [{key, label, unit, low, high, log, choices (null for a number), before, after}]
    objectives     [{name, unit, weight, before, after}]      figures on the training scenarios, mean
    constraints    [{name, unit, min, max, before, after, ok}]
    history        [{n, cost, best, values: {figure: mean}, x: {key: value}, lost}]   n from 1, in order
    front          [{n, cost, goals: [weighed, one an objective], values, x}] as in history; [] without `pareto`
    sensitivity    [{key, less, more, share}]   cost with 10 % less and 10 % more of that number; share of all influence
    importances    {key: share}                 of the variance of the cost over the history (Optuna), {} where unknown
    training       {engine, scenarios: [name], before: {mean, worst, costs}, after: {mean, worst, costs}}
    verified       the same in PyBullet, or null where it is missing
    validation     the same in PyBullet (else the twin) on held-out scenarios, or null
    margins        {before: {gain, latency_ms}, after: {...}} measured in the twin, or null
    response       {t: [s], joints: [name], before: [[deg] per joint], after: [[...]], target: [[...]]} of the first
                   training scenario's motion: joint error in deg over time in `before`, `after`; target: q_ref in deg
    explain        [sentence]
"""

import json
import math
from pathlib import Path

from robocalc.errors import InvalidInput

FORMAT = "robocalc-study-result/1"
TEN = 0.1  # share by which a number is changed for the sensitivity


def keep(study, folder: Path):
    """Write the folder; the study with it. Raises InvalidInput where it cannot be written."""
    from dataclasses import replace

    from sims.report import write_tuning
    from sims.tune.pictures import draw

    study = replace(study, folder=folder)
    data = facts(study)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        study.scenario.save(folder / "tuned.yaml")
        _write(folder / "study.json", json.dumps(data, indent=1, allow_nan=False) + "\n")
        draw(data, folder)
        write_tuning(folder / "report.html", data)
    except OSError as error:
        what = f"{error.filename or folder}: {error.strerror or error}"
        raise InvalidInput(
            f"the result cannot be written ({what}); free some space, then --resume writes it again"
        ) from None
    return study


def _write(path, text):
    part = path.with_name(f".{path.name}.partial")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def facts(study) -> dict:
    """study.json as plain data."""
    s, knobs = study.settings, study.space.knobs
    old, new = study.before.values or {}, study.after.values or {}
    engine, names = s.get("engine", "twin"), [x.name for x in study.training]
    found = {
        "format": FORMAT,
        "name": study.name,
        "scenario": study.scenario.name.removesuffix("-tuned"),
        "method": study.method,
        "why": study.why,
        **{key: s.get(key) for key in ("seed", "budget", "aggregate", "engine")},
        "evaluations": len(study.history),
        "verdict": study.verdict,
        "parameters": [
            {
                "key": k.key,
                "label": k.label,
                "unit": k.unit,
                "low": k.low,
                "high": k.high,
                "log": k.log,
                "choices": list(k.choices) or None,
                "before": k.before,
                "after": study.best.values[k.key],
            }
            for k in knobs
        ],
        "objectives": [
            {
                "name": o.name,
                "unit": _unit(o.name),
                "weight": o.weight,
                "before": old.get(o.name),
                "after": new.get(o.name),
            }
            for o in study.goals.objectives
        ],
        "constraints": [_constraint(c, old, new) for c in study.goals.limits],
        "history": [_entry(study, e) | {"best": e.best, "lost": e.evaluation.lost} for e in study.history],
        "front": [_entry(study, e) | {"goals": list(e.evaluation.goals)} for e in study.front],
        "sensitivity": sensitivity(study),
        "importances": importances(study),
        "training": {
            "engine": engine,
            "scenarios": names,
            "before": _costs(study.before.costs),
            "after": _costs(study.after.costs),
        },
        "verified": _pair(study.verified, names),
        "validation": _pair(study.validation, [x.name for x in study.held_out]),
        "margins": _margins(study),
        "response": _response(study),
        "explain": study.explain(),
    }
    return clean(found)


def clean(x):
    """NaN and infinities as None, numpy as plain."""
    if isinstance(x, dict):
        return {str(k): clean(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [clean(v) for v in x]
    if hasattr(x, "tolist"):
        return clean(x.tolist())
    return None if isinstance(x, float) and not math.isfinite(x) else x


def _unit(name):
    from sims.tune.goals import unit_of

    return unit_of(name)


def _constraint(limit, old, new):
    before, after = old.get(limit.name), new.get(limit.name)
    ok = after is not None and limit.broken(after)[0] == 0
    return {"name": limit.name, "unit": _unit(limit.name), "min": limit.min, "max": limit.max} | {
        "before": before,
        "after": after,
        "ok": ok,
    }


def _entry(study, e):
    x = dict(zip((k.key for k in study.space.knobs), study.space.values(e.x), strict=True))
    return {"n": e.n, "cost": e.cost, "values": e.evaluation.values, "x": x}


def _costs(costs):
    return {"mean": sum(costs) / len(costs), "worst": max(costs), "costs": list(costs)} if costs else None


def _pair(pair, names):
    if pair is None:
        return None
    before, after = pair
    return {"engine": after.engine, "scenarios": names, "before": _costs(before.costs), "after": _costs(after.costs)}


def sensitivity(study) -> list:
    """Cost with a number 10 % less and 10 % more, choices aside; share: of the sum of the larger changes."""
    rows, at = [], study.after.cost
    if study.problem is None or study.problem.engine != "twin":
        return rows
    for p, knob in enumerate(study.space.knobs):
        if knob.choices:
            continue
        costs = []
        for factor in (1 - TEN, 1 + TEN):
            x = study.best.x.copy()
            x[p] = knob.place(study.best.values[knob.key] * factor)
            costs.append(study.problem.evaluate(x).cost)
        rows.append({"key": knob.key, "less": costs[0], "more": costs[1], "change": max(abs(c - at) for c in costs)})
    total = sum(row["change"] for row in rows) or 1.0
    return [{k: v for k, v in row.items() if k != "change"} | {"share": row["change"] / total} for row in rows]


def importances(study) -> dict:
    """Share of the variance of the cost that each number explains, by Optuna's PED-ANOVA; {} where it can't."""
    import warnings

    fair = [e for e in study.history if not e.evaluation.lost]
    if len(fair) < 8:
        return {}
    try:
        from sims.tune.journal import Journal
        from sims.tune.methods.samplers import optuna

        package, journal = optuna(), Journal(study.space, study.goals, False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = package.create_study()
            for e in fair:
                params, kinds = journal._optuna(e.x)
                model.add_trial(package.trial.create_trial(params=params, distributions=kinds, values=[e.cost]))
            evaluator = package.importance.PedAnovaImportanceEvaluator()
            return dict(package.importance.get_param_importances(model, evaluator=evaluator))
    except Exception:  # importances are an extra: a package that lacks what they need costs nothing else
        return {}


def _margins(study):
    from sims.tune.case import Case
    from sims.tune.margins import gain_margin, latency_margin

    if study.problem is None or study.problem.engine != "twin":
        return None
    out = {}
    for when, x in (("before", study.space.before()), ("after", study.best.x)):
        try:
            case = Case(study.space.scenario(study.training[0], x))
            out[when] = {"gain": gain_margin(case, None), "latency_ms": latency_margin(case, None)}
        except (InvalidInput, ValueError):
            return None
    return out


MOST_SAMPLES = 500  # of a response


def _response(study):
    from sims.tune.case import Case

    if study.problem is None or study.problem.engine != "twin":
        return None
    found = {}
    for when, x in (("before", study.space.before()), ("after", study.best.x)):
        try:
            case = Case(study.space.scenario(study.training[0], x))
        except ValueError:
            return None
        trace = case.run(case.law())
        every = max(1, (case.steps + 1) // MOST_SAMPLES)
        error = (180.0 / math.pi * (trace.q - trace.q_ref))[::every].T
        if when == "after":
            found["t"], found["joints"] = trace.t[::every], list(case.made.robot.joints)
            found["target"] = (180.0 / math.pi * trace.q_ref)[::every].T
        found[when] = error
    return found
