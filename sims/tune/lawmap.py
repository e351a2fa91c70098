"""From the numbers that move to a law, and the law's derivatives by them.

    Entry        one number of a controller: field, and joint or None for all joints
    controller   the scenario's controller with entries set
    law_with     the law, dgains and dmemory (.., .., P)

A design computes the arrays of its law once, by formulas of its own (poles, Riccati). They are differentiated by
central differences of these formulas alone, with Richardson's extrapolation, which is exact to about 1e-9; the closed
loop itself is differentiated exactly.
"""

from typing import NamedTuple

import numpy as np

from robocalc.control import PD, PID, ComputedTorque
from robocalc.errors import InvalidInput

SEPARABLE = (PD, PID, ComputedTorque)  # the gains of a joint change column i of the law's gains alone
NUDGE = 1e-3  # relative


class Entry(NamedTuple):
    field: str
    joint: int | None


def controller(part, entries, values, n):
    """`part` (a scenario's controller) with values at entries; one number for all becomes one a joint if need be."""
    changes = {}
    for entry, value in zip(entries, values, strict=True):
        if entry.joint is None:
            changes[entry.field] = float(value)
        else:
            row = changes.setdefault(entry.field, _spread(part, entry.field, n))
            row[entry.joint] = float(value)
    changes = {key: tuple(x) if isinstance(x, list) else x for key, x in changes.items()}
    return part.model_copy(update=changes)


def _spread(part, field, n):
    given = getattr(part, field)
    if given is None:
        raise InvalidInput(f"controller.{field} has no value to begin with: give the scenario one")
    return list(given) if isinstance(given, tuple) else [float(given)] * n


def law_with(case, part, entries, values):
    """(law, dgains, dmemory) of a case, by each entry's number."""
    values = np.asarray(values, float)
    law = case.law(controller(part, entries, values, case.n))
    dgains = np.zeros((*law.gains.shape, len(entries)))
    dmemory = np.zeros((*law.memory.shape, len(entries)))
    for group in _groups(part, entries, case.n):
        gains, memory = _differences(case, part, entries, values, group)
        for p in group:
            i = entries[p].joint
            if i is None or len(group) == 1:
                dgains[..., p], dmemory[..., p] = gains, memory
            else:
                dgains[:, i, p] = gains[:, i]
    return law, dgains, dmemory


def _groups(part, entries, n):
    """Entries that can be nudged at once: those of one field, where each has a column of its own."""
    if not isinstance(part.design(), SEPARABLE):
        return [[p] for p in range(len(entries))]
    fields = {}
    for p, entry in enumerate(entries):
        fields.setdefault(entry.field if entry.joint is not None else p, []).append(p)
    return list(fields.values())


def _differences(case, part, entries, values, group):
    """(dgains, dmemory) where each value of the group moves at its own rate of one."""
    step = np.zeros(len(values))
    step[group] = NUDGE * np.maximum(np.abs(values[group]), 1e-6)

    def of(s):
        law = case.law(controller(part, entries, values + s * step, case.n))
        return law.gains, law.memory

    near, far = ([(a - b) / (2 * s) for a, b in zip(of(s), of(-s), strict=True)] for s in (1.0, 2.0))
    gains, memory = ((4.0 * a - b) / 3.0 for a, b in zip(near, far, strict=True))
    if len(group) == 1:
        return gains / step[group[0]], memory / step[group[0]]
    width = np.ones(gains.shape[1])
    for p in group:
        width[entries[p].joint] = step[p]
    return gains / width, memory
