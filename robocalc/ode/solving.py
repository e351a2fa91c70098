"""`solve`: one initial value problem, any method, any right-hand side."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode import layout as lay
from robocalc.ode.checks import (
    positive,
    read_breakpoints,
    read_parameters,
    read_span,
    read_state,
    read_times,
    read_tolerances,
)
from robocalc.ode.engine import Run, plan
from robocalc.ode.events import event_field, read_events
from robocalc.ode.methods import METHODS, STIFF, SYMPLECTIC, find
from robocalc.ode.problem import make_field, unpack
from robocalc.ode.solution import Dense, Solution, Status
from robocalc.ode.tables.splitting import Gauss

COLLOCATIONS = [name for name, method in SYMPLECTIC.items() if isinstance(method, Gauss)]
SAVES = ("steps", "end")


def solve(
    f,
    t_span,
    y0,
    method="tsit5",
    p=None,
    rtol=1e-6,
    atol=1e-9,
    t_eval=None,
    events=None,
    jac=None,
    *,
    step=None,
    first_step=None,
    max_step=np.inf,
    min_step=0.0,
    max_steps=1_000_000,
    breakpoints=(),
    dense=False,
    save="steps",
    sensitivities=False,
    compiled=None,
    progress=None,
) -> Solution:
    """Integrate ẏ = f(t, y, p) from t_span[0] to t_span[1].

    f            f(t, y), f(t, y, p); compiled (@njit), also in place f(t, y, p, out); plain Python; a System;
                 (robot, law) or (robot, law, reference): a rigid-body robot under a law (problem.under_law)
    t_span       (start, end) [s]; end < start integrates backwards, end == start returns the initial state
    y0, p        (n,), (m,)
    method       a name of METHODS, SYMPLECTIC or STIFF
    rtol, atol   number or (n,): error per step at most atol + rtol |y|, as RMS over components
    t_eval       times at which y is wanted; without it, the steps. A terminal event is added as last row
    events       functions g(t, y) or g(t, y, p) with attributes terminal, direction, reset; or Events
    jac          ∂f/∂y (n, n), or (∂f/∂y, ∂f/∂p): functions of f's arguments, for implicit methods and sensitivities
    step         fixed step [s]: needed by methods without error estimate; the last one is shortened to fit
    first_step, max_step, min_step, max_steps    bounds of the steps; when they cannot hold the status says so
    breakpoints  times where f jumps: steps end there, and f is taken only inside the pieces
    dense        keep interpolants while solving; else they are made again when solution(t) is first called
    save         "steps" or "end": only the last row
    sensitivities  also ∂y/∂y0 and ∂y/∂p, through events too
    compiled     None: compile what is njit; True: compile f; False: run f as Python
    progress     called with t now and then
    returns      Solution; a failure is its status, with what to try in its message
    raises       InvalidInput, UnknownName, or what f raises
    """
    name = method if isinstance(method, str) and method in METHODS else find(method)
    t0, t1 = read_span(t_span)
    y = read_state(y0)
    if len(y) == 0:
        raise InvalidInput("y0 must have at least one component")
    f, p, jac = unpack(f, p, jac, len(y))
    if name in STIFF or sensitivities:
        from robocalc.ode.elsewhere import solve_elsewhere

        arguments = {k: v for k, v in locals().items() if k in OPTIONS}
        return solve_elsewhere(name, f, (t0, t1), y, **arguments)
    params = read_parameters(p)
    tol = read_tolerances(rtol, atol, len(y))
    times = None if t_eval is None else read_times(t_eval, t0, t1)
    if save not in SAVES:
        raise InvalidInput(f"save must be one of {SAVES}, got {save!r}")
    if name in SYMPLECTIC and len(y) % 2:
        raise InvalidInput(f"method {name!r} needs y = (q, v) with halves of equal length, got {len(y)} components")
    watched = read_events(events) if events is not None else ()
    ready = plan(name)
    field, params = make_field(f, len(y), params, compiled)
    keep_rows = save == "steps" and times is None
    if field.address == 0:  # plain Python on few scalars: a generated Python loop, unless kernels are needed
        from robocalc.ode.pystep import try_scalar

        simple = not watched and len(breakpoints) == 0 and step is None and ready.adaptive and progress is None
        if simple and t1 != t0:
            options = (tol, times, first_step, max_step, min_step, max_steps, dense, keep_rows)
            found = try_scalar(ready.name, field, t0, t1, y, params, *options)
            if found is not None:
                return found
        field = field.as_callback(len(y))
    run = Run(ready, field, t0, y, params, tol, save=keep_rows, dense=dense, t_eval=times)
    _bounds(run, t0, t1, step, first_step, max_step, min_step, max_steps)
    if watched:
        run.watch(watched, event_field(watched), float(tol[0].min(initial=1.0)))
    stops = read_breakpoints(breakpoints, t0, t1) if len(breakpoints) else (t1,)
    status = run.drive(stops, progress)
    return finish(run, status, ready.name, times, keep_rows, (f, jac))


OPTIONS = (
    "p", "rtol", "atol", "t_eval", "events", "jac", "step", "first_step", "max_step", "min_step", "max_steps",
    "breakpoints", "dense", "save", "sensitivities", "compiled", "progress",
)  # fmt: skip


def _bounds(run, t0, t1, step, first_step, max_step, min_step, max_steps):
    """Limits of the steps, into the run's arrays. Raises InvalidInput."""
    ctl, cnt, span = run.ctl, run.cnt, abs(t1 - t0)
    if step is not None:
        ctl[lay.FIXED] = positive("step", step)
    elif not run.plan.adaptive:
        raise InvalidInput(f"method {run.plan.name!r} has no error estimate: give step=, or use an adaptive method")
    if first_step is not None:
        ctl[lay.H] = positive("first_step", first_step)
        if span and first_step > span:
            raise InvalidInput(f"`first_step` exceeds bounds: {first_step!r} is longer than the interval {span!r}")
    if max_step != np.inf:
        ctl[lay.MAX_STEP] = positive("max_step", max_step)
    if min_step:
        ctl[lay.MIN_STEP] = positive("min_step", min_step)
        if min_step > max_step:
            raise InvalidInput(f"min_step {min_step!r} is larger than max_step {max_step!r}")
    if not max_steps >= 1:
        raise InvalidInput(f"max_steps must be at least 1, got {max_steps!r}")
    cnt[lay.MAX_STEPS] = min(max_steps, 2**62)


