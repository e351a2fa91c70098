"""The payload's torque against the dynamics of a robot that carries it; the search for it against closed forms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import ComputedTorque
from robocalc.control.kernels_payload import THETA
from robocalc.control.payload import least_squares, payload_columns
from robocalc.control.signature import law_address
from robocalc.dynamics import load
from robocalc.dynamics.kernels import rnea
from robocalc.errors import InvalidInput
from sims.effects import make_effects
from sims.engines.close import close_loop
from sims.engines.twin import Twin
from tests.benchmarks.bench_loop import errors_held_out
from tests.sims.loop_cases import DT, move, rms, roll

POINT = 1e-9 * np.eye(3)  # [kg m²]: as good as a point mass
PEAK = 2.06 / 1.875  # [rad] of a joint that reaches 2.06 rad/s in 1 s
MOVES = {
    "all joints": PEAK * np.array([1.0, 0.4, -0.5, 0.6, 0.5, 0.5, -0.8]),
    "base": PEAK * np.eye(7)[0],
    "shoulder": PEAK * np.eye(7)[1],
    "elbow": PEAK * np.eye(7)[3],
}
ADAPTIVE = ComputedTorque(75, integral=True, adapt_payload=True)


def columns(robot, q, v, a):
    body, place = robot.frame()
    model, tau, Y = robot.model(), np.zeros(robot.n), np.full((robot.n, 5), np.nan)
    rnea(model, q, v, a, tau)
    payload_columns(model, body, place[9:], Y)
    return Y, place[:9].reshape(3, 3)


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6", "two_link", "cart_pole"])
def test_payload_torque_is_what_the_payload_adds_to_inverse_dynamics(name):
    robot = load(name).with_base((0.1, -0.2, 0.3), (0.4, 0.2, -0.3))
    rng = np.random.default_rng(0)
    for _ in range(5):
        q, v, a = rng.uniform(-1, 1, (3, robot.n))
        Y, R = columns(robot, q, v, a)
        empty = robot.inverse_dynamics(q, v, a)
        there = robot.with_payload(0.8, inertia=POINT).inverse_dynamics(q, v, a)
        assert_allclose(there - empty, 0.8 * Y[:, 0], atol=1e-7)
        c = rng.uniform(-0.1, 0.1, 3)
        sides = [robot.with_payload(0.8, com=tuple(s * c), inertia=POINT).inverse_dynamics(q, v, a) for s in (1, -1)]
        assert_allclose((sides[0] - sides[1]) / 2, Y[:, 1:4] @ (0.8 * R @ c), atol=1e-9)  # the inertia m c cᵀ is even
        ball = robot.with_payload(0.8, inertia=POINT + 0.02 * np.eye(3)).inverse_dynamics(q, v, a)
        assert_allclose(ball - there, 0.02 * Y[:, 4], atol=1e-9)


def test_least_squares_is_the_batch_solution():
    rng = np.random.default_rng(0)
    noise, prior = np.array([0.5, 1.0, 2.0]), np.diag([4.0, 1.0, 1.0, 1.0])
    theta, P = np.zeros(4), prior.copy()
    information, weighted = np.linalg.inv(prior), np.zeros(4)
    for _ in range(30):
        Y, y = rng.normal(size=(3, 4)), rng.normal(size=3)
        least_squares(Y, y, noise**2, np.zeros(4), theta, P)
        information += Y.T @ np.diag(noise**-2.0) @ Y
        weighted += Y.T @ (y / noise**2)
    assert_allclose(theta, np.linalg.solve(information, weighted), rtol=1e-10)
    assert_allclose(P, np.linalg.inv(information), rtol=1e-10)


@pytest.mark.parametrize("latency", [0.0, 5e-3])
@pytest.mark.parametrize("sign", [1, -1], ids=["1 kg more", "1 kg less"])
@pytest.mark.parametrize("way", MOVES)
def test_a_kilogram_that_the_model_does_not_know_of_costs_less_than_a_tenth_of_a_milliradian(way, sign, latency):
    bare = load("panda")
    loaded = bare.with_payload(1.0)
    believed, true = (bare, loaded) if sign > 0 else (loaded, bare)
    reference = move(bare.home, bare.home + MOVES[way])
    run = roll(ADAPTIVE.law(believed, DT, latency=latency), reference, plant=true, latency=latency)
    assert abs(reference[:, 1]).max() == pytest.approx(2.06, rel=1e-3)
    assert not run.outcome.diverged
    assert rms(run.log) < 1e-4


HELD_OUT = 31  # seed of moves on which nothing was tuned


@pytest.mark.parametrize("latency", [0.0, 5e-3])
@pytest.mark.parametrize(("believed", "true"), [(1, 2), (1, 0), (0, 1)])
def test_a_kilogram_more_or_less_on_moves_never_tuned_on(believed, true, latency):
    errors = errors_held_out(latency, [HELD_OUT], 6, [(believed, true)])
    assert len(errors) >= 4
    assert np.median(errors) < (1e-4 if latency else 2e-5)
    assert errors.max() < (1.5e-4 if latency else 5e-5)


@pytest.mark.parametrize("latency", [0.0, 5e-3])
def test_what_the_drives_cannot_hold_up_does_not_make_the_loop_diverge(latency):
    bare = load("panda")
    law = ADAPTIVE.law(bare, DT, latency=latency)
    low, high = bare.limits.bounds("torque", 7)
    run = roll(
        law,
        move(bare.home, bare.home + MOVES["all joints"]),
        plant=bare.with_payload(2.0),
        latency=latency,
        torque_limits=np.array([low, high]) * 0.45,  # the elbow and the wrist slip
    )
    assert (abs(run.log.tau_wanted) > abs(run.log.tau) + 1e-9).any()
    assert not run.outcome.diverged


@pytest.mark.parametrize("latency", [0.0, 2.5e-3])
def test_the_search_finds_the_payload(latency):
    bare = load("panda")
    law = ADAPTIVE.law(bare, DT, latency=latency)
    c = np.array([0.03, -0.02, 0.04])
    true, reference = bare.with_payload(1.0, com=tuple(c), inertia=POINT), move(bare.home, bare.home + MOVES["elbow"])
    closed = close_loop(twin := Twin(true, DT), law, reference, make_effects(true, DT, 1500, latency=latency))
    twin.reset(bare.home, np.zeros(7))
    twin.roll(0, 600, law_address(law.step), closed)
    axes = bare.frame()[1][:9].reshape(3, 3)
    assert_allclose(closed.memory[THETA, :4], [1.0, *(axes @ c)], atol=0.03)


@pytest.mark.parametrize(
    "options",
    [
        {"latency": 5e-3, "position_noise": 1e-4, "velocity_noise": 5e-3, "velocity_filter_hz": 100},
        {"friction": 0.2},
        {"latency": 5e-3, "friction": 0.2, "position_noise": 1e-4, "velocity_noise": 5e-3, "velocity_filter_hz": 100},
    ],
)
def test_the_search_does_little_harm_where_the_cause_is_another(options):
    robot = load("panda")
    reference, options = move(robot.home, robot.home + MOVES["all joints"]), dict(options)
    if "friction" in options:
        options["friction"] = robot.friction + options["friction"]
    errors = []
    for design in (ComputedTorque(75, integral=True), ADAPTIVE):
        run = roll(design.law(robot, DT, latency=options.get("latency", 0.0)), reference, **options)
        errors.append(rms(run.log))
    assert errors[1] < 1.5 * errors[0]


def test_integral_action_alone_brings_an_unmodelled_load_to_rest_at_its_goal():
    bare = load("panda")
    law = ComputedTorque(50, integral=True).law(bare, DT)
    log = roll(law, move(bare.home, bare.home + MOVES["all joints"], hold=1.0), plant=bare.with_payload(1.0)).log
    assert abs(log.q[-1] - log.q_ref[-1]).max() < 1e-4


def test_a_tool_that_nothing_moves_carries_no_payload():
    robot = load("two_link")
    with pytest.raises(InvalidInput, match="fixed to its base"):
        ADAPTIVE.law(robot.with_frame(robot.links[0]), DT)
