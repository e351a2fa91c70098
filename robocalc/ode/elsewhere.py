"""`solve` for what the compiled loop does not do itself: stiff methods and sensitivities."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.checks import positive, read_breakpoints, read_parameters, read_times, read_tolerances
from robocalc.ode.events import event_field, read_events
from robocalc.ode.methods import METHODS
from robocalc.ode.problem import make_field


def solve_elsewhere(name, f, span, y, **options):
    """As `solve`; its arguments by name."""
    if options.pop("sensitivities"):
        from robocalc.ode.sensitivity import solve_with_sensitivities

        if name not in METHODS:
            known = ", ".join(METHODS)
            raise InvalidInput(f"sensitivities go along explicit methods ({known}), not along {name!r}")
        return solve_with_sensitivities(name, f, span, y, **options)
    return solve_stiff(name, f, span, y, **options)


def stiff_options(jac, params, first_step, max_step, min_step, name) -> dict:
    """What scipy's class takes; the Jacobian as a function of (t, y)."""
    options = {}
    if jac is not None:
        options["jac"] = jacobian_of(jac, params)
    if first_step is not None:
        options["first_step"] = positive("first_step", first_step)
    if max_step != np.inf:
        options["max_step"] = positive("max_step", max_step)
    if min_step and name == "lsoda":
        options["min_step"] = positive("min_step", min_step)
    return options


def jacobian_of(jac, params):
    """scipy's jac(t, y) from a function of (t, y), (t, y, p) or (t, y, p, out), a pair of them, or a matrix."""
    from robocalc.ode.rhs import form_of

    first = jac[0] if isinstance(jac, tuple) else jac
    if not callable(first):
        return first
    form = form_of(first, "Jacobian")
    if form == "typo":

        def in_place(t, y):
            out = np.zeros((len(y), len(y)))
            first(t, np.ascontiguousarray(y), params, out)
            return out

        return in_place
    return first if form == "ty" else lambda t, y: first(t, np.ascontiguousarray(y), params)


def python_of(field, params, n):
    """(t, y) -> array from a Field or PythonField; y reaches it contiguous."""
    if field.compiled and field.form == "typo":

        def in_place(t, y):
            out = np.empty(n)
            field.python(t, np.ascontiguousarray(y, dtype=float), params, out)
            return out

        return in_place
    call = field.python
    if field.compiled and field.form == "ty":
        return lambda t, y: np.asarray(call(t, np.ascontiguousarray(y, dtype=float)), dtype=float)
    return lambda t, y: np.asarray(call(t, np.ascontiguousarray(y, dtype=float), params), dtype=float)


def solve_stiff(
    name,
    f,
    span,
    y,
    *,
    p,
    rtol,
    atol,
    t_eval,
    events,
    jac,
    step,
    first_step,
    max_step,
    min_step,
    max_steps,
    breakpoints,
    dense,
    save,
    compiled,
    progress,
):
    """scipy's implicit solver behind the same call."""
    from robocalc.ode import layout as lay
    from robocalc.ode.rhs import checked
    from robocalc.ode.solving import finish
    from robocalc.ode.stiff import StiffRun

    if step is not None:
        raise InvalidInput(f"method {name!r} chooses its steps: give max_step instead of step")
    t0, t1 = span
    params, tol = read_parameters(p), read_tolerances(rtol, atol, len(y))
    times = None if t_eval is None else read_times(t_eval, t0, t1)
    field, params = make_field(f, len(y), params, compiled)
    python = python_of(field, params, len(y))
    checked(python(t0, y.copy()), len(y), "right-hand side")
    watched = read_events(events)
    keep_rows = save == "steps" and times is None
    options = stiff_options(jac, params, first_step, max_step, min_step, name)
    run = StiffRun(
        name, python, field, t0, y, params, tol, options, save=keep_rows, dense=dense or keep_rows, t_eval=times
    )
    run.cnt[lay.MAX_STEPS] = max_steps
    if watched:
        run.watch(watched, event_field(watched), float(tol[0].min(initial=1.0)))
    stops = read_breakpoints(breakpoints, t0, t1) if len(breakpoints) else [t1]
    return finish(run, run.drive(stops, progress), name, times, keep_rows)
