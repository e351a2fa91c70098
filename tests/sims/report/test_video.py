"""Films and pictures without a browser: they hold as many pictures as they say, and the robot moves in them."""

import sys

import numpy as np
import pytest

from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.record import read_run
from sims.report import stored_data, write_plots
from sims.report.plots import PLOTS
from sims.report.stored import open_run
from sims.report.video import CAMERAS, pictures, write_video

SMALL = (96, 64)


@pytest.fixture(scope="module")
def duration(runs):
    return read_run(runs[0]).log.t[-1]


def test_a_gif_has_a_picture_for_each_moment(runs, duration, tmp_path):
    image = pytest.importorskip("PIL.Image")
    path = write_video(tmp_path / "run.gif", runs[0], fps=5, size=SMALL)
    with image.open(path) as film:
        assert film.n_frames == int(duration * 5) + 1
        assert film.size == SMALL
        assert film.info["duration"] == 200
        first = np.asarray(film.convert("RGB"), int)
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("RGB"), int)
    assert (np.abs(first - last).max(axis=2) > 40).mean() > 0.01


def test_an_mp4_is_read_by_ffmpeg(runs, duration, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = write_video(tmp_path / "run.mp4", runs[0], fps=10, speed=2, size=SMALL, camera="follow")
    frames, seconds = ffmpeg.count_frames_and_secs(str(path))
    assert frames == int(duration / 2 * 10) + 1
    assert seconds == pytest.approx(frames / 10, abs=0.11)
    assert next(ffmpeg.read_frames(str(path)))["size"] == SMALL


@pytest.mark.parametrize("camera", CAMERAS)
def test_every_camera_sees_the_robot(runs, camera):
    shown = open_run(runs[0])
    (frame,) = pictures(shown, np.array([0.0]), camera, SMALL)
    colours = np.unique(frame.reshape(-1, 3), axis=0)
    assert frame.shape == (64, 96, 3)
    assert len(colours) > 50
    assert ((frame.min(axis=2) > 150) & (np.ptp(frame.astype(int), axis=2) < 25)).mean() > 0.01  # the Panda is white


def test_without_an_encoder_there_is_a_sentence(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(EngineUnavailable, match=r"pip install 'robocalc\[video\]', or name a file \.gif"):
        write_video(tmp_path / "run.mp4", runs[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"path": "run.avi"}, "ends on .mp4 or .gif"),
        ({"fps": 0.0}, "fps must be above 0"),
        ({"speed": float("nan")}, "speed must be above 0"),
        ({"size": (97, 64)}, "even numbers"),
        ({"size": (8, 64)}, "32 to 4096 pixels"),
        ({"fps": 1e7}, "raise --speed or lower --fps"),
    ],
)
def test_bad_requests_have_a_sentence(runs, tmp_path, words, sentence):
    pytest.importorskip("imageio_ffmpeg")
    words = dict(words)
    with pytest.raises(InvalidInput, match=sentence):
        write_video(tmp_path / words.pop("path", "run.mp4"), runs[0], **words)
    with pytest.raises(UnknownName, match="unknown camera"):
        write_video(tmp_path / "run.gif", runs[0], camera="drone", size=SMALL)


def test_every_plot_is_drawn_as_png_and_svg_from_the_folder(runs, tmp_path):
    data = stored_data(runs[0])
    for kind, magic in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        written = write_plots(tmp_path / kind, data, list(PLOTS), kind)
        assert {path.stem for path in written} >= {"position", "torque", "error", "tool", "clearance", "jerk", "energy"}
        assert all(path.read_bytes().startswith(magic) for path in written)
