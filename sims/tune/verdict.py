"""The verdict on a search: PyBullet compares the best points, and held-out scenarios say what they are worth.

verdict_of   journal -> Study; raises InvalidInput where no point keeps any scenario stable
"""

import numpy as np

from robocalc.errors import EngineUnavailable, InvalidInput
from sims.tune.study import Best, Study, balanced, entries, pareto
from sims.tune.verify import judged

CANDIDATES = 3  # of the twin's best, that PyBullet compares where there is something to touch
SAME = 0.005  # relative: costs on held-out scenarios that differ by less are the same
APART = 0.01  # of a range: nearer points are no other candidate


def verdict_of(spec, problem, held_out, scenario, journal, before, method, workers, verify):
    history = entries(journal.answers)
    space, goals = problem.space, problem.goals
    _refuse_lost(history, space)
    front = pareto(history) if spec.pareto else ()
    ranked = _candidates(history, balanced(front))
    notes, verified, validation = [], None, None
    at = space.before()
    if verify:
        try:
            touch = any(s.world for s in problem.scenarios)
            ranked = ranked if touch else ranked[:1]
            points = [at, *(e.x for e in ranked)]
            found = judged(problem, points, workers=workers)
            k = int(np.argmin([j.cost for j in found[1:]]))
            verified, ranked = (found[0], found[1 + k]), [ranked[k]]
        except EngineUnavailable as error:
            notes.append(f"not verified in PyBullet: {error}")
    chosen = ranked[0]
    if held_out:
        engine = "bullet" if verified else "twin"
        validation = tuple(judged(problem, [at, chosen.x], scenarios=held_out, workers=workers, engine=engine))
    best = Best(
        dict(zip((k.key for k in space.knobs), space.values(chosen.x), strict=True)),
        chosen.cost,
        chosen.x,
        chosen.evaluation,
    )
    tuned = space.scenario(scenario, chosen.x)
    tuned = tuned.model_copy(update={"name": f"{scenario.name}-tuned"[:120]})
    verdict, accepted = _verdict(before, best, verified, validation)
    settings = {"seed": spec.seed, "budget": spec.budget, "aggregate": spec.aggregate, "engine": problem.engine}
    return Study(
        spec.name,
        tuned,
        space,
        goals,
        *method,
        best,
        before,
        history,
        front,
        tuple(problem.scenarios),
        tuple(held_out),
        verified,
        validation,
        verdict,
        accepted,
        settings,
        tuple(notes),
        problem=problem,
    )


def _refuse_lost(history, space):
    if all(e.evaluation.lost == len(e.evaluation.costs) for e in history):
        keys = ", ".join(dict.fromkeys(k.group if k.entry is None else f"controller.{k.group}" for k in space.knobs))
        raise InvalidInput(
            f"none of {len(history)} points of these ranges keeps any scenario stable: change the ranges of {keys}, "
            "raise sim.control_rate or lower sensors.latency; the journal is kept"
        )


def _candidates(history, first):
    """The best entries that are apart from each other, `first` before all."""
    ranked = ([first] if first is not None else []) + sorted(history, key=lambda e: (e.cost, e.n))
    out = []
    for e in ranked:
        if all(np.abs(np.subtract(e.x, o.x)).max() > APART for o in out):
            out.append(e)
        if len(out) == CANDIDATES:
            break
    return out


def _verdict(before, best, verified, validation):
    after = best.evaluation
    told = f"training cost {before.cost:.5g} -> {after.cost:.5g}"
    broken = f"; a constraint is broken by {100 * after.broken:.3g} %" if after.broken > 0 else ""
    lost = f"; {after.lost} training scenario(s) diverge" if after.lost else ""
    if verified and verified[1].lost:
        lost += f"; {verified[1].lost} training scenario(s) fail in PyBullet"
    if not validation:
        return f"{told}{broken}{lost}; no scenarios were held out, so overfitting would not show", not (broken or lost)
    old, new = validation
    held = f"held out ({new.engine}, {len(new.costs)}): mean {old.mean:.5g} -> {new.mean:.5g}"
    held += f", worst {old.worst:.5g} -> {new.worst:.5g}"
    if new.lost:
        lost += f"; {new.lost} held-out scenario(s) diverge"
    better = new.cost <= old.cost + SAME * abs(old.cost)
    judged_as = "WORSE on scenarios never seen: overfitted, take more scenarios"
    if better:
        judged_as = "better on scenarios never seen" if new.cost < old.cost - SAME * abs(old.cost) else "no better"
    if better and new.mean > 2.0 * max(after.cost, 0.0) + 1e-12 and not new.lost:
        judged_as += ", though costlier there than in training"
    return f"{judged_as}; {told}; {held}{broken}{lost}", better and not (broken or lost)
