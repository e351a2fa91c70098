"""What a scenario's cameras take: PNG files by PyBullet's software renderer, with noise on every pixel.

check_camera   EngineUnavailable before the run, where no camera can see
write_frames   frame_0000.png, frame_0001.png, ... and times.csv; distances and what each pixel shows
png            one picture as the bytes of a PNG file
"""

import struct
import zlib
from pathlib import Path

import numpy as np

from robocalc.errors import EngineUnavailable
from sims.effects.build import stream
from sims.engines.bullet import pybullet_module
from sims.engines.bullet_picture import FIELD_OF_VIEW, Shot
from sims.report.video import MOST_PICTURES, pictures, shots


def check_camera():
    """Raises EngineUnavailable without PyBullet."""
    try:
        pybullet_module()
    except EngineUnavailable as error:
        raise EngineUnavailable(f"output.camera needs PyBullet's renderer: {error}") from None


def write_frames(folder, made) -> list:
    """The pictures of a Run with a log, into a new folder; returns their paths. Same run, same bytes.

    frame_0000.png, ...; depth_0000.png and segmentation_0000.png where asked for, and times.csv; of several cameras in
    a folder each.
    raises   ValueError   more pictures than anybody looks at
    """
    several, folder, paths = isinstance(made.scenario.output.camera, tuple), Path(folder), []
    folder.mkdir()
    for camera in made.scenario.output.cameras:
        place = folder / camera.name if several else folder
        place.mkdir(exist_ok=True)
        key = f"output.camera.{camera.name}" if several else "output.camera"
        paths += _taken(place, made, camera, key)
    return paths


def _taken(folder, made, camera, key):
    """The pictures of one camera; its noise is drawn for `key`."""
    log, size = made.log, (camera.width, camera.height)
    times = np.arange(0.0, log.t[-1] + 1e-9, 1 / camera.rate)
    if len(times) > MOST_PICTURES:
        raise ValueError(f"{len(times)} pictures are more than {MOST_PICTURES}: lower output.camera.rate")
    noise, blur = stream(made.scenario.seed, key), stream(made.scenario.seed, f"{key}.depth")
    paths, rows, shown = [], [], ()
    for i, (shot, mask, names) in enumerate(_seen(made, times, camera, size)):
        shown = names
        new = [(folder / f"frame_{i:04d}.png", png(_noisy(shot.colour, camera.std, noise)))]
        if camera.depth:
            new.append((folder / f"depth_{i:04d}.png", png(millimetres(shot.depth, camera.depth_std, blur))))
        if camera.segmentation:
            new.append((folder / f"segmentation_{i:04d}.png", png(mask)))
        for path, data in new:
            path.write_bytes(data)
        paths += [path for path, _ in new]
        rows.append(f"{new[0][0].name},{float(times[i])!r}\n")
    (folder / "times.csv").write_text("file,t [s]\n" + "".join(rows), encoding="utf-8")
    if camera.segmentation:
        table = "".join(f'{i + 1},"{name}"\n' for i, name in enumerate(shown))
        (folder / "segmentation.csv").write_text("value,name\n" + table, encoding="utf-8")
    return paths


def _seen(made, times, camera, size):
    """(Shot, mask, names) at each time; a view with a name and without more is the video's."""
    if camera.placed or camera.depth or camera.segmentation or camera.fov_deg != FIELD_OF_VIEW:
        yield from shots(made, times, camera, size, depth=camera.depth, segmentation=camera.segmentation)
        return
    for picture in pictures(made, times, camera.view, size):
        yield Shot(picture), None, ()


def _noisy(picture, std, noise):
    if std == 0:
        return picture
    return np.clip(np.rint(picture + std * noise.standard_normal(picture.shape)), 0, 255).astype(np.uint8)


def millimetres(depth, std, noise):
    """(height, width) uint16 of distances [m] with noise [m]; 0 where nothing is, at most 65.535 m."""
    seen = np.isfinite(depth)
    told = np.where(seen, depth, 0.0) + (std * noise.standard_normal(depth.shape) if std > 0 else 0.0)
    return np.where(seen, np.clip(np.rint(1e3 * told), 1, 65535), 0).astype(np.uint16)


def png(picture) -> bytes:
    """(height, width, 3) uint8 as truecolour, (height, width) uint16 as grey of 16 bits; no filter.

    source   ISO/IEC 15948
    """
    height, width = picture.shape[:2]
    grey = picture.ndim == 2
    data = np.ascontiguousarray(picture.astype(">u2") if grey else picture).view(np.uint8).reshape(height, -1)
    rows = np.zeros((height, 1 + data.shape[1]), np.uint8)  # each begins with the kind of its filter: 0
    rows[:, 1:] = data
    head = struct.pack(">IIBBBBB", width, height, 16 if grey else 8, 0 if grey else 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
