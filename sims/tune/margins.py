"""How far a loop is from being lost, by trial in the twin: with more gain, or with older measurements.

    margins   the figures margin.gain and margin.latency_ms that goals ask for

Measured, not linearised: what is asked is whether the run still ends well, saturation, noise and friction included.
"""

from dataclasses import replace

from sims.effects.arrays import DELAY
from sims.tune.figures import Value

MOST_GAIN, MOST_PERIODS = 16.0, 64  # factor; control periods
HALVINGS = 6
ROWS = {"pd": 2, "pid": 3, "computed_torque": 3, "computed_torque_delayed": 3, "computed_torque_payload": 3}


def margins(case, part, goals) -> dict:
    """name -> Value of those margins that objectives or constraints name; part: the controller of the run."""
    wanted = {x.name for x in (*goals.objectives, *goals.limits) if x.name.startswith("margin.")}
    return {name: Value(measured(name, case, part)) for name in sorted(wanted)} if wanted else {}


def measured(name, case, part) -> float:
    """One margin of a case under a controller (the scenario's own where None)."""
    return {"margin.gain": gain_margin, "margin.latency_ms": latency_margin}[name](case, part)


def gain_margin(case, part) -> float:
    """Factor on all feedback gains at which the run diverges or chatters; MOST_GAIN where it never does."""
    law = case.law(part)
    rows = ROWS.get(law.step.__name__, len(law.gains))

    def holds(factor):
        gains = law.gains.copy()
        gains[:rows] *= factor
        return not case.run(replace(law, gains=gains)).diverged

    return _edge(holds, 1.0, MOST_GAIN, ratio=True)


def latency_margin(case, part) -> float:
    """More latency [ms], which the law does not know of, at which the run diverges or chatters."""
    law, timing = case.law(part), case.effects.timing
    before = timing[DELAY]

    def holds(steps):
        timing[DELAY] = before + steps
        return not case.run(law).diverged

    try:
        found = _edge(holds, 0.0, float(MOST_PERIODS * case.every), ratio=False)
    finally:
        timing[DELAY] = before
    return 1e3 * found * timing[0]


def _edge(holds, low, high, ratio):
    """The largest x from low to high that still holds, by doubling and halving; low where not even that does."""
    if not holds(low):
        return low
    x, step = low, (1.25 if ratio else 1.0)
    while x < high:
        further = min(x * step if ratio else x + step, high)
        if not holds(further):
            high = further
            break
        x, step = further, step if ratio else 2.0 * step
    else:
        return high
    for _ in range(HALVINGS):
        middle = (x * high) ** 0.5 if ratio else 0.5 * (x + high)
        x, high = (middle, high) if holds(middle) else (x, middle)
    return x
