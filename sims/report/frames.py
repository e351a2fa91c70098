"""What a scenario's camera takes: PNG files by PyBullet's software renderer, with noise on every pixel.

check_camera   EngineUnavailable before the run, where no camera can see
write_frames   frame_0000.png, frame_0001.png, ... and times.csv
png            one picture as the bytes of a PNG file
"""

import struct
import zlib
from pathlib import Path

import numpy as np

from robocalc.errors import EngineUnavailable
from sims.effects.build import stream
from sims.engines.bullet import pybullet_module
from sims.report.video import MOST_PICTURES, pictures


def check_camera():
    """Raises EngineUnavailable without PyBullet."""
    try:
        pybullet_module()
    except EngineUnavailable as error:
        raise EngineUnavailable(f"output.camera needs PyBullet's renderer: {error}") from None


def write_frames(folder, made) -> list:
    """The pictures of a Run with a log, into a new folder; returns their paths. Same run, same bytes.

    raises   ValueError   more pictures than anybody looks at
    """
    camera, log = made.scenario.output.camera, made.log
    times = np.arange(0.0, log.t[-1] + 1e-9, 1 / camera.rate)
    if len(times) > MOST_PICTURES:
        raise ValueError(f"{len(times)} pictures are more than {MOST_PICTURES}: lower output.camera.rate")
    folder, paths, noise = Path(folder), [], stream(made.scenario.seed, "output.camera")
    folder.mkdir()
    for i, picture in enumerate(pictures(made, times, camera.view, (camera.width, camera.height))):
        if camera.std > 0:
            seen = picture + camera.std * noise.standard_normal(picture.shape)
            picture = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
        paths.append(folder / f"frame_{i:04d}.png")
        paths[-1].write_bytes(png(picture))
    rows = [f"{path.name},{t!r}\n" for path, t in zip(paths, times.tolist())]  # a run that diverged has fewer pictures
    (folder / "times.csv").write_text("file,t [s]\n" + "".join(rows), encoding="utf-8")
    return paths


def png(picture) -> bytes:
    """(height, width, 3) uint8 as PNG: truecolour, no filter. Source: ISO/IEC 15948."""
    height, width, _ = picture.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with the kind of its filter: 0
    rows[:, 1:] = picture.reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
