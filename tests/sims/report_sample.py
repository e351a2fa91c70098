"""A run of the Panda that no engine made: smooth motion, a world, figures; for the tests of the report."""

from types import SimpleNamespace

import numpy as np

from sims.engines import shapes
from sims.engines.motions import Keyframes
from sims.log import CHANNEL_INDEX, CHANNELS, Log

WAY = [
    [0, -0.785, 0, -2.356, 0, 1.571, 0.785, 0.04, 0.04],
    [0.6, 0.1, 0.1, -2.2, 0, 2.2, 1.2, 0.04, 0.04],
    [0.6, 0.35, 0.1, -2.1, 0, 2.45, 1.2, 0.03, 0.03],
    [0.5, -0.3, 0.1, -2.2, 0, 2.0, 1.2, 0.03, 0.03],
    [-0.6, -0.2, -0.1, -1.9, 0, 1.8, 0.2, 0.03, 0.03],
    [-0.8, 0.2, -0.1, -1.7, 0, 1.9, 0.1, 0.04, 0.04],
    [0, -0.785, 0, -2.356, 0, 1.571, 0.785, 0.04, 0.04],
]
STEPS = ("to-pregrasp", "down", "grasp", "lift", "carry", "place", "home")
METRICS = {
    "tracking.joint_rms_deg": (0.02, "deg", None),
    "tracking.joint_max_deg": (0.31, "deg", 5.2),
    "clearance.min_mm": (30.1, "mm", 9.42),
    "settling.time_s": (float("nan"), "s", None),
}
ACCEPTANCE = (
    {
        "metric": "tracking.joint_max_deg",
        "value": 0.31,
        "unit": "deg",
        "min": None,
        "max": 0.5,
        "ok": True,
        "time": 5.2,
    },
    {"metric": "clearance.min_mm", "value": 30.1, "unit": "mm", "min": 40.0, "max": None, "ok": False, "time": 9.42},
)


def motion(t, n, way=WAY):
    """(N, n): through the waypoints, at rest in each."""
    way = np.array(way, float)[:, :n]
    way = np.pad(way, ((0, 0), (0, n - way.shape[1])))
    share = t[:, None] / max(t[-1], 1e-9) * (len(way) - 1)
    s = [np.clip((share - i) * 1.15, 0, 1) for i in range(len(way) - 1)]
    return way[0] + sum((way[i + 1] - way[i]) * s[i] ** 3 * (10 - 15 * s[i] + 6 * s[i] ** 2) for i in range(len(s)))


def sample_log(n=9, duration=12.0, dt=0.01, seed=0):
    t = np.arange(round(duration / dt) + 1) * dt
    q = motion(t, n)
    v, a = np.zeros_like(q), np.zeros_like(q)
    v[1:] = np.diff(q, axis=0) / dt
    a[1:] = np.diff(v, axis=0) / dt
    e = 2e-3 * np.sin(7 * t)[:, None] * np.abs(v) + 1e-4 * np.random.default_rng(seed).standard_normal(q.shape)
    tau = 40 * np.cos(q) + 5 * a
    values = {
        "q": q + e,
        "v": v + e,
        "q_measured": q,
        "v_measured": v,
        "q_ref": q,
        "v_ref": v,
        "a_ref": a,
        "tau_wanted": tau,
        "tau": np.clip(tau, -60, 60),
        "tau_world": -2 * np.tanh(20 * v),
    }
    joint = np.stack([values[name] for name in CHANNELS], axis=1)
    assert joint.shape[1] == len(CHANNEL_INDEX)
    cube = np.tile([0.5, 0.3, 0.03, 0, 0, 0, 1.0], (len(t), 1))
    cube[:, 2] += 0.2 * np.clip((t - 4) / 2, 0, 1)
    pairs = tuple(("hand", "post") if x % 3 < 1.5 else ("link5", "cart") for x in t)
    return Log(dt, joint, t, {"cube": cube}, 0.03 + 0.1 * np.abs(np.sin(t)), pairs, 20.0 * ((t > 4) & (t < 10)))


def sample_world():
    cart = Keyframes((0, 4, 8), ((0.75, -0.6, 0.15), (0.75, 0.1, 0.15), (0.75, -0.6, 0.15)))
    return (
        shapes.Plane(name="floor"),
        shapes.Box(name="table", size=(0.7, 1.2, 0.04), position=(0.55, 0, -0.02)),
        shapes.Cylinder(name="post", radius=0.03, length=0.6, position=(0.52, 0.02, 0.3)),
        shapes.Capsule(name="rail", radius=0.02, length=0.4, position=(0.3, -0.6, 0.1), rpy=(0, 1.57, 0)),
        shapes.Sphere(name="ball", radius=0.05, position=(0.7, 0.4, 0.05), color=(0.2, 0.5, 0.3, 0.5)),
        shapes.Box(name="cube", size=(0.06, 0.06, 0.06), mass=0.2, position=(0.5, 0.3, 0.03)),
        shapes.Box(name="cart", size=(0.15, 0.15, 0.3), position=(0.75, -0.6, 0.15), motion=cart),
    )


def sample_words(robot, log, **changes):
    """Keyword arguments of report_data."""
    edges = np.linspace(0, log.t[-1], len(STEPS) + 1)
    return {
        "name": "panda-pick-and-place",
        "robot": robot,
        "log": log,
        "description": "Pick a cube, pass a moving box, place it on a shelf.",
        "outcome": "reached the end of the motion",
        "accepted": False,
        "shapes": sample_world(),
        "steps": tuple(zip(STEPS, edges[:-1], edges[1:], strict=True)),
        "disturbances": (SimpleNamespace(type="push", name="push", start=3.0, end=3.2),),
        "metrics": METRICS,
        "acceptance": ACCEPTANCE,
        "scenario_text": "format: robocalc/1\nname: panda-pick-and-place\n",
        "versions": {"robocalc": "0.1.0", "hashes": {"log": "ab" * 32}},
    } | changes
