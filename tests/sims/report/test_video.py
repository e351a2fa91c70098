"""Films and pictures without a browser: they hold as many pictures as they say, and the robot moves in them."""

import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.cli.commands import app
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


@pytest.mark.parametrize("where", [["--from", "1.5,-1,1", "--to", "0,0,0.4"], ["--link", "panda_hand", "--fov", "90"]])
def test_the_command_films_from_any_place(runs, tmp_path, where):
    image, seen = pytest.importorskip("PIL.Image"), []
    for name, words in (("placed", where), ("iso", [])):
        out = tmp_path / f"{name}.gif"
        done = CliRunner().invoke(
            app, ["video", str(runs[0]), "--out", str(out), "--fps", "2", "--size", "96x64", *words]
        )
        assert done.exit_code == 0, done.output
        with image.open(out) as film:
            seen.append(np.asarray(film.convert("RGB"), int))
    assert (np.abs(seen[0] - seen[1]).max(axis=2) > 40).mean() > 0.05


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--from", "1,2"], "position: expected 3 items, got 2"),
        (["--from", "1,x,2"], "write three numbers"),
        (["--from", "1,0,1"], "position needs target"),
        (["--to", "1,0,1"], "target is for a camera with a position or a link"),
        (["--link", "panda_hnd"], "unknown link 'panda_hnd'; did you mean 'panda_hand'"),
        (["--from", "1,0,nan", "--to", "0,0,0"], "position"),
        (["--view", "drone"], "unknown camera 'drone'"),
        (["--fov", "500"], "fov_deg: must be at most 150"),
    ],
)
def test_a_place_that_makes_no_sense_is_one_sentence(runs, tmp_path, words, sentence):
    done = CliRunner().invoke(app, ["video", str(runs[0]), "--out", str(tmp_path / "a.gif"), *words])
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_without_an_encoder_the_command_says_so_and_keeps_the_run(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    before = sorted((path.name, path.stat().st_size) for path in runs[0].iterdir())
    done = CliRunner().invoke(app, ["video", str(runs[0])])
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1
    assert "MP4 needs an encoder" in done.output
    assert sorted((path.name, path.stat().st_size) for path in runs[0].iterdir()) == before


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
