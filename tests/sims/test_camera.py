"""A camera in the run: pictures read back by another library, noise by the seed."""

from typing import get_args

import numpy as np
import pytest

from robocalc.errors import EngineUnavailable, ScenarioError
from sims import Scenario, run
from sims.record import read_run
from sims.report import frames
from sims.report.video import CAMERAS
from sims.scenario.schema import Camera

Image = pytest.importorskip("PIL.Image")


def waiting(**camera):
    data = {
        "format": "robocalc/1",
        "name": "waiting",
        "sim": {"engine": "twin"},
        "robot": {"model": "two_link"},
        "task": [{"do": "move", "to": {"joints": [0.4, 0.3]}, "duration": 0.5}],
        "controller": {"type": "computed_torque", "wn": 20, "zeta": 1},
        "output": {"camera": {"width": 64, "height": 48} | camera},
    }
    return Scenario.of(data)


def taken(folder):
    return [np.asarray(Image.open(path)).astype(float) for path in sorted((folder / "frames").glob("*.png"))]


def test_views_are_those_of_the_video():
    assert set(get_args(Camera.model_fields["view"].annotation)) == set(CAMERAS)


def test_png_is_read_back_by_pillow(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(frames.png(picture))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture)


def test_pictures_are_taken_at_the_rate_and_noise_is_the_seeds(tmp_path):
    pytest.importorskip("pybullet")
    for name, words, seed in (("clean", {}, 0), ("a", {"std": 4}, 0), ("b", {"std": 4}, 0), ("c", {"std": 4}, 1)):
        run(waiting(rate=10, **words), tmp_path / name, seed=seed, plots=False, report=False)
    clean, a, b, c = (taken(tmp_path / name) for name in ("clean", "a", "b", "c"))
    assert len(clean) == 6  # 0, 0.1, ... 0.5 s
    assert clean[0].shape == (48, 64, 3)
    assert not np.array_equal(clean[0], clean[-1])  # the arm moved
    assert all(np.array_equal(x, y) for x, y in zip(a, b))
    assert not np.array_equal(a[0], c[0])
    inner = (clean[0] > 20) & (clean[0] < 235)  # not clipped
    assert (a[0] - clean[0])[inner].std() == pytest.approx(4.0, rel=0.15)
    rows = (tmp_path / "clean" / "frames" / "times.csv").read_text().splitlines()
    assert [float(row.split(",")[1]) for row in rows[1:]] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert read_run(tmp_path / "clean").log is not None


def test_without_pybullet_it_is_refused_before_the_run(tmp_path, monkeypatch):
    def missing():
        raise EngineUnavailable("PyBullet cannot be imported")

    monkeypatch.setattr(frames, "pybullet_module", missing)
    with pytest.raises(EngineUnavailable, match=r"output\.camera needs PyBullet"):
        run(waiting(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"width": 8}, {"view": "behind"}, {"std": -1}])
def test_bad_cameras_are_refused(wrong):
    with pytest.raises(ScenarioError, match=next(iter(wrong))):
        waiting(**wrong)
