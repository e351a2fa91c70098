"""`solve_ivp`: scipy's arguments, results, shapes and messages, with our loop, events and step control inside."""

import inspect
import warnings

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode import layout as lay
from robocalc.ode.checks import SMALLEST_RTOL, read_breakpoints, read_parameters, read_span, read_state, read_times
from robocalc.ode.engine import Run, plan
from robocalc.ode.events import event_field, read_events
from robocalc.ode.methods import STIFF, find
from robocalc.ode.problem import PythonField, resolve
from robocalc.ode.rhs import compiled_field, form_of, is_compiled, pack_args
from robocalc.ode.solution import ContinuousSolution, Dense, Status

MESSAGES = {
    Status.FINISHED: (0, "The solver successfully reached the end of the integration interval."),
    Status.TERMINATED: (1, "A termination event occurred."),
}
OURS = {"first_step", "max_step", "rtol", "atol", "p", "step", "max_steps", "min_step", "breakpoints"}
FOR_STIFF = {"jac", "jac_sparsity", "lband", "uband"}


def solve_ivp(
    fun,
    t_span,
    y0,
    method="RK45",
    t_eval=None,
    dense_output=False,
    events=None,
    vectorized=False,
    args=None,
    **options,
):
    """scipy.integrate.solve_ivp with the same arguments and result (t (N,), y (n, N), sol, t_events, ...).

    method   scipy's six names or classes, and every name of METHODS ("tsit5", "vern9", ...)
    fun      also compiled (@njit), with args as numbers or arrays
    options  scipy's, and p, step, max_steps, min_step, breakpoints; events may have a reset (robocalc.ode.Event)
    differs  all events of a step are found, also touches; sol is exact at the steps; a step counts as in our methods
    source   a complex y0 and OdeSolver subclasses of the user's own go to scipy itself
    """
    from scipy.integrate import OdeSolver
    from scipy.integrate import solve_ivp as scipy_solve_ivp

    name, ours = _method(method, OdeSolver)
    if not ours or np.asarray(y0).dtype.kind == "c":
        return scipy_solve_ivp(fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options)
    stiff = name in STIFF
    _check_options(options, name, stiff)
    t0, t1 = read_span(t_span, infinite=True)
    if args is not None:
        _check_args(args)
    y = _state(y0)
    times = None if t_eval is None else read_times(t_eval, t0, t1)
    field, params = _field(fun, args, vectorized, options.get("p"))
    tol = _tolerances(options.get("rtol", 1e-3), options.get("atol", 1e-6), len(y))
    watched = read_events(events)
    if not stiff and field.address == 0:
        found = _scalar(name, field, t0, t1, y, params, tol, times, dense_output, watched, options)
        if found is not None:
            return _result(
                found.t, found.y.T, found.interpolate if dense_output else None, found.counters, Status.FINISHED, ""
            )
    run = _run(name, stiff, fun, field, (t0, t1), y, params, tol, times, dense_output, args, vectorized, options)
    if watched:
        run.watch(watched, event_field(watched, args), float(tol[0].min(initial=1.0)))
    if len(y) == 0:
        return _empty(t0, t1, times, dense_output, watched)
    stops = read_breakpoints(options["breakpoints"], t0, t1) if len(options.get("breakpoints", ())) else (t1,)
    with np.errstate(all="ignore"):
        status = run.drive(stops)
    return _collect(run, status, times, dense_output, bool(events) or watched != ())


def _method(method, base):
    """(our name or None, whether we do it)."""
    if inspect.isclass(method) and issubclass(method, base):
        ours = method.__module__.startswith("scipy.integrate")
        return (find(method.__name__), True) if ours else (None, False)
    return find(method), True


def _check_options(options, name, stiff):
    unknown = set(options) - OURS - FOR_STIFF
    if unknown:
        known = ", ".join(sorted(OURS | FOR_STIFF))
        raise InvalidInput(f"solve_ivp has no option {sorted(unknown)[0]!r} (known: {known})")
    useless = {key for key in set(options) & FOR_STIFF if options[key] is not None}
    if useless and not stiff:
        warnings.warn(
            "The following arguments have no effect for a chosen solver: "
            + ", ".join(f"`{key}`" for key in sorted(useless))
            + ".",
            stacklevel=3,
        )
    if "step" in options and stiff:
        raise InvalidInput(f"method {name!r} chooses its steps: give max_step instead of step")


