"""Methods of search, in one registry: METHODS[name](task) is a generator, see sims.tune.methods.protocol.

METHODS   name -> (generator function, one line)
choose    a name for a problem, and why
"""

from importlib import import_module

_HOME = {
    "gauss_newton": ("gradient", "exact gradients and the curvature of the figures, multi-start"),
    "lbfgs": ("gradient", "exact gradients, quasi-Newton, multi-start"),
    "nelder_mead": ("simplex", "structured simplex, without gradients"),
    "pattern": ("simplex", "one number or group after the other, without gradients"),
    "cma": ("evolution", "CMA-ES with restarts, for rough costs"),
    "tpe": ("samplers", "Optuna's TPE, for choices and mixed spaces"),
    "nsga2": ("samplers", "Optuna's NSGA-II, for fronts over several objectives"),
}
LARGE = 40  # numbers, above which a simplex crawls


def _later(name):
    def method(task):
        return getattr(import_module(f"sims.tune.methods.{_HOME[name][0]}"), name)(task)

    method.__name__, method.__doc__ = name, _HOME[name][1]
    return method


METHODS = {name: _later(name) for name in _HOME}


def choose(P, budget, *, choices, goals, smooth) -> tuple[str, str]:
    """(name, why) for P numbers, of which `choices` are choices, `goals` objectives for a front, and a smooth cost."""
    if goals > 1:
        return "nsga2", f"a front over {goals} objectives is wanted"
    if choices:
        return "tpe", f"{choices} of {P} parameters are choices between things, which have no order"
    if smooth:
        return "gauss_newton", f"the cost is smooth in {P} gains and the twin gives its exact gradient"
    if P > LARGE or budget >= 60 * (P + 1):
        return (
            "cma",
            f"there is no gradient, and {budget} evaluations are many for {P} numbers: CMA-ES escapes small dips",
        )
    return "nelder_mead", f"there is no gradient, and {budget} evaluations for {P} numbers are best spent by a simplex"
