"""Input shaping against the response of an oscillator, integrated in closed form by scipy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from robocalc.control.shaping import SHAPERS, impulses, residual, shape
from robocalc.errors import InvalidInput, UnknownName
from robocalc.trajectory import minimum_jerk

MOTION = minimum_jerk([[0.0, 1.0], [1.0, -0.5], [0.4, 0.0]], duration=0.9)


def swing(motion, frequency, damping):
    """Amplitude of ẍ + 2ζωẋ + ω²x = -ẍ_ref of joint 0 when the motion has ended."""
    w = 2 * np.pi * frequency

    def f(t, x):
        return [x[1], -2 * damping * w * x[1] - w * w * x[0] - motion(t, 2)[0]]

    end = solve_ivp(f, (motion.start, motion.end), [0, 0], rtol=1e-9, atol=1e-12, max_step=0.02).y[:, -1]
    wd = w * np.sqrt(1 - damping**2)
    return np.hypot(end[0], (end[1] + damping * w * end[0]) / wd)


@pytest.mark.parametrize("damping", [0.0, 0.08])
@pytest.mark.parametrize("kind", ["zv", "zvd"])
def test_a_shaped_motion_leaves_no_vibration(kind, damping):
    shaped = shape(MOTION, 1.3, damping, kind=kind)
    assert swing(MOTION, 1.3, damping) > 0.05
    assert swing(shaped, 1.3, damping) < 1e-7


def test_a_frequency_that_is_off_leaves_least_with_ei_and_most_with_zv():
    left = {kind: residual(*impulses(1.0, 0.0, kind), 1.15) for kind in SHAPERS}
    assert left["ei"] < left["zvd"] < 0.3 * left["zv"]
    assert residual(*impulses(1.0, 0.0, "ei", 0.05), 1.0) == pytest.approx(0.05)


def test_residual_is_that_of_the_oscillator():
    times, sizes = impulses(1.0, 0.05, "zv")
    w = 2 * np.pi * 1.2
    wd = w * np.sqrt(1 - 0.05**2)
    t = times[-1]
    parts = [
        (a * np.exp(-0.05 * w * (t - s)) * np.sin(wd * (t - s)), a * np.exp(-0.05 * w * (t - s)) * np.cos(wd * (t - s)))
        for s, a in zip(times, sizes, strict=True)
    ]
    assert residual(times, sizes, 1.2, 0.05) == pytest.approx(np.hypot(*np.sum(parts, axis=0)), rel=1e-12)


@pytest.mark.parametrize("kind", SHAPERS)
def test_shaping_is_the_sum_of_shifted_motions(kind):
    times, sizes = impulses(2.0, 0.1, kind)
    shaped = shape(MOTION.shift(0.3), 2.0, 0.1, kind=kind)
    t = np.linspace(shaped.start, shaped.end, 301)
    q = sum(a * MOTION(np.clip(t - 0.3 - s, 0, MOTION.end)) for s, a in zip(times, sizes, strict=True))
    assert_allclose(shaped(t), q, atol=1e-12)
    assert_allclose(shaped.waypoints[[0, -1]], MOTION.waypoints[[0, -1]], atol=1e-12)
    assert (abs(shaped.extrema(1)).max(axis=0) <= abs(MOTION.extrema(1)).max(axis=0) + 1e-9).all()
    assert shaped.duration == pytest.approx(MOTION.duration + times[-1])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((0.0,), "frequency must be greater than 0"),
        ((1.0, 1.0), "damping must be from 0 and below 1"),
        ((float("nan"),), "frequency"),
    ],
)
def test_impossible_modes_are_refused(arguments, told):
    with pytest.raises(InvalidInput, match=told):
        shape(MOTION, *arguments)


def test_an_unknown_shaper_is_named():
    with pytest.raises(UnknownName, match="did you mean 'zvd'"):
        shape(MOTION, 1.0, kind="zvdd")