def _check_args(args):
    try:
        list(args)
    except TypeError as error:
        raise TypeError(
            f"Supplied 'args' cannot be unpacked. Please supply `args` as a tuple (e.g. `args=({args},)`)"
        ) from error


def _state(y0):
    y = np.asarray(y0)
    if y.ndim != 1:
        raise InvalidInput(f"`y0` must be 1-dimensional, got shape {y.shape}.")
    if y.dtype.kind in "fiub" and not np.isfinite(y).all():
        raise InvalidInput("All components of the initial state `y0` must be finite.")
    return read_state(y)


def _tolerances(rtol, atol, n):
    """As scipy: an rtol that is too small is raised, with a warning."""
    if np.any(np.asarray(rtol) < SMALLEST_RTOL):
        warnings.warn(
            f"At least one element of `rtol` is too small. Setting `rtol = np.maximum(rtol, {SMALLEST_RTOL})`.",
            stacklevel=4,
        )
        rtol = np.maximum(rtol, SMALLEST_RTOL)
    atol = np.asarray(atol)
    if atol.ndim > 0 and atol.shape != (n,):
        raise InvalidInput("`atol` has wrong shape.")
    if np.any(atol < 0):
        raise InvalidInput("`atol` must be positive.")
    tol = np.empty((2, n))
    tol[0], tol[1] = rtol, atol
    return tol


def _field(fun, args, vectorized, p):
    """(Field or PythonField, p) of scipy's fun(t, y, *args)."""
    if is_compiled(fun) and not vectorized:
        form = form_of(fun, args=args)
        try:
            slots = pack_args(args or ())
        except (TypeError, ValueError):
            slots = None
        if slots is not None:
            params = np.array(slots[1]) if args is not None else read_parameters(p)
            return compiled_field(fun, form, "n", args or ()), params
    fun = resolve(fun)
    params = read_parameters(p)
    if vectorized:
        extra = args or ()
        return PythonField(None, "args", lambda t, y, p: np.asarray(fun(t, y[:, None], *extra)).ravel()), params
    if args is not None:
        return PythonField(None, "args", lambda t, y, p: fun(t, y, *args)), params
    if len(params):
        return PythonField(fun, "typ", fun), params
    return PythonField(fun, "ty", lambda t, y, p: fun(t, y)), params


def _step_options(options, t0, t1):
    """(first_step, max_step) checked as scipy checks them."""
    first, largest = options.get("first_step"), options.get("max_step", np.inf)
    if largest <= 0:
        raise InvalidInput("`max_step` must be positive.")
    if first is not None and first <= 0:
        raise InvalidInput("`first_step` must be positive.")
    if first is not None and first > abs(t1 - t0):
        raise InvalidInput("`first_step` exceeds bounds.")
    return first, float(largest)


def _scalar(name, field, t0, t1, y, params, tol, times, dense, watched, options):
    from robocalc.ode.pystep import try_scalar

    first, largest = _step_options(options, t0, t1)
    if watched or set(options) & {"step", "breakpoints"} or t0 == t1 or not plan(name).adaptive:
        return None
    most, smallest = options.get("max_steps", 2**62), options.get("min_step", 0.0)
    return try_scalar(name, field, t0, t1, y, params, tol, times, first, largest, smallest, most, dense, times is None)


def _run(name, stiff, fun, field, span, y, params, tol, times, dense, args, vectorized, options):
    first, largest = _step_options(options, *span)
    save = times is None
    if stiff:
        run = _stiff_run(name, fun, field, span, y, params, tol, times, dense, args, vectorized, options)
    else:
        ready = plan(name)
        if field.address == 0:
            field = field.as_callback(len(y))
        run = Run(ready, field, span[0], y, params, tol, save=save, dense=dense, t_eval=times)
        run.ctl[lay.MAX_STEP], run.ctl[lay.MIN_STEP] = largest, options.get("min_step", 0.0)
        if first is not None:
            run.ctl[lay.H] = first
        if options.get("step") is not None:
            run.ctl[lay.FIXED] = options["step"]
        elif not ready.adaptive:
            raise InvalidInput(f"method {name!r} has no error estimate: give step=, or use an adaptive method")
    run.cnt[lay.MAX_STEPS] = min(options.get("max_steps", 2**62), 2**62)
    return run


