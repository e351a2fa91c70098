"""Arrays as few bytes: quantised to 16 bits, differences, high and low bytes apart, gzip, base64.

Packer   collects arrays; each gets a small description that player/data.js reads back
"""

import base64
import gzip

import numpy as np

MISSING = 65535  # what stands for NaN and infinity
LEVELS = 65534
COMPRESSION = 6  # gzip level: 9 takes three times as long for 1 %


class Packer:
    """`add_*` return plain dictionaries for the page's JSON; `text()` is the base64 of all bytes."""

    def __init__(self):
        self.parts = []
        self.size = 0

    def _add(self, data: bytes) -> int:
        at = self.size
        self.parts.append(data)
        self.size += len(data)
        return at

    def add_series(self, values):
        """(N, k) to within (max - min) / 131068 of each column; what is not finite comes back as missing."""
        values = np.asarray(values, float)
        values = values.reshape(len(values), int(np.prod(values.shape[1:])))
        finite = np.isfinite(values)
        low = np.where(finite, values, np.inf).min(axis=0, initial=np.inf)
        high = np.where(finite, values, -np.inf).max(axis=0, initial=-np.inf)
        low, high = np.where(low <= high, low, 0.0), np.where(low <= high, high, 0.0)
        with np.errstate(over="ignore"):
            span = high - low
        span = np.where(np.isfinite(span) & (span > 0), span, 1.0)
        levels = np.round(np.clip((np.where(finite, values, low) - low) / span, 0, 1) * LEVELS)
        levels = np.where(finite, levels, MISSING).astype(np.uint16)
        at = self._add(_planes(_differences(levels)))
        return {"at": at, "n": len(values), "k": values.shape[1], "low": low.tolist(), "step": (span / LEVELS).tolist()}

    def add_times(self, t):
        """(N,) as 32-bit floats: exact to 0.03 ms in ten minutes."""
        return {"at": self._add(_planes4(np.asarray(t, "<f4"))), "n": len(t)}

    def add_mesh(self, mesh):
        """Points to 1/65535 of the largest extent, normals to a degree, colours to 8 bits."""
        low = mesh.points.min(axis=0).astype(float)
        span = float(max(np.ptp(mesh.points, axis=0).max(), 1e-9))
        points = np.round((mesh.points - low) / span * MISSING).astype(np.uint16)
        faces = _sorted_faces(mesh.faces)
        wide = len(points) > 65536
        tones, tone = np.unique(np.nan_to_num(mesh.colours, nan=-1.0), axis=0, return_inverse=True)
        described = {
            "n": len(points),
            "faces": len(faces),
            "low": low.tolist(),
            "step": span / MISSING,
            "wide": wide,
            "tones": [None if tone[0] < 0 else [round(float(c), 4) for c in tone] for tone in tones],
        }
        described["points"] = self._add(_planes(_differences(points)))
        described["normals"] = self._add(np.ascontiguousarray(np.round(mesh.normals * 127).astype(np.int8).T).tobytes())
        described["tone"] = self._add(tone.reshape(-1).astype(np.uint8).tobytes())
        chained = np.stack([_step(faces[:, 0]), faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 1]], axis=1)
        described["index"] = self._add(
            _planes4(chained.astype("<i4").T) if wide else _planes(chained.astype(np.uint16))
        )
        return described

    def text(self) -> str:
        return base64.b64encode(gzip.compress(b"".join(self.parts), COMPRESSION, mtime=0)).decode("ascii")


def _step(column):
    return np.diff(column, prepend=0)


def _differences(levels):
    return np.diff(levels.astype(np.int32), axis=0, prepend=0).astype(np.uint16)  # modulo 65536


def _planes(values):
    """16-bit (N, k): column after column, all low bytes first, then all high ones."""
    data = np.frombuffer(np.ascontiguousarray(values.T, "<u2").tobytes(), np.uint8)
    return data[0::2].tobytes() + data[1::2].tobytes()


def _planes4(values):
    data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    return b"".join(data[i::4].tobytes() for i in range(4))


def _sorted_faces(faces):
    """Each triangle turned to start at its smallest vertex, in order: differences become small."""
    turn = (np.argmin(faces, axis=1)[:, None] + np.arange(3)) % 3
    faces = np.take_along_axis(faces, turn, axis=1)
    return faces[np.lexsort((faces[:, 1], faces[:, 0]))]
