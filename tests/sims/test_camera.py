"""A camera in the run: pictures read back by another library, noise by the seed."""

from typing import get_args

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import EngineUnavailable, ScenarioError
from sims import Scenario, run
from sims.engines.shapes import Box, Mount
from sims.record import read_run
from sims.report import frames
from sims.report.video import CAMERAS
from sims.report.views import opening
from sims.scenario.schema_camera import Camera

Image = pytest.importorskip("PIL.Image")


def waiting(*several, world=(), **camera):
    """A run with one camera, or with several."""
    small = {"width": 64, "height": 48}
    data = {
        "format": "robocalc/1",
        "name": "waiting",
        "sim": {"engine": "twin"},
        "robot": {"model": "two_link"},
        "task": [{"do": "move", "to": {"joints": [0.4, 0.3]}, "duration": 0.5}],
        "controller": {"type": "computed_torque", "wn": 20, "zeta": 1},
        "world": list(world),
        "output": {"camera": [small | one for one in several] if several else small | camera},
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


DOWN = {"position": [3, 0, 0], "target": [3, 0, -2]}
THINGS = (
    {"name": "floor", "shape": "plane", "position": [0, 0, -2]},
    {"name": "ball", "shape": "sphere", "radius": 0.1, "position": [3, 0, -1.9]},
)


def read(folder, stem):
    return [np.asarray(Image.open(path)).astype(int) for path in sorted(folder.glob(f"{stem}_*.png"))]


def test_depth_and_segmentation_are_those_of_a_ball_on_the_floor(tmp_path):
    pytest.importorskip("pybullet")
    more = {"width": 240, "height": 240, "fov_deg": 30, "rate": 2, "depth": True, "segmentation": True}
    made = run(waiting(world=THINGS, **DOWN, **more), tmp_path / "run", plots=False, report=False)
    assert not any("frames" in text or "camera" in text for text in made.warnings)
    depth, mask = (read(tmp_path / "run" / "frames", stem) for stem in ("depth", "segmentation"))
    assert len(depth) == len(mask) == 2
    assert depth[0][120, 120] == pytest.approx(1800, abs=2)  # [mm] to the top of the ball
    assert np.abs(depth[0][:10] - 2000).max() <= 2  # along the view, not the ray: the floor is flat
    rows = (tmp_path / "run" / "frames" / "segmentation.csv").read_text().splitlines()[1:]
    number = {row.split(",")[1].strip('"'): int(row.split(",")[0]) for row in rows}
    assert mask[0][120, 120] == number["ball"]
    assert mask[0][0, 0] == number["floor"]
    # its outline is where rays touch it: radius of the picture r / sqrt(d² - r²) of the focal length
    wide = 120 / np.tan(np.deg2rad(15)) * 0.1 / np.sqrt(1.9**2 - 0.1**2)
    assert (mask[0] == number["ball"]).sum() == pytest.approx(np.pi * wide**2, rel=0.1)  # drawn with facets


def test_a_camera_on_a_link_sees_what_one_at_its_place_sees(tmp_path):
    pytest.importorskip("pybullet")
    robot = load("two_link")
    T = robot.pose(robot.home)
    place, target = ((T @ [*p, 1.0])[:3].tolist() for p in ([0.05, 0.3, 0.4], [0.0, 0.0, 0.0]))
    on_link = {"link": robot.tool, "position": [0.05, 0.3, 0.4], "target": [0, 0, 0]}
    scenario = waiting({"name": "hand"} | on_link, {"position": place, "target": target}, world=THINGS)
    run(scenario, tmp_path / "run", plots=False, report=False)
    hand, fixed = (read(tmp_path / "run" / "frames" / name, "frame") for name in ("hand", "camera_2"))
    assert np.abs(hand[0] - fixed[0]).mean() < 0.5
    assert np.ptp(hand[0]) > 100
    assert np.abs(hand[-1] - fixed[-1]).mean() > 2 * np.abs(hand[0] - fixed[0]).mean() + 1  # it went along


def test_angles_turn_a_frame_that_looks_along_z_with_y_down(tmp_path):
    pytest.importorskip("pybullet")
    turned = {"position": DOWN["position"], "rpy_deg": [180, 0, 0], "name": "turned"}
    run(waiting({"name": "aimed"} | DOWN, turned, world=THINGS), tmp_path / "run", plots=False, report=False)
    aimed, turned = (read(tmp_path / "run" / "frames" / name, "frame")[0] for name in ("aimed", "turned"))
    assert np.abs(aimed - turned).max() <= 2


@pytest.mark.parametrize("view", ["iso", "front", "side", "top", "follow"])
def test_a_view_with_depth_is_the_same_view(tmp_path, view):
    pytest.importorskip("pybullet")
    run(waiting({"view": view}, {"view": view, "depth": True}), tmp_path / "run", plots=False, report=False)
    plain, deep = (read(tmp_path / "run" / "frames" / f"camera_{i}", "frame")[0] for i in (1, 2))
    assert np.abs(plain - deep).mean() < 0.5


def test_noise_of_distances_has_its_deviation_and_leaves_what_is_nothing():
    depth = np.full((100, 100), 1.5)
    depth[:10] = np.inf
    told = frames.millimetres(depth, 0.01, np.random.default_rng(0))
    assert (told[:10] == 0).all()
    assert told[10:].std() == pytest.approx(10.0, rel=0.05)
    assert frames.millimetres(np.array([[1e3, 1e-5]]), 0.0, None).tolist() == [[65535, 1]]


def test_a_grey_png_is_read_back_by_pillow(tmp_path):
    picture = np.random.default_rng(0).integers(0, 2**16, (7, 5), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(frames.png(picture))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture)


@pytest.mark.parametrize("slides", [True, False])
def test_a_door_is_shown_as_far_open_as_it_was(slides):
    mount = Mount(slides=slides, axis=(0.2, -0.5, 1.0), at=(0.0, 0.0, 0.0) if slides else (0.3, -0.1, 0.2))
    box = Box(name="door", size=(0.4, 0.1, 0.6), mass=1.0, position=(1, 2, 3), rpy=(0.3, -0.2, 0.5), mount=mount)
    for s in (-1.2, 0.0, 0.7, 2.5):
        assert opening(box, mount.moved(np.asarray(box.pose), s)) == pytest.approx(s, abs=1e-12)


def test_what_fails_while_pictures_are_taken_costs_no_data(tmp_path, monkeypatch):
    pytest.importorskip("pybullet")

    def broken(*_, **__):
        raise RuntimeError("the renderer is gone")

    monkeypatch.setattr(frames, "pictures", broken)
    made = run(waiting(), tmp_path / "run", plots=False, report=False)
    assert any("frames not made" in note and "the renderer is gone" in note for note in made.warnings)
    assert read_run(tmp_path / "run").log is not None


@pytest.mark.parametrize(
    ("camera", "why"),
    [
        ({"target": [0, 0, 0]}, "target is for a camera with a position or a link"),
        ({"position": [1, 0, 0]}, "position needs target or rpy_deg"),
        ({"position": [1, 0, 0], "target": [1, 0, 0]}, "target is where the camera stands"),
        ({"position": [1, 0, 0], "target": [0, 0, 0], "rpy_deg": [0, 0, 0]}, "target excludes rpy_deg"),
        ({"link": "hand"}, r"output\.camera\.link: two_link has no link 'hand'"),
        ({"fov_deg": 170}, "fov_deg: must be at most 150"),
        ({"name": "../a"}, r"output\.camera\.name: names a folder"),
        ({"depth": 1}, "depth: expected true or false"),
    ],
)
def test_cameras_that_see_nothing_are_told(camera, why):
    with pytest.raises(ScenarioError, match=why):
        waiting(**camera)


def test_cameras_of_a_list_are_told_by_their_place():
    with pytest.raises(ScenarioError, match=r"output\.camera\.1\.fov_deg: must be at least 1"):
        waiting({}, {"fov_deg": 0})
    with pytest.raises(ScenarioError, match=r"output\.camera\.1\.name: 'a' is already the name of output\.camera\.0"):
        waiting({"name": "a"}, {"name": "a"})
    with pytest.raises(ScenarioError, match=r"output\.camera\.1\.link: two_link has no link 'hnd'"):
        waiting({}, {"link": "hnd"})
    saved = waiting({"name": "a"}, DOWN).to_dict()
    assert Scenario.of(saved) == waiting({"name": "a"}, DOWN)


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"width": 8}, {"view": "behind"}, {"std": -1}])
def test_bad_cameras_are_refused(wrong):
    with pytest.raises(ScenarioError, match=next(iter(wrong))):
        waiting(**wrong)
