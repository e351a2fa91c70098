"""The learned residual torque, on motions that it never saw."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError
from sims import run
from sims.cli.guard import exit_code
from sims.learn import learn
from sims.learn.adam import backward, forward, loss, train
from sims.residual import LINEAR
from sims.residual import load as load_learned
from tests.sims.learn.cases import moves, swing

CT = {"type": "computed_torque", "wn": 30, "zeta": 1}


@pytest.fixture(scope="module")
def taught():
    return learn([run(moves(seed)) for seed in (1, 2, 3, 4)])


@pytest.fixture(scope="module")
def file(taught, tmp_path_factory):
    return str(taught.save(tmp_path_factory.mktemp("learned") / "panda.npz"))


def rms(scenario):
    return run(scenario).metrics["tracking.joint_rms_rad"].value


@pytest.mark.parametrize("seed", [21, 22])
def test_held_out_motions_are_tracked_three_times_better(seed, file):
    scenario = moves(seed)
    assert rms(scenario) > 3 * rms(scenario.with_({"learned": {"file": file}}))


def test_any_law_takes_it_and_both_engines_alike(file):
    scenario = moves(21, moves=1, duration=1.5, sensors={}, controller=CT)
    better = scenario.with_({"learned": {"file": file}})
    twin, bullet = (run(better, engine=engine) for engine in ("twin", "bullet"))
    np.testing.assert_allclose(twin.log.q, bullet.log.q, rtol=0, atol=1e-12)
    assert rms(scenario) > 3 * twin.metrics["tracking.joint_rms_rad"].value


def test_away_from_the_data_it_fades_to_nothing_smoothly(taught):
    network, robot = taught.network, taught.robot
    mean, deviation, high = network.mean[:7], network.deviation[:7], network.high[:7]
    far = np.linspace(0, 2 * LINEAR[1], 400)
    q = np.tile(mean, (400, 1))
    q[:, 0] += deviation[0] * (high[0] + far)
    reference = np.stack([q, np.full_like(q, 0.1), np.zeros_like(q)], axis=1)
    tau = network.torque(robot, reference)
    assert np.abs(tau[0]).max() > 0.5
    assert not tau[far > LINEAR[1]].any()
    assert np.abs(np.diff(tau, axis=0)).max() < 0.05 * np.abs(tau).max()


def test_same_runs_and_seed_give_the_same_numbers():
    made = run(swing())
    a, b = (learn(made, seed=3).network for _ in range(2))
    for name in a.__dataclass_fields__:
        assert np.array_equal(getattr(a, name), getattr(b, name))


def test_slopes_of_the_network_are_those_of_its_loss():
    rng = np.random.default_rng(0)
    x, y, weight = rng.normal(size=(20, 3)), rng.normal(size=(20, 2)), rng.uniform(size=(20, 2))
    layers = [rng.normal(size=s) for s in ((3, 5), 5, (5, 5), 5, (5, 2), 2)]
    for p, g in zip(layers, backward(layers, x, y, weight), strict=True):
        for at in list(np.ndindex(p.shape))[:6]:
            keep, found = p[at], []
            for h in (1e-6, -1e-6):
                p[at] = keep + h
                found.append(loss(layers, x, y, weight))
            p[at] = keep
            assert g[at] == pytest.approx((found[0] - found[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_the_network_learns_what_is_not_linear_and_leaves_noise_alone():
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (3000, 2))
    aside = np.arange(3000) >= 2400
    y = np.sin(2 * x[:, :1]) * np.cos(x[:, 1:])
    rest = forward(train(x, y, np.ones_like(y), aside), x)[2] - y
    assert np.std(rest[aside]) < 0.2 * np.std(y)
    noise = rng.normal(size=(3000, 1))
    left = forward(train(x, noise, np.ones_like(noise), aside), x)[2]
    assert np.std(left) < 0.2


def test_files_of_another_robot_and_damaged_ones_are_refused(file, tmp_path):
    with pytest.raises(InvalidInput, match="was learned on panda, not on two_link"):
        load_learned(file, load("two_link"))
    with pytest.raises(InvalidInput, match="was learned on panda"):
        run(swing().with_({"learned": {"file": file}}))
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"not a file")
    with pytest.raises(InvalidInput, match="cannot be read as a learned file"):
        run(swing().with_({"learned": {"file": str(bad)}}))
    with pytest.raises(ScenarioError, match="learned"):
        swing().with_({"learned": {"fiel": file}})
    with pytest.raises(InvalidInput, match="too little to learn from"):
        learn(run(swing(task=[{"do": "move", "to": {"joints": [-1.3, 0.4]}, "duration": 0.8}])))


def test_the_command_teaches_from_run_folders_and_says_how_well(tmp_path, capsys):
    runs = [run(swing(seed=k), out=tmp_path / f"run{k}", plots=False, report=False).folder for k in (1, 2)]
    out = tmp_path / "learned.npz"
    assert exit_code(["learn", str(runs[0]), "--out", str(out), "--held-out", str(runs[1])]) == 0
    assert "held out" in capsys.readouterr().out
    assert out.is_file()
    assert exit_code(["learn", str(tmp_path / "none"), "--out", str(out)]) == 2
