"""Sensitivities of whole solutions: ∂y(t)/∂y0 and ∂y(t)/∂p beside the state, on the state's own steps.

The variational equation is solved by the same method on the same steps (step control looks at y alone), so the result
is the exact derivative of the discrete solution for frozen steps. Events carry it across by their saltation matrix.
"""

from dataclasses import replace

import numpy as np

from robocalc.ode import layout as lay
from robocalc.ode.augmented import inner, seed, tail, variational
from robocalc.ode.checks import read_breakpoints, read_parameters, read_times, read_tolerances
from robocalc.ode.engine import Run, plan
from robocalc.ode.events import event_field, read_events
from robocalc.ode.jacobian import jacobian_field
from robocalc.ode.problem import make_field
from robocalc.ode.rhs import Field
from robocalc.ode.saltation import saltation


def field_at(run, t, y, p) -> np.ndarray:
    """f(t, y, p) by the run's field."""
    from robocalc.ode.redo import evaluate

    out = np.empty(len(y))
    evaluate(run.field.address, t, np.ascontiguousarray(y), np.ascontiguousarray(p), out)
    return out


def jump_matrix(run, e, t, before, after, p=None, field=None):
    """The saltation matrix of event e of a run, from the states before and after."""
    p = run.p if p is None else p
    return saltation(
        run.event_list[e],
        t,
        before,
        after,
        field_at(field or run, t, before, p),
        field_at(field or run, t, after, p),
        p,
    )


def terminal_events(run, t) -> list:
    """The event without reset that ended the run at t, if one did."""
    ended = [
        e
        for e, event in enumerate(run.event_list)
        if event.terminal and event.reset is None and run.events[e, lay.E_COUNT] >= event.terminal
    ]
    hits = run.hits[: run.cnt[lay.HITS]]
    return [e for e in ended if np.any((hits[:, 0] == t) & (hits[:, 1] == e))][:1]


class _Inner:
    """What `field_at` needs of a run: its inner field."""

    def __init__(self, field):
        self.field = field


class SensitivityRun(Run):
    """A run of z = (y, S); resets move y by the user's function and S by the saltation matrix."""

    def prepare(self, n, field, p):
        self.inner_n, self.inner, self.inner_p = n, _Inner(field), p
        return self

    def _reset(self, event, t, z):
        n = self.inner_n
        keep, self.n = self.n, n
        self.p, outer = self.inner_p, self.p
        try:
            after = super()._reset(event, t, z[:n])
        finally:
            self.n, self.p = keep, outer
        e = self.event_list.index(event)
        matrix = jump_matrix(self, e, t, z[:n].copy(), after, self.inner_p, self.inner)
        return np.concatenate([after, self.across(matrix, z[n:]).reshape(-1)])

    def across(self, matrix, S):
        """M (S_y, S_p) + (0, M_p)."""
        n = self.inner_n
        out = matrix[:, :n] @ S.reshape(n, -1)
        out[:, n:] += matrix[:, n:]
        return out


def solve_with_sensitivities(
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
    """`solve` with y_y0 and y_p filled."""
    from robocalc.ode.solving import _bounds, finish

    t0, t1 = span
    n, params, tol = len(y), read_parameters(p), read_tolerances(rtol, atol, len(y))
    m = len(params)
    times = None if t_eval is None else read_times(t_eval, t0, t1)
    field, params = make_field(f, n, params, compiled)
    if field.address == 0:
        field = field.as_callback(n)
    jacobian = jacobian_field(f, field, jac, n, m)
    watched = read_events(events)
    g = event_field(watched) if watched else None
    end, scratch = tail(field, jacobian, n, m, g.address if g else 0)
    address, keep = variational(n, m)
    wide = Field(address, (keep, field, jacobian, scratch), None, field.compiled and jacobian.compiled, "typ")
    wide_tol = np.concatenate([tol, np.ones((2, n * (n + m)))], axis=1)
    keep_rows = save == "steps" and times is None
    wants = {"save": keep_rows, "dense": dense, "t_eval": times, "controlled": n}
    run = SensitivityRun(plan(name), wide, t0, seed(y, m), np.concatenate([params, end]), wide_tol, **wants)
    run.prepare(n, field, params)
    for part in (field, jacobian):
        part.abort = run.cnt[lay.ABORT : lay.ABORT + 1]
    _bounds(run, t0, t1, step, first_step, max_step, min_step, max_steps)
    if watched:
        address, keep_inner = inner(n)
        run.watch(watched, Field(address, (keep_inner, g), None, True, "typ"), float(tol[0].min(initial=1.0)))
        g.abort = run.cnt[lay.ABORT : lay.ABORT + 1]
    stops = read_breakpoints(breakpoints, t0, t1) if len(breakpoints) else (t1,)
    status = run.drive(stops, progress)
    for part in (field, jacobian, *((g,) if g else ())):
        part.raise_failure()
    wide_solution = finish(run, status, name, times, keep_rows)
    return _split(run, wide_solution, n, m)


def _split(run, wide, n, m):
    """The user's solution from that of z; a terminal event's last row is the state at the event, whose time moves."""
    S = wide.y[:, n:].reshape(-1, n, n + m).copy()
    ended = terminal_events(run, wide.t[-1]) if len(wide.t) else []
    if ended:
        z = run.work[:n].copy()
        S[-1] = run.across(jump_matrix(run, ended[0], wide.t[-1], z, z, run.inner_p, run.inner), S[-1])
    interpolate = wide.interpolate and (lambda t: wide.interpolate(t)[..., :n])
    return replace(
        wide,
        y=wide.y[:, :n].copy(),
        y_events=tuple(states[:, :n] for states in wide.y_events),
        y_y0=S[:, :, :n],
        y_p=S[:, :, n:],
        interpolate=interpolate,
    )
