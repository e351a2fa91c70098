"""Descent by exact gradients: Gauss-Newton steps in a trust region, and quasi-Newton where there is no curvature.

    gauss_newton   steps of (B + λ D) d = -g within the box; B = curvature of the figures (H of sims.tune.figures) plus
                   a secant correction for what H leaves out
    lbfgs          the same without H: B is built from gradients alone (BFGS)

First the starts are looked at, and the best one's groups of gains moved as wholes, by costs alone. Safeguards: λ grows
until the cost falls as much as the model says; a diverged point counts as infinite; numbers at a bound that the cost
pushes outwards are held there. After a descent has come to its end, the next best starts and then random ones
around the best follow, until the budget is used up.
Source: Nocedal & Wright (2006), ch. 4, 6 and 10.3 (structured quasi-Newton); Nielsen (1999) for λ.
"""

import numpy as np

from sims.tune.methods.protocol import Ask, inside

SMALL_STEP = 1e-4  # of a range: a descent ends
SMALL_GAIN = 1e-6  # relative
FIRST_DAMPING = 0.1
LEAST_DAMPING, MOST_DAMPING = 1e-6, 1e8
MORE_STARTS = 2  # of those given, from which is descended besides the best
COARSE = 0.1  # of a range: step of whole groups before the first descent
SPREAD = 0.15  # of a range: how far from the best new starts lie
REACH = 0.2  # of a range: the longest step


def gauss_newton(task):
    yield from _many_starts(task, curved=True)


def lbfgs(task):
    yield from _many_starts(task, curved=False)


def _many_starts(task, curved):
    rng, left, best = np.random.default_rng(task.seed), task.budget, None
    looked = list(task.starts[: max(1, left // 4)])  # cheap: costs alone tell which start to descend from
    answers = yield Ask(looked)
    left -= len(looked)
    order = np.argsort([a.cost for a in answers], kind="stable")
    x, used = yield from _coarse(task, looked[order[0]], answers[order[0]].cost, left // 4)
    left -= used
    waiting = [x, *(looked[i] for i in order[1 : 1 + MORE_STARTS])]
    while left > 0:
        if waiting:
            x = waiting.pop(0)
        else:
            x = inside((best[1] if best else task.starts[0]) + SPREAD * rng.standard_normal(task.P))
        found, used = yield from _descend(x, left, curved)
        left -= used
        if found is not None and (best is None or found[0] < best[0]):
            best = found


def _coarse(task, x, cost, budget):
    """(x, evaluations): whole groups (all kp, all kd) moved up and down as long as that helps. A loop near the edge of
    stability has gradients that tell nothing of the way back; this finds it."""
    used, idle, kinds = 0, 0, list(dict.fromkeys(task.groups.tolist()))
    moves = [sign * COARSE * (task.groups == g) for g in reversed(kinds) for sign in (-1.0, 1.0)]
    k = 0
    while used < budget and idle < len(moves):
        y = inside(x + moves[k])
        (answer,) = yield Ask([y])
        used += 1
        if answer.cost < cost - SMALL_GAIN * abs(cost):
            x, cost, idle = y, answer.cost, 0  # and once more the same way
        else:
            idle, k = idle + 1, (k + 1) % len(moves)
    return x, used


def _descend(x, budget, curved):
    """((cost, x) or None, evaluations): one descent from x."""
    (here,) = yield Ask([x], True)
    used = 1
    if here.gradient is None:
        return None, used
    P, damping, grow = len(x), FIRST_DAMPING, 2.0
    S = np.zeros((P, P)) if curved else None
    B = here.curvature if curved else np.eye(P) * max(1e-12, np.abs(here.gradient).max()) / REACH
    while used < budget:
        d, predicted = _step(x, here.gradient, B, damping)
        if np.abs(d).max() < SMALL_STEP:
            break
        (there,) = yield Ask([inside(x + d)], True)
        used += 1
        gain = here.cost - there.cost if there.gradient is not None else -np.inf
        if gain <= 0 or there.gradient is None:
            if there.gradient is not None and not curved:
                B = _secant(B, d, there.gradient - here.gradient)
            damping, grow = damping * grow, 2.0 * grow
            if damping > MOST_DAMPING:
                break
            continue
        y = there.gradient - here.gradient
        if curved:
            S = _correction(S, d, y - there.curvature @ d)
            B = _positive(there.curvature + S)
        else:
            B = _secant(B, d, y)
        quality = gain / predicted if predicted > 0 else 0.0
        damping = max(LEAST_DAMPING, damping * max(1 / 5, 1 - (2 * quality - 1) ** 3))
        grow, ended = 2.0, gain < SMALL_GAIN * abs(here.cost)
        x, here = inside(x + d), there
        if ended:
            break
    return (here.cost, x), used


def _step(x, g, B, damping):
    """(d, predicted fall) of the damped model within the box and REACH; numbers held at a bound do not move."""
    free = ~(((x <= 0) & (g > 0)) | ((x >= 1) & (g < 0)))
    scale = max(np.trace(B) / len(x), 1e-12)
    d = np.zeros_like(x)
    for _ in range(len(x)):
        if not free.any():
            break
        A = B[np.ix_(free, free)] + damping * scale * np.eye(free.sum())
        held = B[np.ix_(free, ~free)] @ d[~free]
        d[free] = np.linalg.solve(A, -(g[free] + held))
        beyond = free & ((x + d < 0) | (x + d > 1))
        if not beyond.any():
            break
        d[beyond] = np.clip(x + d, 0, 1)[beyond] - x[beyond]
        free &= ~beyond
    d *= min(1.0, REACH / max(np.abs(d).max(), 1e-300))
    return d, -(g @ d + 0.5 * d @ B @ d)


def _secant(B, s, y):
    """BFGS, damped (Powell) so that B stays positive definite."""
    Bs = B @ s
    sBs = s @ Bs
    if sBs <= 0:
        return B
    share = 1.0 if s @ y >= 0.2 * sBs else 0.8 * sBs / (sBs - s @ y)
    r = share * y + (1 - share) * Bs
    return B - np.outer(Bs, Bs) / sBs + np.outer(r, r) / (s @ r)


def _correction(S, s, y):
    """Symmetric rank one: what of the change of the gradient the curvature does not tell."""
    r = y - S @ s
    if abs(r @ s) < 1e-8 * np.linalg.norm(r) * np.linalg.norm(s):
        return S
    return S + np.outer(r, r) / (r @ s)


def _positive(B):
    """B with its negative eigenvalues turned over."""
    w, U = np.linalg.eigh((B + B.T) / 2)
    return (U * np.maximum(np.abs(w), 1e-10 * max(abs(w).max(), 1e-300))) @ U.T
