"""From a study's words to a Study: scenarios drawn, method chosen, searched in the twin, judged by PyBullet.

tune(scenario, parameters, objectives, ...) -> Study      tune(study_file) -> Study
"""

from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.build import believed_robot, piloted
from sims.scenario import Scenario
from sims.scenario.solo import only_one
from sims.tune.goals import make_goals
from sims.tune.guess import first_points
from sims.tune.journal import LONGEST_CURVATURE, label, open_journal
from sims.tune.methods import METHODS, choose
from sims.tune.methods.protocol import Task
from sims.tune.problem import Problem
from sims.tune.randomise import gain_errors, variants
from sims.tune.schema import StudyFile, build, load
from sims.tune.search import search
from sims.tune.space import make_space
from sims.tune.study import Study
from sims.tune.verdict import verdict_of


def tune(
    scenario,
    parameters=None,
    objectives=None,
    *,
    constraints=None,
    randomise=None,
    aggregate="mean",
    pareto=False,
    method="auto",
    budget=None,
    seed=0,
    validation=16,
    engine=None,
    name=None,
    out=None,
    storage=None,
    resume=False,
    workers=1,
    verify=True,
    progress=None,
) -> Study:
    """Tune a scenario's numbers over scenarios drawn around it; the verdict is PyBullet's on scenarios never seen.

    scenario    Scenario or its file, a list of them, or a study file (then all else but the last line comes from it)
    parameters  {dotted key: (low, high) or {range | scale | choices, log, per_joint}}, a list of keys, None: all gains
    objectives  {figure: weight}, names, or functions of a run (with .log, .metrics, .scenario) that return a number
    constraints {figure: {"max": ..., "min": ...}}
    randomise   {scenarios: 12, payload: (0, 0.5), ...} as in the study file; False: the scenarios as they are
    out         folder for tuned.yaml, study.json, pictures and journal; storage: URL of a database for the journal
    resume      go on with the journal of `out`, to the bits of an uninterrupted study
    workers     processes for PyBullet and for whatever must be planned anew
    raises      ScenarioError, InvalidInput, UnknownName: what cannot be tuned, in a sentence; the journal stays usable
    """
    spec, scenarios, functions = _understood(
        scenario,
        {
            "parameters": parameters,
            "objectives": objectives,
            "constraints": constraints,
            "randomise": randomise,
            "aggregate": aggregate,
            "pareto": pareto,
            "method": method,
            "budget": budget,
            "seed": seed,
            "validation": validation,
            "engine": engine,
            "name": name,
        },
    )
    for found in scenarios:
        only_one(found, "tuning")
    return run_study(
        spec,
        scenarios,
        functions,
        out=out,
        storage=storage,
        resume=resume,
        workers=workers,
        verify=verify,
        progress=progress,
    )


def _understood(scenario, words):
    """(StudyFile, scenarios, functions by name) from what `tune` is given."""
    if isinstance(scenario, StudyFile):
        return scenario, [Scenario.load(file) for file in scenario.scenarios()], {}
    if isinstance(scenario, str | Path) and _is_study(Path(scenario)):
        spec = load(scenario)
        return spec, [Scenario.load(file) for file in spec.scenarios()], {}
    given = list(scenario) if isinstance(scenario, list | tuple) else [scenario]
    scenarios = [item if isinstance(item, Scenario) else Scenario.load(item) for item in given]
    if not scenarios:
        raise InvalidInput("tune needs a scenario")
    data = {key: value for key, value in words.items() if value is not None}
    functions, data["objectives"] = _functions(data.get("objectives", {}))
    if words["randomise"] is False:
        data["randomise"] = "none"
    elif words["randomise"] in (None, True):
        data.pop("randomise", None)
    data["parameters"] = _parameters(data.get("parameters", {}))
    data.setdefault("name", scenarios[0].name)
    spec = build({"format": "robocalc-study/1", "scenario": __file__, **data})  # the file only stands for the objects
    return spec.model_copy(update={"scenario": tuple(s.name for s in scenarios)}), scenarios, functions


def _is_study(path):
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return b"robocalc-study/" in stream.read(4096)


def _functions(objectives):
    """({name: function}, {name: goal}): functions stand beside names of figures."""
    if callable(objectives) or isinstance(objectives, str):
        objectives = [objectives]
    functions, goals = {}, {}
    pairs = objectives.items() if isinstance(objectives, dict) else [(item, {}) for item in objectives]
    for item, goal in pairs:
        function = item if callable(item) else goal if callable(goal) else None
        name = str(item) if not callable(item) else getattr(item, "__name__", "objective")
        if function is not None:
            functions[name] = function
            goal = {} if callable(goal) else goal
        goals[name] = goal
    return functions, goals


def _parameters(given):
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, dict):
        return {key: {} for key in given}
    return {key: list(v) if isinstance(v, tuple) else {} if v is None else v for key, v in given.items()}


