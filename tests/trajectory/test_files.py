"""Trajectories survive files; pictures and ROS-shaped dictionaries hold what the motion is."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import RobocalcError
from robocalc.trajectory import Limits, Trajectory, minimum_jerk
from robocalc.trajectory.files import from_ros

MOTION = minimum_jerk(np.random.default_rng(0).normal(size=(5, 3)), duration=2.0)


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_files_keep_every_bit(tmp_path, ending):
    path = MOTION.save(tmp_path / f"motion.{ending}")
    back = Trajectory.load(path)
    assert (back.coeffs == MOTION.coeffs).all()
    assert (back.knots == MOTION.knots).all()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # no draft is left


def test_csv_has_time_first_and_a_header(tmp_path):
    path = MOTION.save(tmp_path / "motion.csv", joints=["a", "b", "c"], dt=0.01)
    assert path.read_text().splitlines()[0] == "t,a,b,c,a.v,b.v,c.v,a.a,b.a,c.a"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    assert table.shape == (201, 10)
    assert_allclose(table[:, 1:4], MOTION(table[:, 0]), atol=1e-15)
    assert_allclose(table[:, 7:], MOTION(table[:, 0], 2), atol=1e-12)


def test_ros_shaped_dictionaries_go_there_and_back():
    message = MOTION.shift(5.0).to_ros(["a", "b", "c"], 0.05)
    json.dumps(message)
    assert message["joint_names"] == ["a", "b", "c"]
    assert message["points"][0]["time_from_start"] == {"sec": 0, "nanosec": 0}
    assert message["points"][-1]["time_from_start"] == {"sec": 2, "nanosec": 0}
    back = from_ros(message)
    t = np.linspace(0, 2, 100)
    assert_allclose(back(t), MOTION(t), atol=1e-6)


def test_pictures_show_all_orders_and_limits(tmp_path):
    figure = MOTION.plot(Limits(velocity=[1, 2, 3]), joints=["a", "b", "c"], path=tmp_path / "m.png")
    assert [a.get_ylabel().split()[0] for a in figure.axes] == ["position", "velocity", "acceleration", "jerk"]
    assert len(figure.axes[1].lines) == 3 + 6
    assert (tmp_path / "m.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda d: MOTION.save(d / "m.txt"), "unknown ending of a trajectory file '.txt'"),
        (lambda d: Trajectory.load(d / "no.npz"), "there is no such file"),
        (lambda d: Trajectory.from_dict({"format": "other"}), "format must be 'robocalc-trajectory/1'"),
        (lambda d: Trajectory.from_dict({"format": "robocalc-trajectory/1"}), "needs knots and coeffs"),
        (lambda d: MOTION.to_ros(["a"], 0.1), "joints must be 3 names, got 1"),
        (lambda d: MOTION.to_ros(["a", "b", "c"], 0.0), "dt must be greater than 0"),
        (lambda d: from_ros({"points": [{}]}), "not shaped like a JointTrajectory"),
        (lambda d: MOTION.plot(orders=5), "orders must be 1 to 4"),
    ],
)
def test_bad_requests_are_refused(tmp_path, call, said):
    with pytest.raises(RobocalcError, match=said):
        call(tmp_path)


def test_a_broken_file_is_told(tmp_path):
    (tmp_path / "m.json").write_text("{")
    (tmp_path / "m.npz").write_bytes(b"PK nothing")
    for name in ("m.json", "m.npz"):
        with pytest.raises(RobocalcError, match="holds no trajectory"):
            Trajectory.load(tmp_path / name)


def test_importing_the_room_is_light():
    code = (
        "import sys, robocalc.trajectory as t; t.Limits; t.Trajectory; t.minimum_jerk; t.line_motion; t.cartesian;"
        "print([m for m in ('numba', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
