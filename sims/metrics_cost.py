"""What a motion takes from the mains, from the machine and from the purse. Arrays (N + 1, n), time first.

electrical_power   of each joint, copper losses included
electrical_energy  drawn over a run, with or without regeneration
wear               travel weighted with the cube of the load
costs              the figures of a run: (name, value, unit, time or None) each
"""

from typing import NamedTuple

import numpy as np

LOSS = 0.1  # of the peak power τ_max v_max that is lost at full torque, where nobody says otherwise
LIFE = 3.0  # exponent of load in the life of rolling bearings: ISO 281, equation of the basic rating life
KWH, HOUR = 3.6e6, 3600.0  # [J], [s]
NOISE = 0.02  # of the largest torque of a joint: smaller swings do not count as reversals
FAINT = 1e-9  # of the largest torque of all joints: likewise


class Drives(NamedTuple):
    """copper (n,) [W/(N m)²]; idle [W]; regeneration 0..1, of all or (n,); rated (n,) [N m | N] of full load, inf:
    never worn.
    """

    copper: np.ndarray
    idle: float
    regeneration: float
    rated: np.ndarray

    @classmethod
    def of(cls, robot, motors) -> "Drives":
        """From a scenario's `robot.motors`; the copper loss left out is LOSS v_max / τ_max, 0 without a limit."""
        torque = np.abs(robot.limits.bounds("torque", robot.n)).max(axis=0)
        speed = np.abs(robot.limits.bounds("velocity", robot.n)).max(axis=0)
        known = np.isfinite(torque) & np.isfinite(speed) & (torque > 0)
        copper = np.where(known, LOSS * np.where(known, speed, 0.0) / np.where(known, torque, 1.0), 0.0)
        if motors.copper_loss is not None:
            copper = np.broadcast_to(np.array(motors.copper_loss, float), (robot.n,))
        rated = np.where((torque > 0) & np.isfinite(torque), torque, np.inf)
        return cls(copper, float(motors.idle_power), float(motors.regeneration), rated)

    @classmethod
    def of_all(cls, drives) -> "Drives":
        """The drives of several robots."""
        drives = list(drives)
        shares = np.concatenate([np.full(len(d.copper), d.regeneration) for d in drives])
        copper, rated = (np.concatenate([getattr(d, key) for d in drives]) for key in ("copper", "rated"))
        return cls(copper, sum(d.idle for d in drives), shares, rated)


def electrical_power(tau, v, copper):
    """(N, n) P = τ v + c τ² [W] in each step: torque held, the step's end velocity (that is the displacement)."""
    return tau[:-1] * v[1:] + copper * np.square(tau[:-1])


def electrical_energy(power, dt, regeneration=0.0, idle=0.0):
    """∫ Σ (P⁺ - η P⁻) dt + idle power [J], P⁻ what braking joints give and η the share of it that is used."""
    drawn = np.where(power > 0, power, regeneration * power)
    return float(np.sum(drawn) * dt + idle * dt * len(power))


def wear(tau, v, rated, dt):
    """∫ Σ (|τ| / τ_max)³ |v| dt [rad | m]: travel at full torque that wears bearings and gears as much (ISO 281)."""
    return float(np.sum((np.abs(tau[:-1]) / rated) ** LIFE * np.abs(v[1:])) * dt)


def reversals(tau):
    """How often the torque of a joint changes its sign, of all joints; swings below NOISE of its largest are left out,
    and those below FAINT of the largest of all joints: a joint that carries nothing has the signs of rounding.
    """
    tau, count = np.asarray(tau), 0
    faint = FAINT * np.abs(tau).max(initial=0.0)
    for one in tau.T:
        size = np.abs(one)
        signs = np.sign(one[size > max(NOISE * size.max(initial=0.0), faint)])
        count += int(np.count_nonzero(np.diff(signs)))
    return count


def costs(run, drives: Drives, prices=None):
    """(name, value, unit, time) of a run (sims.metrics.Evidence); cost.per_cycle only where there are prices."""
    power = electrical_power(run.tau, run.v, drives.copper)
    energy = electrical_energy(power, run.dt, drives.regeneration, drives.idle)
    worn = wear(run.tau, run.v, drives.rated, run.dt)
    yield "energy.electrical_j", energy, "J", None
    if len(power):
        total = power.sum(axis=1) + drives.idle
        yield "power.peak_w", float(total.max()), "W", float(run.t[int(np.argmax(total))])
    yield "wear.full_load_rad", worn, "rad", None
    yield "wear.reversals", reversals(run.tau[:-1]), "-", None
    if prices is not None:
        cost = prices.energy * energy / KWH + prices.machine * float(run.t[-1]) / HOUR + prices.wear * worn
        yield "cost.per_cycle", float(cost), prices.currency, None