def finish(run, status, name, times, keep_rows, traced=None) -> Solution:
    """The Solution of a driven run."""
    t_events, y_events = run.event_lists() if run.event_list else ((), ())
    interpolate = trace = None
    rows = run.cnt[lay.ROW]
    if times is not None:
        count = run.cnt[lay.NEXT_EVAL]
        t, y = times[:count], run.EV[:count]
        if status is Status.TERMINATED and not (count and t[-1] == run.ctl[lay.T]):
            t, y = np.append(t, run.ctl[lay.T]), np.vstack([y, run.state])
    elif keep_rows:
        t, y = run.TS[:rows].copy(), run.YS[:rows].copy()
    else:
        t, y = run.ctl[lay.T : lay.T + 1].copy(), run.state.reshape(1, -1)
    if run.cnt[lay.DENSE]:
        interpolate = Dense(run.TS[:rows].copy(), run.HS[: rows - 1].copy(), run.D[: rows - 1].copy())
    if keep_rows and traced is not None:
        from robocalc.ode.trace import Trace

        trace = Trace(run, t, y, *traced)
        interpolate = interpolate or trace.interpolate
    message = status.value if status.success else explain(run, status)
    return Solution(
        t, y, status, message, run.counters(), name, t_events, y_events, interpolate=interpolate, trace=trace
    )


def explain(run, status) -> str:
    """What happened, where, and what to try: one sentence."""
    t, bad, near = run.ctl[lay.T], int(run.cnt[lay.BAD]), run.ctl[lay.T_BAD]
    if status is Status.NON_FINITE and run.plan.name in COLLOCATIONS and np.isfinite(run.work[: run.n]).all():
        return (
            f"non-finite or not converged: the implicit equations of {run.plan.name!r} were not solved "
            f"near t = {near:.9g}; "
            "take a smaller step, or method='radau' if the problem is stiff"
        )
    if status is Status.NON_FINITE:
        which = f"component {bad} of the right-hand side" if bad >= 0 else "the state"
        return (
            f"non-finite right-hand side: {which} became infinite or nan near t = {near:.9g}; "
            "check its formula there (division by zero, overflow), or stop before with a terminal event"
        )
    if status is Status.STEP_TOO_SMALL:
        return (
            f"step too small near t = {near:.9g}: the required step size is less than spacing between numbers, "
            "or than min_step; "
            "the solution may have a singularity there: stop before it with a terminal event, give breakpoints if f "
            "jumps, loosen rtol and atol, or try method='lsoda' if the problem is stiff"
        )
    if status is Status.TOO_MANY_STEPS:
        return (
            f"too many steps: max_steps = {int(run.cnt[lay.MAX_STEPS])} were used up at t = {t:.9g}; "
            "raise max_steps, loosen rtol and atol, or try method='lsoda' if the problem is stiff"
        )
    return (
        f"events pile up near t = {t:.9g}: resets follow each other within rounding (Zeno); "
        "make the event terminal there, or let its reset bring the state to rest"
    )
