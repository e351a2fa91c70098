"""Designs check their gains and say what is wrong; they load neither numba nor scipy."""

import subprocess
import sys

import numpy as np
import pytest

from robocalc.control import CONTROLLERS, LQR, PD, PID, ComputedTorque, Law
from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName

GAINS = {"pd": {"kp": 100, "kd": 10}, "pid": {"kp": 100, "ki": 50, "kd": 10}}
DT = 1e-3


@pytest.mark.parametrize("name", CONTROLLERS)
def test_designs_are_values(name):
    one, two = (CONTROLLERS[name](**GAINS.get(name, {})) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)


@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_law_has_finite_gains_and_an_empty_memory(name):
    robot = load(getattr(CONTROLLERS[name], "made_for", "panda"))
    law = CONTROLLERS[name](**GAINS.get(name, {})).law(robot, DT)
    assert isinstance(law, Law)
    assert law.dt == DT
    assert np.isfinite(law.gains).all()
    assert not law.memory.any()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: PD(-1, 1), "kp must be finite and 0 or greater, got -1"),
        (lambda: PD(1, float("nan")), "kd must be finite"),
        (lambda: PD(float("inf"), 1), "kp must be finite"),
        (lambda: PD([1, 2, -3], 1), r"kp\[2\] must be finite and 0 or greater, got -3"),
        (lambda: PD("high", 1), "kp must be a number 0 or greater, got 'high'"),
        (lambda: PD(True, 1), "kp must be a number 0 or greater, got True"),
        (lambda: PD([], 1), "kp is empty"),
        (lambda: PID(1, -2, 1), "ki must be finite and 0 or greater, got -2"),
        (lambda: PID(1, 1, 1, tracking_time=0), "tracking_time must be finite and greater than 0"),
        (lambda: ComputedTorque(wn=0), "wn must be finite and greater than 0, got 0"),
        (lambda: ComputedTorque(zeta=-0.5), "zeta must be finite and greater than 0"),
        (lambda: ComputedTorque(integral=-1.0), "integral must be finite and greater than 0"),
        (lambda: ComputedTorque(integral=10.0, rate=20.0), "name one pole"),
        (lambda: LQR(r_weight=0), "r_weight must be finite and greater than 0"),
        (lambda: LQR(q_weight=[1, None]), r"q_weight\[1\] must be a number"),
    ],
)
def test_impossible_gains_are_refused(make, told):
    with pytest.raises(InvalidInput, match=told):
        make()


@pytest.mark.parametrize("design", [PD, LQR])
def test_an_unknown_feedforward_is_named(design):
    with pytest.raises(UnknownName, match="did you mean 'gravity'"):
        design(1, 1, feedforward="gravty")


@pytest.mark.parametrize("design", [PD([1] * 6, 1), PID(1, [1] * 6, 1), ComputedTorque([1] * 6), LQR([1] * 6)])
def test_too_few_gains_name_the_joint_that_has_none(design):
    with pytest.raises(InvalidInput, match=r"has 6 values, robot panda has 7 joints .*nothing for panda_joint7"):
        design.law(load("panda"), DT)


def test_too_many_gains_are_refused():
    with pytest.raises(InvalidInput, match=r"3 values, robot two_link has 2 joints .*: 9 is for no joint"):
        PD([1, 2, 9], 1).law(load("two_link"), DT)


@pytest.mark.parametrize("dt", [0, -1e-3, float("nan"), None, True])
@pytest.mark.parametrize("name", CONTROLLERS)
def test_an_impossible_period_is_refused(name, dt):
    with pytest.raises(InvalidInput, match="control period"):
        CONTROLLERS[name](**GAINS.get(name, {})).law(load("two_link"), dt)


def test_a_number_as_integral_is_the_rate_of_its_pole():
    assert ComputedTorque(40, integral=15.0) == ComputedTorque(40, integral=True, rate=15)


def test_a_law_refuses_what_no_run_could_use():
    with pytest.raises(UnknownName, match="feedforward"):
        Law(None, np.zeros((1, 2)), np.zeros((1, 2)), DT, feedforward="all")
    with pytest.raises(InvalidInput, match="gains must have two dimensions"):
        Law(None, np.zeros(2), np.zeros((1, 2)), DT)


def test_importing_the_room_loads_neither_numba_nor_scipy():
    code = "import sys, robocalc.control; print([m for m in ('numba', 'scipy', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