def _stiff_run(name, fun, field, span, y, params, tol, times, dense, args, vectorized, options):
    from robocalc.ode.elsewhere import python_of, stiff_options
    from robocalc.ode.stiff import StiffRun

    first, largest = options.get("first_step"), options.get("max_step", np.inf)
    passed = stiff_options(None, params, first, largest, options.get("min_step", 0.0), name)
    passed |= {key: options[key] for key in FOR_STIFF if options.get(key) is not None}
    jac = passed.get("jac")
    if callable(jac) and args is not None:
        passed["jac"] = lambda t, y: jac(t, y, *args)
    if vectorized:
        extra, passed["vectorized"] = args or (), True
        python = lambda t, y: fun(t, y, *extra)  # noqa: E731
    elif args is not None:
        python = lambda t, y: fun(t, y, *args)  # noqa: E731
    else:
        python = python_of(field, params, len(y))
    if name == "lsoda":
        passed.pop("jac_sparsity", None)
    else:
        passed.pop("lband", None)
        passed.pop("uband", None)
    return StiffRun(name, python, field, span[0], y, params, tol, passed, save=times is None, dense=dense, t_eval=times)


def _empty(t0, t1, times, dense, watched):
    """No components: nothing to do, over any interval."""
    from robocalc.ode.solution import Counters

    t = np.array([t0, t1]) if times is None else times
    sol = ContinuousSolution(Dense(np.array([t0, t1]), np.array([1.0]), np.zeros((1, 2, 0))), 0) if dense else None
    lists = [np.zeros(0) for _ in watched] if watched else None
    return _result(t, np.zeros((0, len(t))), sol, Counters(), Status.FINISHED, "", lists, lists)


def _collect(run, status, times, dense, with_events):
    """scipy's result of a driven run."""
    rows = run.cnt[lay.ROW]
    if times is not None:
        count = run.cnt[lay.NEXT_EVAL]
        t, y = (times[:count], run.EV[:count].T) if count else ([], [])  # as scipy: empty lists
    else:
        t, y = run.TS[:rows].copy(), run.YS[:rows].T.copy()
    sol = None
    if dense:
        knots, steps, data = run.TS[:rows].copy(), run.HS[: rows - 1].copy(), run.D[: rows - 1].copy()
        if rows == 1:
            knots, steps = np.repeat(knots, 2), np.zeros(1)
            data = np.zeros((1, 2, run.n)) + run.y0
        sol = ContinuousSolution(Dense(knots, steps, data), run.n)
    if len(t) == 1 and times is None and status is Status.FINISHED:  # scipy repeats the row of an empty interval
        t, y = np.repeat(t, 2), np.repeat(y, 2, axis=1)
    t_events = y_events = None
    if with_events:
        found_t, found_y = run.event_lists()
        t_events = list(found_t)
        y_events = [states if len(states) else np.zeros(0) for states in found_y]
    message = "" if status.success else _failure(run, status)
    return _result(t, y, sol, run.counters(), status, message, t_events, y_events)


def _failure(run, status):
    from robocalc.ode.solving import explain

    words = "Required step size is less than spacing between numbers. " if status is Status.STEP_TOO_SMALL else ""
    return words + explain(run, status)


def _result(t, y, sol, counters, status, message, t_events=None, y_events=None):
    from scipy.integrate._ivp.ivp import OdeResult

    code, words = MESSAGES.get(status, (-1, message))
    return OdeResult(
        t=t,
        y=y,
        sol=sol.interpolate
        if hasattr(sol, "interpolate")
        else sol
        if sol is None or hasattr(sol, "ts")
        else _wrap(sol),
        t_events=t_events,
        y_events=y_events,
        nfev=counters.rhs,
        njev=counters.jacobians,
        nlu=counters.factorizations,
        status=code,
        message=words,
        success=code >= 0,
    )


def _wrap(dense):
    return ContinuousSolution(dense, dense.data.shape[2])
