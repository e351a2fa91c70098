"""Laws: what a call costs for 7 joints, and what is left of a kilogram that nobody told the controller of.

The way back of a 1 s move and its return (Panda, 2.06 rad/s, 1 kHz, 0.5 s hold): the payload, more or less than the
model has, has been seen on the way there.
"""

from tests.benchmarks.bench_control import call_of
from tests.benchmarks.harness import Line


def line(name, what, target, unit, measure):
    return Line(name, what, "-", "at_most", target, unit, measure)


def law_of(tag, latency=0.0, **gains):
    from robocalc.control import CONTROLLERS

    return call_of(lambda robot: CONTROLLERS[tag](**gains).law(robot, 1e-3, latency=latency))


def adapted(of, **effects):
    """Largest of (rms error, rms torque rate)[of] over masses believed and true."""

    def measure():
        from robocalc.control import Adaptive
        from tests.control.payloads import MASSES, there_and_back

        return max(there_and_back(Adaptive(), *pair, **effects)[2 + of] for pair in MASSES), None

    return measure


CALLS = {
    "computed_torque": {},
    "computed_torque payload": {"adapt_payload": True, "integral": True},
    "cascade": {},
    "sliding_mode": {},
    "disturbance_observer": {},
    "impedance": {},
    "admittance": {},
    "operational_space": {},
    "cartesian_velocity": {},
    "adaptive": {},
}
NOISE = {"position_noise": 1e-4, "velocity_noise": 5e-3, "velocity_filter_hz": 100}
BACK = "Panda, ±1 kg unmodelled, 1 s move after one on which it was found"
CALL_LINES = [
    line(
        f"law-call-{name.replace('_', '-').replace(' ', '-')}",
        f"one call of {name.replace('_', ' ')}, 7 joints",
        3.0,
        "µs",
        law_of(name.split()[0], **gains),
    )
    for name, gains in CALLS.items()
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
