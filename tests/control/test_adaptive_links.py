"""Adaptation of links: slopes against pinocchio's regressor, links that can exist, tracking that gets better."""

import numpy as np
import pinocchio as pin
import pytest
from numpy.testing import assert_allclose

from robocalc.control import Adaptive, ComputedTorque, payload_found
from robocalc.control.adaptive_links import links_found
from robocalc.control.kernels_links import adapt, add_slopes, twists, weigh_link
from robocalc.dynamics import load
from robocalc.dynamics.kernels import rnea
from robocalc.dynamics.regressor import parameters, pi_of, pseudo_inertia
from robocalc.errors import InvalidInput, UnknownName
from tests.control.payloads import NOISE, WAY
from tests.sims.loop_cases import DT, differences, move, rms, roll

ROWS, COLUMNS = [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]  # xx xy xz yy yz zz
OF_PINOCCHIO = [0, 1, 2, 3, 4, 5, 7, 6, 8, 9]  # xx xy yy xz yz zz there


def laps(robot, count):
    """(N + 1, 3, n): there and back, `count` times."""
    home = robot.home
    there, back = move(home, home + WAY)[1:, 0], move(home + WAY, home)[1:, 0]
    return differences(np.concatenate([home[None], *([there, back] * count)]))


def errors_of(design, believed, true, count=3, **effects):
    """(rms error of each lap, law, Simulated)."""
    reference = laps(believed, count)
    law = design.law(believed, DT, latency=effects.get("latency", 0.0))
    run = roll(law, reference, plant=true, **effects)
    parts = np.array_split((run.log.q - run.log.q_ref)[1:], count)
    return np.array([np.sqrt(np.mean(part**2)) for part in parts]), law, run


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6"])  # whose joints turn about z, as bodies' frames do
def test_the_slope_of_a_link_is_that_of_pinocchios_regressor(name):
    """σᵀ Y π = Σ tr(L P), for any π."""
    robot = load(name)
    pin_model = pin.buildModelFromUrdf(str(robot.path))
    q, v, a, s = np.random.default_rng(1).uniform(-1, 1, (4, robot.n))
    Y = pin.computeJointTorqueRegressor(pin_model, pin_model.createData(), q, v, a)
    model, X, L = robot.with_gravity((0, 0, -9.81)).model(), np.zeros((robot.n, 6)), np.zeros((robot.n, 10))
    rnea(model, q, v, a, np.zeros(robot.n))
    twists(model, s, X)
    add_slopes(model, X, 1.0, L)
    pi = np.array([pi_of(1.0 + i, 0.1 * np.sin(np.arange(3.0) + i), np.diag([0.3, 0.2, 0.4])) for i in range(robot.n)])
    found = 0.0
    for row, body in zip(L, pi, strict=True):
        whole = np.zeros((4, 4))
        whole[np.triu_indices(4)] = row
        found += np.sum((whole + np.triu(whole, 1).T) * pseudo_inertia(body))
    assert found == pytest.approx(s @ Y @ pi[:, OF_PINOCCHIO].ravel(), rel=1e-10)


def test_a_step_of_adaptation_is_the_natural_gradient_and_leaves_a_body_that_can_exist():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    slope = rng.normal(size=(4, 4))
    slope += slope.T
    L, share = slope[np.triu_indices(4)], 1e-7
    G, P = np.ascontiguousarray(root.T).ravel(), root @ root.T
    adapt(G, L, share)
    after = G.reshape(4, 4).T @ G.reshape(4, 4)
    assert_allclose((after - P) / share, P @ slope @ P, rtol=1e-4, atol=1e-3)
    for _ in range(200):
        adapt(G, rng.normal(size=10), 1.0)  # steps that are anything but small
    last, row = G.reshape(4, 4), np.zeros(25)
    assert np.linalg.eigvalsh(last.T @ last).min() > -1e-12 * np.abs(last).max() ** 2
    weigh_link(G, row)
    assert row[12] > 0


def test_links_begin_as_the_model_has_them():
    robot = load("panda")
    law = Adaptive(links="all").law(robot, DT)
    run = roll(law, laps(robot, 1)[:50])
    for (mass, centre, inertia), pi in zip(links_found(law, run.memory).values(), parameters(robot), strict=True):
        assert_allclose(pi_of(mass, centre, inertia), pi, atol=1e-12)
    assert rms(run.log) < 1e-12
    assert law.notes(run.memory) == ()


HEAVIER = {
    "tool": lambda robot: robot.with_payload(1.0),
    "elbow": lambda robot: robot.with_payload(2.0, link="panda_link4"),
}


@pytest.mark.parametrize("where", HEAVIER)
def test_tracking_gets_better_from_lap_to_lap(where):
    robot = load("panda")
    fixed, _, _ = errors_of(ComputedTorque(30.0), robot, HEAVIER[where](robot))
    error, law, run = errors_of(Adaptive(links="all"), robot, HEAVIER[where](robot))
    assert (np.diff(error) < 0).all()
    assert error[-1] < fixed[-1] / 8
    for mass, centre, inertia in links_found(law, run.memory).values():
        assert np.linalg.eigvalsh(pseudo_inertia(pi_of(mass, centre, inertia))).min() > 0
    assert "need not be what each link weighs" in law.notes(run.memory)[0]


def test_noise_and_latency_do_not_carry_the_links_away():
    robot = load("panda")
    error, *_ = errors_of(Adaptive(links="all"), robot, robot.with_payload(1.0), latency=5e-3, **NOISE)
    assert error[-1] < min(2e-3, error[0])


def test_only_chosen_links_adapt():
    robot = load("panda")
    _, law, run = errors_of(Adaptive(links="panda_link6 panda_link7"), robot, robot.with_payload(1.0), count=1)
    before, after = robot.model().bodies[:, 12], [mass for mass, _, _ in links_found(law, run.memory).values()]
    assert_allclose(after[:5], before[:5], rtol=1e-12)
    assert (abs(after - before)[5:] > 0.01).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("believed", "true"), [(0.0, 0.7), (1.0, 0.4)])
def test_a_payload_found_under_noise_lies_within_three_standard_deviations(seed, believed, true):
    robots = [load("panda").with_payload(m) if m else load("panda") for m in (believed, true)]
    law = Adaptive().law(robots[0], DT)
    noise = {"position_noise": 1e-4, "velocity_noise": 5e-3, "seed": seed}
    found = payload_found(law, roll(law, laps(robots[0], 1), plant=robots[1], **noise).memory)
    assert abs(found.mass - (true - believed)) < 3 * found.std[0] < 0.05


@pytest.mark.parametrize(
    ("error", "make", "told"),
    [
        (InvalidInput, lambda: Adaptive(links=""), "links must be payload, all, or names"),
        (InvalidInput, lambda: Adaptive(rate=0), "rate must be finite and greater than 0"),
        (UnknownName, lambda: Adaptive(links="panda_link77").law(load("panda"), DT), "did you mean 'panda_link7'"),
        (
            InvalidInput,
            lambda: Adaptive(links="panda_link0").law(load("panda"), DT),
            "no joint of panda moves panda_link0",
        ),
        (
            InvalidInput,
            lambda: links_found(Adaptive().law(load("panda"), DT), np.zeros(3)),
            "with `links` adapts links",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(error, make, told):
    with pytest.raises(error, match=told):
        make()
