"""Laws: what a call costs for 7 joints, and what is left of a kilogram that nobody told the controller of.

The way back of a 1 s move and its return (Panda, 2.06 rad/s, 1 kHz, 0.5 s hold): the payload, more or less than the
model has, has been seen on the way there.
"""

from robocalc.control import CONTROLLERS
from tests.benchmarks.bench_control import call_of
from tests.benchmarks.harness import Line


def line(name, what, target, unit, measure):
    return Line(name, what, "-", "at_most", target, unit, measure)


GAINS = {"pd": {"kp": 100.0, "kd": 10.0}, "pid": {"kp": 100.0, "ki": 50.0, "kd": 10.0}}
CALLS = {name: (name, GAINS.get(name, {})) for name in CONTROLLERS if name != "mpc"} | {
    "computed_torque payload": ("computed_torque", {"adapt_payload": True, "integral": True}),
    "adaptive links": ("adaptive", {"links": "all"}),
    "admittance tool": ("admittance", {"space": "cartesian"}),
}


def law_of(name, gains):
    """Microseconds of one call of a law on the Panda, or on the robot that it is made for."""
    design = CONTROLLERS[name](**gains)
    return call_of(lambda robot: design.law(robot, 1e-3), getattr(design, "made_for", "panda"))


def adapted(of, **effects):
    """Largest of (rms error, rms torque rate)[of] over masses believed and true."""

    def measure():
        from robocalc.control import Adaptive
        from tests.control.payloads import MASSES, there_and_back

        return max(there_and_back(Adaptive(), *pair, **effects)[2 + of] for pair in MASSES), None

    return measure


NOISE = {"position_noise": 1e-4, "velocity_noise": 5e-3, "velocity_filter_hz": 100}
BACK = "Panda, ±1 kg unmodelled, 1 s move after one on which it was found"
CALL_LINES = [
    line(
        f"law-call-{name.replace('_', '-').replace(' ', '-')}",
        f"one call of {name.replace('_', ' ')}, {getattr(CONTROLLERS[tag], 'made_for', '7 joints')}",
        3.0,
        "µs",
        law_of(tag, gains),
    )
    for name, (tag, gains) in CALLS.items()
]
LATE, NOISY = {"latency": 5e-3}, {"latency": 5e-3, **NOISE}
AT_WORST = "5 ms latency, encoder noise"
LINES = [
    *CALL_LINES,
    line("tracking-payload-adapted", f"{BACK}, rms", 5e-5, "rad", adapted(0)),
    line("tracking-payload-adapted-latency", f"{BACK}, 5 ms latency, rms", 5e-5, "rad", adapted(0, **LATE)),
    line("tracking-payload-adapted-noise", f"{BACK}, {AT_WORST}, rms", 1e-4, "rad", adapted(0, **NOISY)),
    line("tracking-payload-adapted-noise-rate", f"{BACK}, {AT_WORST}", 2000, "N m/s", adapted(1, **NOISY)),
]
