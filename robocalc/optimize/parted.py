"""The plan of several phases in seconds, out of that of the problem they make together.

parted   the Plan of a stacked problem, with a Plan for each phase
"""

from dataclasses import replace

import numpy as np

from robocalc.optimize.stack import Stack, lasts


def parted(whole, plan):
    """The Plan in seconds, with `phases`; states and inputs of all phases are joined where they are the same many."""
    s = Stack(whole)
    T = [plan.parameters[lasts(name)] for name in whole.names] if plan.parameters else [1.0] * len(whole.names)
    start = np.cumsum([0.0, *T])
    broken = tuple(_placed(v, whole, start) for v in plan.violations)
    parts = [_part(s, i, plan, T[i], broken) for i in range(len(T))]
    states, inputs = (_joined([getattr(p, n) for p in parts]) for n in ("states", "inputs"))
    given = set().union(*(p.parameter_ranges for p in s.problems)) | {lasts(n) for n in whole.names}
    return replace(
        plan,
        trajectory=_joined([p.trajectory for p in parts]),
        states=states,
        inputs=inputs,
        violations=broken,
        parameters={k: v for k, v in plan.parameters.items() if k in given},
        mesh=None if plan.mesh is None else np.concatenate([[0.0], *(a + p.mesh[1:] for a, p in zip(start, parts))]),
        multipliers={k: m for part in _multipliers(whole, plan, start) for k, m in part.items()},
        conflicts=tuple(
            replace(
                c,
                time=_when(c.constraint, c.time, whole, start),
                amount=c.amount * start[-1] ** (c.constraint == "duration"),
            )
            for c in plan.conflicts
        ),
        phases=tuple(parts),
    )


def _phase_of(name, whole):
    """Index of the phase that a constraint's name speaks of: the last one where it speaks of none."""
    for i, phase in enumerate(whole.names):
        if f"{phase}: " in name or name.startswith(f"{phase} to "):
            return i
    return len(whole.names) - 1


def _when(name, tau, whole, start):
    """Seconds of a fraction of the phase that a constraint belongs to."""
    if tau is None:
        return None
    i = _phase_of(name, whole)
    if any(name.startswith(whole.between(k)) for k in range(len(whole.names) - 1)):
        tau = 1.0  # where the phases meet
    return float(start[i] + tau * (start[i + 1] - start[i]))


def _placed(violation, whole, start):
    from robocalc.optimize.violations import said

    t = _when(violation.constraint, violation.time, whole, start)
    why = said(violation.constraint, violation.amount, violation.unit, t) if t is not None else violation.why
    return replace(violation, time=t, why=why)


def _part(s, i, plan, T, broken):
    from robocalc.trajectory import Trajectory

    problem, name = s.problems[i], s.whole.names[i]
    states = inputs = None
    if plan.states is not None:
        knots, parts = plan.states.knots * T, []
        for motion, places in ((plan.states, s.x[i]), (plan.inputs, s.u[i])):
            c = motion.coeffs[:, :, places]
            parts.append(Trajectory(knots, c / T ** np.arange(c.shape[1])[:, None]))
        states, inputs = parts
    n = problem.dynamics.n if problem.kind == "robot" else problem.nx
    return replace(
        plan,
        trajectory=None if states is None else Trajectory(states.knots, states.coeffs[:, :, :n]),
        states=states,
        inputs=inputs,
        cost=None,
        violations=tuple(v for v in broken if f"{name}: " in v.constraint),
        parameters={k: v for k, v in plan.parameters.items() if k in problem.parameter_ranges},
        mesh=None if plan.mesh is None else plan.mesh * T,
        multipliers={},
        conflicts=(),
        error={},
    )


def _joined(parts):
    """One Trajectory of several, or None where they do not fit together."""
    from robocalc.trajectory import Trajectory

    if any(p is None for p in parts) or len({p.n for p in parts}) > 1:
        return None
    knots, at = [parts[0].knots], parts[0].end
    for p in parts[1:]:
        knots.append(at + p.knots[1:])
        at += p.duration
    return Trajectory(np.concatenate(knots), np.concatenate([p.coeffs for p in parts]))


def _multipliers(whole, plan, start):
    for name, m in plan.multipliers.items():
        i = _phase_of(name, whole)
        T = start[i + 1] - start[i]
        t = np.array([_when(name, tau, whole, start) for tau in m.t])
        yield {name: replace(m, t=t, value=m.value / T, weight=m.weight * T) if m.path else replace(m, t=t)}