def run_study(
    spec, scenarios, functions=None, *, out=None, storage=None, resume=False, workers=1, verify=True, progress=None
):
    """A Study from a StudyFile and its scenarios; see `tune`."""
    tell = progress or (lambda share, what: None)
    if spec.method != "auto" and spec.method not in METHODS:
        raise UnknownName("method", spec.method, ["auto", *METHODS])
    tell(0.0, "drawing scenarios")
    problem, held_out = _posed(spec, scenarios, functions or {}, workers)
    space, goals = problem.space, problem.goals
    method, why = _method(spec, problem)
    place = storage if storage is not None else None if out is None else Path(out) / "journal.log"
    front = method == "nsga2" and len(goals.objectives) > 1
    definition = _definition(spec, scenarios, problem, method)
    journal = open_journal(place, spec.name, definition, space, goals, front, resume)
    try:
        starts = first_points(scenarios[0], believed_robot(scenarios[0]), space)
        problem.measure([space.before(), *starts])
        before = problem.evaluate(space.before())
        search(problem, method, _task(spec, space, starts, goals), journal, lambda share, what: tell(0.8 * share, what))
        tell(0.8, "judging")
        study = verdict_of(spec, problem, held_out, scenarios[0], journal, before, (method, why), workers, verify)
    finally:
        journal.close()
    if out is not None:
        from sims.tune.record import keep

        study = keep(study, Path(out))
    tell(1.0, "done")
    return study


def _posed(spec, scenarios, functions, workers):
    """(Problem on drawn scenarios, held-out scenarios)."""
    from sims.tune.schema import Randomise

    space = make_space(scenarios[0], spec.parameters)
    _corners(space, scenarios[0])
    things = [thing.name for thing in scenarios[0].world if thing.dynamic]
    goals = make_goals(spec.objectives, spec.constraints, spec.aggregate, things, functions)
    draws = spec.randomise
    if isinstance(draws, Randomise):
        training = variants(scenarios, draws, spec.seed, "training", draws.scenarios)
        held_out = variants(scenarios, draws, spec.seed, "validation", spec.validation)
        shifts = gain_errors(space, draws.gains, spec.seed, len(training)) if draws.gains > 0 else None
    else:
        training, held_out, shifts = scenarios, [], None
    engine = spec.engine or ("bullet" if any(s.grasps or piloted(s) for s in scenarios) else "twin")
    return Problem(training, space, goals, engine, workers=workers, shifts=shifts), held_out


def _corners(space, scenario):
    """Both ends of every range must make a scenario; raises InvalidInput with the scenario's own words."""
    numbers = [not knob.choices for knob in space.knobs]
    for end in (0.0, 1.0):
        x = np.where(numbers, end, space.before())
        try:
            space.scenario(scenario, x)
        except ValueError as error:
            ends = "lowest" if end == 0.0 else "highest"
            raise InvalidInput(f"the {ends} values of the ranges make no scenario: {_brief(error)}") from None


def _brief(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines[:3])[:400]


def _method(spec, problem):
    space, goals = problem.space, problem.goals
    choices = sum(bool(knob.choices) for knob in space.knobs)
    if spec.method != "auto":
        if choices and spec.method not in ("tpe", "nsga2"):
            raise InvalidInput(f"method {spec.method} cannot choose between things; use tpe, nsga2 or auto")
        if spec.method in ("gauss_newton", "lbfgs") and not problem.smooth:
            raise InvalidInput(
                f"method {spec.method} needs gradients: gains of a controller in the twin, smooth figures, no "
                "estimator, lag, gear, drag or hanging load; nelder_mead and cma do without"
            )
        return spec.method, "the study asks for it"
    fronts = len(goals.objectives) if spec.pareto else 1
    name, why = choose(len(space.knobs), spec.budget, choices=choices, goals=fronts, smooth=problem.smooth)
    if name == "gauss_newton" and len(space.knobs) > LONGEST_CURVATURE:
        return "lbfgs", why
    return name, why


def _task(spec, space, starts, goals):
    groups = {group: i for i, group in enumerate(dict.fromkeys(knob.group for knob in space.knobs))}
    return Task(
        starts=starts,
        budget=spec.budget,
        seed=spec.seed,
        groups=np.array([groups[knob.group] for knob in space.knobs]),
        choices=np.array([len(knob.choices) for knob in space.knobs]),
        goals=len(goals.objectives),
    )


def _definition(spec, scenarios, problem, method):
    """What makes a study this one, as plain data by key, so that a difference can be named."""
    plain = spec.model_dump(mode="json", exclude={"scenario", "description", "name"})
    knobs = [[k.key, k.low, k.high, k.log, [label(c) for c in k.choices]] for k in problem.space.knobs]
    return {
        "scenario": [s.digest for s in scenarios],
        "parameters": knobs,
        "objectives": [[o.name, o.weight] for o in problem.goals.objectives],
        "method": method,
        **{k: plain[k] for k in ("randomise", "constraints", "aggregate", "budget", "seed", "pareto")},
        "engine": problem.engine,
    }
