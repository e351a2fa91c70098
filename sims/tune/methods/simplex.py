"""Without gradients, without draws: Nelder-Mead from a structured simplex, and pattern search.

    nelder_mead   the first simplex moves whole groups (all kp, all kd) before single numbers: most of what a set of
                  gains has wrong is common to the joints. Coefficients adapt to the dimension; restarts at the best.
    pattern       one number after the other, up and down, with steps that grow and shrink; the cheapest to understand
Source: Gao & Han (2012), Nelder-Mead with adaptive parameters; Hooke & Jeeves (1961).
"""

import numpy as np

from sims.tune.methods.protocol import Ask, inside

FIRST, AGAIN = 0.12, 0.04  # of a range: edge of the first simplex, and of that of a restart
FLAT = 1e-7  # relative difference of costs over the simplex: time to restart
NEAR = 1e-5


def nelder_mead(task):
    count = [0]

    def look(x):
        count[0] += 1
        (answer,) = yield Ask([x])
        return answer.cost

    scored = []
    for x in task.starts[: max(1, task.budget // 4)]:
        scored.append(((yield from look(x)), x))
    cost, x = min(scored, key=lambda item: item[0])
    edge = FIRST
    while count[0] < task.budget:
        found, at = yield from _simplex(task, look, count, x, cost, edge)
        x, cost = (at, found) if found < cost else (x, cost)
        edge = AGAIN if edge == FIRST else -edge  # a restart looks the other way, too


def _directions(task):
    """(P, P) rows: one a group, then single numbers, all but the last of each group."""
    rows = []
    kinds = list(dict.fromkeys(task.groups.tolist()))
    for kind in kinds:
        rows.append((task.groups == kind).astype(float))
    for kind in kinds:
        for i in np.flatnonzero(task.groups == kind)[:-1]:
            rows.append(np.eye(task.P)[i])
    return np.array(rows)


def _simplex(task, look, count, x, cost, edge):
    """(cost, x) of the best, when the simplex is flat or the budget is used up."""
    P = task.P
    up, out, back, shrink = 1.0, 1.0 + 2.0 / P, 0.75 - 0.5 / P, 1.0 - 1.0 / P
    if P == 1:
        out, back, shrink = 2.0, 0.5, 0.5
    points, costs = [x], [cost]
    for d in _directions(task):
        if count[0] >= task.budget:
            break
        y = inside(x + edge * d)
        c = yield from look(y)
        if c > cost and count[0] < task.budget and np.count_nonzero(d) > 1:  # a group: look the other way at once
            z = inside(x - edge * d)
            c_z = yield from look(z)
            y, c = (z, c_z) if c_z < c else (y, c)
        points.append(y)
        costs.append(c)
    points, costs = np.array(points), np.array(costs)
    while count[0] < task.budget and len(points) == P + 1:
        order = np.argsort(costs, kind="stable")
        points, costs = points[order], costs[order]
        if costs[-1] - costs[0] <= FLAT * abs(costs[0]) or np.abs(points - points[0]).max() < NEAR:
            break
        middle = points[:-1].mean(axis=0)
        away = middle - points[-1]
        reflected = inside(middle + up * away)
        c = yield from look(reflected)
        if costs[0] <= c < costs[-2]:
            points[-1], costs[-1] = reflected, c
            continue
        if c < costs[0]:
            if count[0] < task.budget:
                further = inside(middle + out * away)
                c_out = yield from look(further)
                reflected, c = (further, c_out) if c_out < c else (reflected, c)
            points[-1], costs[-1] = reflected, c
            continue
        if count[0] >= task.budget:
            break
        inner = inside(middle + (back if c < costs[-1] else -back) * away)
        c_in = yield from look(inner)
        if c_in < min(c, costs[-1]):
            points[-1], costs[-1] = inner, c_in
            continue
        for k in range(1, P + 1):
            if count[0] >= task.budget:
                break
            points[k] = inside(points[0] + shrink * (points[k] - points[0]))
            costs[k] = yield from look(points[k])
    k = int(np.argmin(costs))
    return costs[k], points[k]


def pattern(task):
    left = task.budget
    answers = yield Ask(list(task.starts[: max(1, left // 4)]))
    left -= len(answers)
    k = int(np.argmin([a.cost for a in answers]))
    x, cost = np.array(task.starts[k]), answers[k].cost
    D = np.concatenate([_directions(task)[: len(set(task.groups.tolist()))], np.eye(task.P)])
    step = np.full(len(D), FIRST)
    while left > 0:
        moved = False
        for i, d in enumerate(D):
            for sign in (1.0, -1.0):
                if left <= 0:
                    return
                y = inside(x + sign * step[i] * d)
                (answer,) = yield Ask([y])
                left -= 1
                if answer.cost < cost:
                    x, cost, moved = y, answer.cost, True
                    step[i] = sign * min(abs(step[i]) * 1.6, 0.5)
                    break
            else:
                step[i] *= 0.5
        if not moved and np.abs(step).max() < NEAR:
            step = np.full(len(D), AGAIN)
