"""What the model says of gains before anything is run: where to begin, and between which ends to look.

    gain_ranges   field -> (lowest (n,), highest (n,))
    first_points  values to begin with, the best guess first

A joint shows the inertia Mᵢᵢ. Poles at -wn (1 ± ...) of it need kp = Mᵢᵢ wn², kd = 2 Mᵢᵢ wn; how fast they may be is a
matter of the age of what the law knows, T = latency + 1.5 control periods: wn T of about 0.15 keeps a phase margin
above 60° on the lightest joints, whose inertia coupling makes a fraction of Mᵢᵢ. kd has a hard end at the damping that
one control period turns into a bounce (robocalc.control.damping_limit).
Source: pole placement for a double integrator with delay; Åström & Hägglund (2006), ch. 4.
"""

import numpy as np

from robocalc.control import damping_limit

BANDWIDTH = 0.15  # wn T of the first guess
LADDER = (1.0, 2.0 / 3.0, 4.0 / 3.0, 0.5, 2.0)  # of that, also tried
SLOW, FAST = 1.0 / 8.0, 10.0  # ends of the range of wn, of the first guess


def age(scenario) -> float:
    """T [s]: how old what the law knows is, on average, when its torque acts."""
    return scenario.sensors.latency + 1.5 * scenario.sim.timestep * scenario.sim.control_every


def gain_ranges(scenario, robot) -> dict:
    """Ends of kp, kd, ki [SI] and wn [rad/s] from inertia, period and latency; weights and others: not known."""
    wn, M = BANDWIDTH / age(scenario), np.maximum(np.diag(robot.mass_matrix(robot.home)), 1e-6)
    ends = damping_limit(robot, robot.home, scenario.sim.timestep * scenario.sim.control_every)
    slow, fast = SLOW * wn, FAST * wn
    one = np.ones(robot.n)
    return {
        "kp": (M * slow**2, M * fast**2),
        "kd": (0.5 * M * slow, np.minimum(2.0 * M * fast, np.maximum(ends, 2.0 * M * slow))),
        "ki": (0.05 * M * slow**3, M * fast**3 / 5.0),
        "wn": (slow * one, fast * one),
        "zeta": (0.4 * one, 2.0 * one),
        "rate": (slow / 5.0 * one, fast * one),
    }


def first_points(scenario, robot, space) -> np.ndarray:
    """(S, P): the model's guesses, then the scenario's own values; one row where nothing is known of any knob."""
    before = space.before()
    if not any(knob.entry is not None and knob.entry.field in ("kp", "kd", "wn") for knob in space.knobs):
        return before[None]
    M, base = np.maximum(np.diag(robot.mass_matrix(robot.home)), 1e-6), BANDWIDTH / age(scenario)
    rows = []
    for factor in LADDER:
        wn = factor * base
        placed = {"kp": M * wn**2, "kd": 2.0 * M * wn, "ki": 0.2 * M * wn**3, "wn": np.full(robot.n, wn)}
        placed |= {"zeta": np.ones(robot.n), "rate": np.full(robot.n, wn)}
        values = []
        for knob in space.knobs:
            row = placed.get(knob.entry.field) if knob.entry is not None else None
            if row is None:
                values.append(knob.before)
            else:
                values.append(float(row.mean() if knob.entry.joint is None else row[knob.entry.joint]))
        rows.append(space.place(values))
    return np.array([rows[0], before, *rows[1:]])
