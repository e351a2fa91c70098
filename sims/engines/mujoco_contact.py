"""How two surfaces meet in MuJoCo: solref and solimp that make its soft contacts those of PyBullet.

soften     of every declared pair of a compiled model
spring     a compliant surface: spring and damper as in PyBullet, stable for any
damping_ratio   of a contact that rebounds with a given restitution
"""

from functools import cache

import numpy as np

HARD = (0.95, 0.99, 0.001, 0.5, 2.0)  # solimp of a rigid contact
SETTLE_STEPS = 4.0  # time constant of a rigid contact [steps]; below 2 MuJoCo is unstable
BOUNCE = 0.2  # ω dt of a bouncing contact: the smaller, the deeper, and the nearer each bounce is to the mean one


def soften(model, surfaces, dt):
    """solref and solimp of every pair. MuJoCo's negative solref are a spring's and damper's constants per mass."""
    for k, (one, two) in enumerate(surfaces):
        springs = [s.stiffness for s in (one, two) if s.stiffness > 0]
        bounce = one.restitution * two.restitution
        if springs:
            bodies = [model.geom_bodyid[g] for g in (model.pair_geom1[k], model.pair_geom2[k])]
            per_mass = sum(model.body_invweight0[b, 0] for b in bodies)
            stiffness, damping = 1 / sum(1 / s for s in springs), one.damping + two.damping
            model.pair_solref[k], d = spring(stiffness, damping, per_mass, dt)
            model.pair_solimp[k] = (d, d, *HARD[2:])
        elif bounce > 0:
            rate = BOUNCE / dt
            model.pair_solref[k] = -(rate**2), -2 * damping_ratio(bounce) * rate
            model.pair_solimp[k] = (0.99, 0.99, *HARD[2:])
        else:
            model.pair_solref[k], model.pair_solimp[k] = (SETTLE_STEPS * dt, 1.0), HARD


def spring(stiffness, damping, per_mass, dt):
    """(solref, impedance d) of a contact with f = -(K x₊ + B v₊) at the end of the step, stable for any K and B.

        f = (aᵣ - a)/R,   1/R = dt (B + K dt),   aᵣ = -R K x - v/dt,   d = A/(A + R)

    per_mass is A [1/kg]. Source: MuJoCo's computation chapter, "Constraint model"; PyBullet's contact is the same.
    """
    R = 1 / (dt * (damping + stiffness * dt))
    d = float(np.clip(per_mass / (per_mass + R), 1e-4, 0.9999))
    return (-R * stiffness * d, -d / dt), d


def rebound(z):
    """Speed after over speed before an impact on a spring and damper of ratio z that can only push, in steps as
    MuJoCo's, the mean over where in a step the surfaces meet:  v₊ = v - dt (2 z ω v + ω² x),  x₊ = x + dt v₊."""
    found = []
    for early in (0.1, 0.3, 0.5, 0.7, 0.9):
        x, v = -early, -1.0  # in units of dt and of the speed before
        while x < 0:
            push = -2 * z * BOUNCE * v - BOUNCE**2 * x
            v += max(0.0, push)
            x += v
        found.append(v)
    return float(np.mean(found))


@cache
def damping_ratio(restitution):
    """The z for which `rebound` is that restitution; 0 where it is 1."""
    low, high = 0.0, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if rebound(middle) > restitution else (low, middle)
    return low
