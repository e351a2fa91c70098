"""The learned residual torque, on motions that it never saw."""

import json
from dataclasses import replace

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError
from sims import run
from sims.cli.guard import exit_code
from sims.learn import learn
from sims.learn.adam import backward, forward, loss, train
from sims.learn.recording import of_run
from sims.residual import CURVED, LINEAR, Repeated, columns, save
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
    far = np.linspace(0, 2 * LINEAR[1], 800)
    q = np.tile(mean, (800, 1))
    q[:, 0] += deviation[0] * high[0] + network.wide[0] * far
    v, a = np.full_like(q, 0.1), np.zeros_like(q)
    tau = network.torque(robot, np.stack([q, v, a], axis=1))
    assert np.abs(tau[0]).max() > 0.5
    assert not network.fade(q, v, a)[far * network.wide[0] > CURVED[1] * deviation[0]].any()
    assert not tau[far > LINEAR[1]].any()
    assert np.abs(np.diff(tau, axis=0)).max() < 0.05 * np.abs(tau).max()


def test_five_seconds_of_one_log_are_enough_for_other_motions(tmp_path):
    """What is linear by physics goes on beyond the data, as its covariance allows."""
    file = str(learn(run(moves(1))).save(tmp_path / "one.npz"))
    scenario = moves(21)
    assert rms(scenario) > 3 * rms(scenario.with_({"learned": {"file": file}}))


def test_what_the_data_do_not_tell_is_not_added(taught):
    """A covariance 1e10 times as wide: no load and no friction; the true one takes next to nothing away."""
    network, robot = taught.network, taught.robot
    x = np.tile(network.mean, (50, 1)).reshape(50, 3, 7)
    x[:, 1] = np.linspace(-0.5, 0.5, 50)[:, None]
    q, v, a = np.ascontiguousarray(np.moveaxis(x, 1, 0))
    whole = columns(robot, q, v, a) @ np.concatenate([network.load, *network.resistance])
    np.testing.assert_allclose(network.linear(robot, q, v, a), whole, rtol=1e-3)
    unsure = replace(network, covariance=1e10 * network.covariance)
    assert not unsure.linear(robot, q, v, a)[np.abs(v[:, 0]) > 0.1].any()


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


@pytest.fixture(scope="module")
def arm():
    """A two-link arm's run and what it teaches."""
    made = run(swing())
    return made, learn(made)


DAMAGE = {
    "W1 must have shape (8, 24), got (3, 24)": lambda z: z | {"W1": z["W1"][:3]},
    "scale must have shape (2,), got (1,)": lambda z: z | {"scale": z["scale"][:1]},
    "load must have shape (10,), got ()": lambda z: z | {"load": np.array(3.0)},
    "finite (W2)": lambda z: z | {"W2": z["W2"] * np.nan},
    "not all of its numbers are finite (b1)": lambda z: z | {"b1": z["b1"] + 1j},
    "deviations are not above 0": lambda z: z | {"deviation": 0 * z["deviation"]},
    "of another version (size)": lambda z: {name: x for name, x in z.items() if name != "size"},
    "its format is 'robocalc-learned/9'": lambda z: z | {"header": np.array('{"format": "robocalc-learned/9"}')},
    "its format is None": lambda z: z | {"header": np.array("[1]")},
    "header is damaged at 'forest'": lambda z: (
        z | {"header": np.array(json.dumps(json.loads(str(z["header"])) | {"kind": "forest"}))}
    ),
}


@pytest.mark.parametrize("said", DAMAGE)
def test_a_damaged_file_is_told_by_what_is_wrong(said, arm, tmp_path):
    made, taught = arm
    with np.load(taught.save(tmp_path / "good.npz")) as stored:
        np.savez(tmp_path / "bad.npz", **DAMAGE[said](dict(stored)))
    with pytest.raises(InvalidInput) as error:
        load_learned(tmp_path / "bad.npz", made.robot)
    assert said in str(error.value)


def test_a_repetition_of_other_joints_is_refused(arm, tmp_path):
    made, _ = arm
    path = save(tmp_path / "r.npz", Repeated(np.zeros((9, 2)), np.zeros((8, 2))), made.robot)
    with pytest.raises(InvalidInput, match=r"tau must have shape \(9, 2\), got \(8, 2\)"):
        load_learned(path, made.robot)


def test_a_log_that_cannot_be_right_is_refused(arm):
    made, _ = arm
    log = of_run(made)
    bad = log.tau.copy()
    bad[700, 1] = np.inf
    for change, said in (
        ({"tau": bad}, "the torque of elbow is inf at 0.7 s"),
        ({"tau": bad[:9]}, "samples by joints alike"),
        ({"dt": 0.0}, "some time apart"),
    ):
        with pytest.raises(InvalidInput, match=said):
            replace(log, **change)
    short = replace(log, q=log.q[:100], tau=log.tau[:100])
    with pytest.raises(InvalidInput, match="too short to learn from or to judge by"):
        learn(made, held_out=short)
    with pytest.raises(InvalidInput, match="stands nearly still"):
        learn(replace(log, q=0 * log.q, tau=0 * log.tau))
    with pytest.raises(InvalidInput, match="a seed is a whole number"):
        learn(made, seed=-1)


def test_it_learns_and_helps_where_the_law_runs_on_estimates(tmp_path):
    """From encoders of steps of 5e-5 rad, 2 ms late."""
    late = {"joint_position": {"std": 5e-5, "quantization": 5e-5}, "latency": 0.002}
    blind = {"sensors": late | {"joint_velocity": {"available": False}}, "estimator": {"type": "ekf"}}
    file = str(learn(run(swing(**blind))).save(tmp_path / "arm.npz"))
    scenario = swing(3.2, **blind)
    assert rms(scenario) > 3 * rms(scenario.with_({"learned": {"file": file}}))


def test_the_command_teaches_from_run_folders_and_says_how_well(tmp_path, capsys):
    runs = [run(swing(seed=k), out=tmp_path / f"run{k}", plots=False, report=False).folder for k in (1, 2)]
    out = tmp_path / "learned.npz"
    assert exit_code(["learn", str(runs[0]), "--out", str(out), "--held-out", str(runs[1])]) == 0
    assert "held out" in capsys.readouterr().out
    assert out.is_file()
    assert exit_code(["learn", str(tmp_path / "none"), "--out", str(out)]) == 2
