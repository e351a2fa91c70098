"""A run as a film, without a window: PyBullet's software renderer, MP4 by imageio-ffmpeg or GIF by Pillow.

write_video    run folder -> file
pictures       the pictures one by one
shots          likewise, with distances and what each pixel shows
CAMERAS        name -> (yaw, pitch) [deg]; "follow" keeps the tool in the middle
"""

import os
from pathlib import Path

import numpy as np

from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.build import true_robot
from sims.engines.bullet import Bullet
from sims.engines.bullet_picture import FIELD_OF_VIEW
from sims.report.bodies import body_poses, tool_poses
from sims.report.stored import open_run
from sims.report.views import eyes, opening, orbit

CAMERAS = {
    "iso": (50.0, -25.0),
    "front": (90.0, -8.0),
    "side": (0.0, -8.0),
    "top": (90.0, -89.0),
    "follow": (50.0, -20.0),
}
MOST_PICTURES = 6000
PIXELS = (32, 4096)  # smallest and largest side
HALF_VIEW = np.tan(np.deg2rad(45.0 / 2))  # of sims.engines.bullet_picture's lens
GIF_COLOURS = 128


def write_video(path, folder, *, camera="iso", fps=15.0, speed=1.0, size=(480, 360), progress=None) -> Path:
    """Film a run folder; `path` ends on .mp4 or .gif. Returns the path; an older file is replaced whole.

    camera    name of CAMERAS, or sims.scenario.schema_camera.Camera with a place of its own
    fps    pictures a second [Hz]        speed   2: twice as fast as it happened
    size      (width, height) in pixels, even for MP4; not the Camera's
    progress  called with (share of the work done, what is being done)
    raises    EngineUnavailable without PyBullet or an encoder; InvalidInput, UnknownName for arguments and folders
    """
    path = Path(path)
    _check(path, fps, speed, size)
    encode = {".mp4": _mp4, ".gif": _gif}[path.suffix.lower()]
    if encode is _mp4:
        _ffmpeg()  # before the work
    shown = open_run(folder)
    times = np.arange(0.0, shown.log.t[-1] + 1e-9, speed / fps)
    if len(times) > MOST_PICTURES:
        raise InvalidInput(f"{len(times)} pictures are more than {MOST_PICTURES}: raise --speed or lower --fps")
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        encode(partial, pictures(shown, times, camera, size, progress), fps, size)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _check(path, fps, speed, size):
    if path.suffix.lower() not in (".mp4", ".gif"):
        raise InvalidInput(f"{path.name}: a video ends on .mp4 or .gif")
    for name, value in (("fps", fps), ("speed", speed)):
        if not (np.isfinite(value) and value > 0):
            raise InvalidInput(f"{name} must be above 0, got {value!r}")
    low, high = PIXELS
    if not all(low <= side <= high for side in size):
        raise InvalidInput(f"a picture has {low} to {high} pixels a side, got {size[0]}x{size[1]}")
    if path.suffix.lower() == ".mp4" and any(side % 2 for side in size):
        raise InvalidInput(f"MP4 needs even numbers of pixels, got {size[0]}x{size[1]}")


def pictures(shown, times, camera="iso", size=(480, 360), progress=None):
    """(height, width, 3) uint8 at each time [s] of a sims.report.stored.Shown; camera as in write_video."""
    if getattr(camera, "placed", False) or getattr(camera, "fov_deg", FIELD_OF_VIEW) != FIELD_OF_VIEW:
        for shot, _, _ in shots(shown, times, camera, size, progress):
            yield shot.colour
        return
    name = getattr(camera, "view", camera)
    if name not in CAMERAS:
        raise UnknownName("camera", name, CAMERAS)
    for plant, view in _moments(shown, times, progress, name):
        yield plant.picture(*size, **view)


def shots(shown, times, camera, size, progress=None, *, depth=False, segmentation=False):
    """(Shot, mask, names) of a Camera at each time [s]; see sims.engines.bullet.Bullet.shot."""
    options = {"depth": depth, "segmentation": segmentation}
    for plant, view in _moments(shown, times, progress, camera if camera.placed else camera.view, camera.fov_deg):
        yield *plant.shot(view, *size, **options), plant.shown_names


def _moments(shown, times, progress, camera, fov=None):
    """(plant as it was, where the camera is then) at each time; an Eye where it has a field of view."""
    if shown.scenario is None:
        raise InvalidInput(f"{shown.stored.folder} cannot be filmed: {'; '.join(shown.notes)}")
    log = shown.log
    rows = np.clip(np.round(times / log.dt).astype(int), 0, len(log.joint) - 1)
    rows = rows[np.isfinite(log.q[rows]).all(axis=1)]
    views = _named(shown, log.q[rows], camera) if isinstance(camera, str) else eyes(shown.robot, log.q[rows], camera)
    with Bullet(true_robot(shown.scenario), log.dt, world=shown.world, visuals=True) as plant:
        for i, (k, view) in enumerate(zip(rows.tolist(), views, strict=True)):
            if progress:
                progress(i / len(rows), "filming")
            _place(plant, log, k)
            yield plant, view if fov is None or not isinstance(camera, str) else orbit(fov, **view)


def _named(shown, q, name):
    """The words of Bullet.picture for a view with a name, one for each row of q."""
    tool = tool_poses(shown.robot, q)[:, :3, 3]
    target, reach = _frame(shown.robot, q, tool)
    yaw, pitch = CAMERAS[name]
    follows, angles = name == "follow", {"yaw": yaw, "pitch": pitch}
    for point in tool:
        if follows:
            yield angles | {"target": point, "distance": 0.45 * reach / HALF_VIEW}
        else:
            yield angles | {"target": target, "distance": reach / HALF_VIEW * 1.05}


def _frame(robot, q, tool):
    """Middle (3,) and half of the extent [m] of what the robot fills over time."""
    some = q[np.unique(np.linspace(0, len(q) - 1, 40).astype(int))]
    points = np.concatenate([body_poses(robot, some)[..., :3].reshape(-1, 3), tool, [robot.base.p]])
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, max(0.1, float(np.linalg.norm(high - low)) / 2)


def _place(plant, log, k):
    """The plant as the log saw it at step k."""
    t = k * log.dt
    plant.reset(log.q[k], t=t)
    if len(log.t_objects):
        i = int(np.clip(np.searchsorted(log.t_objects, t + 1e-9) - 1, 0, None))
        for name, poses in log.objects.items():
            if not np.isfinite(poses[i]).all():
                continue
            if name in plant.scene.free:
                plant.place(name, poses[i])
            elif name in plant.scene.mounted.items:
                plant.scene.open(name, opening(plant.scene.item(name).shape, poses[i]))


# encoders -----------------------------------------------------------------------------------------------------------


def _ffmpeg():
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise EngineUnavailable("MP4 needs an encoder: pip install 'robocalc[video]', or name a file .gif") from None
    return imageio_ffmpeg


def _mp4(path, frames, fps, size):
    words = {"fps": fps, "codec": "libx264", "macro_block_size": 2, "output_params": ["-loglevel", "error"]}
    writer = _ffmpeg().write_frames(str(path), size, **words)
    writer.send(None)
    try:
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
    finally:
        writer.close()


def _gif(path, frames, fps, size):
    from PIL import Image

    first, rest = None, []
    for frame in frames:
        image = Image.fromarray(frame).quantize(GIF_COLOURS, palette=first, dither=Image.Dither.NONE)
        if first is None:
            first = image
        else:
            rest.append(image)
    first.save(path, save_all=True, append_images=rest, duration=round(1000 / fps), loop=0, optimize=False)
