"""Whether a problem may have many minima, told cheaply: then several starts are worth their time.

many_minima   the reason in words, or "" where the guess alone will do
"""

import numpy as np

from robocalc.optimize.motion import guessed

POINTS = 11  # of the guess that are looked at
SWEEPS = 60  # of the search for inputs that hold still
HELD = 0.02  # share of the drift that counts as none
TRIALS = 64  # chords of a constraint
BENT = 1e-6  # relative sag of a chord that counts as a curve
LARGEST = 20  # states: beyond, starts cost more than they are likely to bring


def many_minima(job) -> str:
    """Why a Collocation's problem may have many minima: "" for linear ones, or where the guess is a way to go.

    Two signs: the system cannot stand still all along the line between its ends (it must swing, or roll), or a path
    constraint leaves a region that is not convex (an obstacle, with a way around on either side).
    """
    problem = job.problem
    if job.convex or problem.nx > LARGEST:
        return ""
    bent = _bent(job)
    if bent:
        return f"constraint {bent!r} leaves a region that is not convex"
    if not stands(job):
        return "the system cannot stand still everywhere between its ends, so that it must swing there"
    return ""


def stands(job) -> bool:
    """Whether inputs within bounds hold the system still at every point of its guess, as far as they are linear."""
    problem, tau = job.problem, np.linspace(0, 1, POINTS)
    x, u, T, p = guessed(problem, tau)
    scale = job.scales[0]
    drift = lambda u: np.nan_to_num(job.rates(tau * T, x, u, p)[0] / scale)  # noqa: E731
    f, B = drift(u), np.empty((POINTS, problem.nx, problem.nu))
    step = 1e-4 * job.scales[1]
    for i in range(problem.nu):
        e = np.zeros(problem.nu)
        e[i] = step[i]
        B[:, :, i] = (drift(u + e) - drift(u - e)) / (2 * step[i])
    size, B2 = np.linalg.norm(f, axis=1), np.maximum((B**2).sum(axis=1), 1e-300)
    for _ in range(SWEEPS):  # coordinate descent inside the bounds
        for i in range(problem.nu):
            to = np.clip(u[:, i] - (B[:, :, i] * f).sum(axis=1) / B2[:, i], *problem.u_bounds[:, i])
            f, u[:, i] = f + B[:, :, i] * (to - u[:, i])[:, None], to
    return bool((np.linalg.norm(f, axis=1) <= HELD * np.maximum(size.max(), 1e-9)).all())


def _bent(job) -> str:
    """Name of a path constraint that a chord between two allowed points may break; random chords near the guess."""
    rows = job.traced.rows["path"]
    if not rows:
        return ""
    problem, rng = job.problem, np.random.default_rng(0)
    tau = rng.uniform(size=TRIALS)
    x, u, T, p = guessed(problem, tau)
    sx, su = job.scales
    x, u = x + 0.5 * sx * rng.normal(size=x.shape), u + 0.5 * su * rng.normal(size=u.shape)
    dx, du = 0.3 * sx * rng.normal(size=x.shape), 0.3 * su * rng.normal(size=u.shape)
    g = lambda s: np.array(  # noqa: E731
        job.traced.gains.map(TRIALS)((tau * T)[None], (x + s * dx).T, (u + s * du).T, np.tile(p[:, None], TRIALS))[0]
    )
    middle = g(0.0)
    sag = (g(1.0) + g(-1.0) - 2 * middle) / (1 + np.abs(middle))
    lo, hi = job.row_limits("path")
    wrong = (np.isfinite(lo) & (sag > BENT).any(axis=1)) | (np.isfinite(hi) & (sag < -BENT).any(axis=1))
    return rows[int(np.argmax(wrong))][0].name if wrong.any() else ""
