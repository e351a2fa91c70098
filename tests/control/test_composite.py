"""The laws of a team are what each would be alone: torques to the bit, whatever design meets whatever other."""

import pickle

import numpy as np
import pytest
from numba import njit

from robocalc.control import CONTROLLERS, together
from robocalc.control.signature import LAW_SIGNATURE
from robocalc.dynamics import load, team
from robocalc.errors import InvalidInput

GAINS = {"pd": {"kp": 20, "kd": 0.5}, "pid": {"kp": 20, "ki": 10, "kd": 0.5}, "computed_torque": {"wn": 15}}
DT, STEPS = 1e-3, 40
PLAIN = [name for name, design in CONTROLLERS.items() if not getattr(design, "made_for", None)]


def reference(robot):
    """A motion away from home, (STEPS + 1, 3, n)."""
    t = np.arange(STEPS + 1) * DT
    amount = np.linspace(0.1, 0.2, robot.n)
    q = robot.home + amount * (1 - np.cos(9 * t))[:, None]
    return np.stack([q, np.gradient(q, DT, axis=0), np.gradient(np.gradient(q, DT, axis=0), DT, axis=0)], axis=1)


def law_of(name, robot):
    design, words = CONTROLLERS[name](**GAINS.get(name, {})), {}
    if getattr(design, "along", False):
        rows = reference(robot)
        words = {"reference": rows, "torque": robot.inverse_dynamics(*np.moveaxis(rows, 1, 0)), "step": DT}
    return design.law(robot, DT, robot.home, **words)


def torques(law, robot, q, v, rows):
    """(STEPS, n) of a law along measured q, v and a reference, its memory kept from step to step."""
    model, gains, memory, tau = robot.model(), law.gains.copy(), law.memory.copy(), np.zeros(robot.n)
    ff, found = law.torque_along(rows, DT), []
    for k in range(STEPS):
        ref = np.concatenate([rows[k, :2], rows[k], ff[k : k + 1]])
        law.step(model, gains, memory, k * DT, q[k].copy(), v[k].copy(), np.ascontiguousarray(ref), tau)
        found.append(tau.copy())
    return np.array(found), memory


@pytest.mark.parametrize("name", PLAIN)
def test_a_law_in_company_gives_the_torque_that_it_gives_alone(name):
    one, two = load("panda"), load("two_link").with_base((1, 0, 0))
    both = team({"": one, "right": two})
    laws = law_of(name, one), law_of("pid", two)
    law, rng = together(both, laws), np.random.default_rng(0)
    rows = np.concatenate([reference(one), reference(two)], axis=2)
    q = rows[:, 0] + 1e-2 * rng.standard_normal(rows[:, 0].shape)
    v = rows[:, 1] + 1e-2 * rng.standard_normal(rows[:, 1].shape)
    found, memory = torques(law, both, q, v, rows)
    assert np.isfinite(found).all()
    for member, alone in zip(both.members, laws, strict=True):
        own = member.columns
        expected, _ = torques(alone, member.robot, q[:, own], v[:, own], np.ascontiguousarray(rows[:, :, own]))
        assert np.array_equal(found[:, own], expected), member.name
    assert isinstance(law.notes(memory), tuple)


@njit(LAW_SIGNATURE)
def remembers(model, gains, memory, t, q, v, ref, tau):
    """Writes what it is told of into its memory and the torque."""
    memory[0, 0] += 1.0
    for i in range(len(tau)):
        tau[i] = gains[0, i] + memory[0, 0]


def test_a_composite_survives_the_way_to_another_process():
    both = team({"": load("two_link"), "right": load("cart_pole")})
    law = together(both, [law_of("pid", m.robot) for m in both.members])
    again = pickle.loads(pickle.dumps(law))
    rows = np.concatenate([reference(m.robot) for m in both.members], axis=2)
    (one, _), (two, _) = (torques(x, both, rows[:, 0] + 0.01, rows[:, 1], rows) for x in (law, again))
    assert np.array_equal(one, two)


def test_laws_of_users_join_and_keep_their_memories_apart():
    from robocalc.control import Law

    both = team({"": load("two_link"), "right": load("cart_pole")})
    laws = [
        Law(remembers, np.full((1, 2), x), np.zeros((1, 1)), DT, robot=m.robot) for x, m in zip((1, 5), both.members)
    ]
    rows = np.concatenate([reference(m.robot) for m in both.members], axis=2)
    found, _ = torques(together(both, laws), both, rows[:, 0], rows[:, 1], rows)
    assert found[:3].tolist() == [[2, 2, 6, 6], [3, 3, 7, 7], [4, 4, 8, 8]]


def test_what_does_not_fit_is_refused_in_one_sentence():
    both = team({"": load("two_link"), "right": load("panda")})
    with pytest.raises(InvalidInput, match="needs as many laws"):
        together(both, [law_of("pid", load("two_link"))])
    with pytest.raises(InvalidInput, match="not for its own"):
        together(both, [law_of("pid", load("two_link"))] * 2)
