"""What a report shows, as plain data: no robot, no engine, no scenario class is needed to draw it.

Solid, Body    a shape fixed in a body; a body with its poses over time
Panel          one plot: values over time, with reference and limits
Span           something named that lasts: a task step, a push
Figure, Check  a metric with its unit; a row of the acceptance table
Marker         a pose in the 3D view: where the tool should have come
ReportData     all of it
reduce_rows    a long log made short enough to draw: smallest and largest value of each bucket stay
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput

MAX_ROWS = 2400  # a plot is about 900 pixels wide; two rows a pixel and some to spare
MAX_FRAMES = 1800  # poses in the 3D replay
FRAME_RATE = 50.0  # [Hz]: between frames the page interpolates
SHAPES = ("mesh", "box", "sphere", "cylinder", "capsule", "plane")
ROLES = ("robot", "static", "dynamic", "moving")
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


class Span(NamedTuple):
    name: str
    start: float  # [s]
    end: float
    kind: str = ""  # move, grasp, ... for a step; push, ... for a disturbance


class Figure(NamedTuple):
    """A metric: time [s] is when the worst value was seen, or None."""

    name: str
    value: float
    unit: str = ""
    time: float | None = None
    meaning: str = ""


class Check(NamedTuple):
    """One row of the acceptance table; bound in words, as "≤ 0.5"."""

    metric: str
    value: float
    unit: str
    bound: str
    ok: bool
    time: float | None = None


class Marker(NamedTuple):
    """pose (7,) position [m] and quaternion xyzw in world."""

    name: str
    pose: tuple


@dataclass(frozen=True)
class Solid:
    """A shape in its body's frame: offset (12,) is R row-major, then p [m]; colour (r, g, b[, a]) in 0..1 or None.

    size [m]: box (x, y, z); sphere (radius,); cylinder and capsule (radius, length along z); mesh scale (3,); plane ().
    """

    shape: str
    size: tuple = ()
    path: str = ""
    colour: tuple | None = None
    offset: tuple = IDENTITY

    def __post_init__(self):
        if self.shape not in SHAPES:
            raise InvalidInput(f"shape {self.shape!r} cannot be drawn (known: {', '.join(SHAPES)})")


@dataclass(frozen=True)
class Body:
    """poses (F, 7) or (1, 7) for what stands still: position [m], quaternion xyzw, in world.

    run     number of the run that it belongs to, where several are compared
    ghost   drawn pale in the colour of that run
    """

    name: str
    role: str
    solids: tuple
    poses: np.ndarray
    run: int | None = None
    ghost: bool = False

    def __post_init__(self):
        poses = np.atleast_2d(np.asarray(self.poses, float))
        if self.role not in ROLES:
            raise InvalidInput(f"body {self.name!r}: role {self.role!r} is not one of {', '.join(ROLES)}")
        if poses.ndim != 2 or poses.shape[1] != 7:
            raise InvalidInput(f"body {self.name!r}: poses must have shape (F, 7), got {np.shape(self.poses)}")
        object.__setattr__(self, "poses", poses)


@dataclass(frozen=True)
class Panel:
    """One plot: values (N, k) at t (N,), drawn as lines; reference (N, k) dashed, limits (2, k) dotted; band (N, k), in
    which they should lie, shaded from -band to band.

    joints   which of the report's joints the lines are, so that they share colour and switch; () for other lines
    runs     which of the compared runs (`run_names`) the lines are: they differ by dash; () where there is one run
    """

    key: str
    title: str
    unit: str
    labels: tuple
    t: np.ndarray
    values: np.ndarray
    reference: np.ndarray | None = None
    limits: np.ndarray | None = None
    joints: tuple = ()
    reference_label: str = "wanted"
    notes: tuple = ()  # one text a sample, or none: as the pair whose distance is shown
    runs: tuple = ()
    run_names: tuple = ()
    band: np.ndarray | None = None

    def __post_init__(self):
        values = np.asarray(self.values, float)
        if values.shape != (len(self.t), len(self.labels)):
            raise InvalidInput(
                f"plot {self.key!r}: values must have shape ({len(self.t)}, {len(self.labels)}), got {values.shape}"
            )
        object.__setattr__(self, "values", values)
        if self.reference is not None and np.shape(self.reference) != values.shape:
            raise InvalidInput(f"plot {self.key!r}: reference must have shape {values.shape}")
        if self.band is not None and np.shape(self.band) != values.shape:
            raise InvalidInput(f"plot {self.key!r}: band must have shape {values.shape}")


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. t_frames (F,) are the times of the bodies' poses, [s]; paths (P, 3) in world, [m].

    touches   (starts (F + 1,), points (C, 4)): contacts of frame k are rows starts[k] to starts[k + 1]: x, y, z [m] and
              normal force [N]; or None
    witness   (F, 6) the two points [m] that are closest to each other, NaN where nothing is near; or None
    reasons   sentences: why there is no motion to show; () for a run
    budget    sims.report.budget.Budget, or None
    verdict   a word instead of "Accepted" and "Not accepted"
    """

    name: str
    joints: tuple
    t: np.ndarray
    panels: tuple
    t_frames: np.ndarray = field(default_factory=lambda: np.zeros(1))
    bodies: tuple = ()
    planned_path: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    executed_path: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))  # one point a frame
    other_paths: tuple = ()  # (name, planned, executed) of robots beside the first
    description: str = ""
    outcome: str = ""
    accepted: bool | None = None
    steps: tuple = ()
    disturbances: tuple = ()
    metrics: tuple = ()
    acceptance: tuple = ()
    scenario_text: str = ""
    versions: dict = field(default_factory=dict)
    notes: tuple = ()  # sentences for the reader: what is missing, what to know
    markers: tuple = ()
    touches: tuple | None = None
    witness: np.ndarray | None = None
    budget: object = None
    reasons: tuple = ()
    verdict: str = ""
    reduced: str = ""  # what of the log is not drawn, and where it is; empty if all is

    @property
    def duration(self) -> float:
        return float(self.t[-1]) if len(self.t) else 0.0

    def panel(self, key) -> Panel | None:
        return next((p for p in self.panels if p.key == key), None)


def reduce_rows(t, columns, most=MAX_ROWS):
    """(t', columns') with at most `most` rows: of each bucket, the smallest and the largest value, in their order.

    t (N,), columns a list of arrays (N, k) or None; every column of the result touches the extremes that the whole
    log touches, at a time that is off by at most one bucket. Short logs are returned as they are.
    """
    N = len(t)
    short = most >= N
    if short:
        return t, list(columns)
    size = -(-N // (most // 2))  # rows a bucket
    edges = np.arange(0, N, size)
    times = np.repeat(t[edges], 2).astype(float)
    last = t[np.minimum(edges + size, N) - 1]
    times[1::2] = (t[edges] + last) / 2
    times[-1] = t[-1]
    return times, [None if c is None else _envelope(np.asarray(c, float), edges, size) for c in columns]


def _envelope(values, edges, size):
    N, k = values.shape
    padded = np.concatenate([values, np.repeat(values[-1:], len(edges) * size - N, axis=0)]).reshape(-1, size, k)
    low = np.argmin(np.where(np.isnan(padded), np.inf, padded), axis=1)  # a missing value wins only if all are missing
    high = np.argmax(np.where(np.isnan(padded), -np.inf, padded), axis=1)
    first, second = np.minimum(low, high), np.maximum(low, high)
    pick = np.stack([first, second], axis=1)  # (B, 2, k)
    return np.take_along_axis(padded, pick, axis=1).reshape(-1, k)


def frame_rows(t, most=MAX_FRAMES, rate=FRAME_RATE):
    """Rows of the log that the replay shows: about `rate` a second, at most `most`, the first and the last included."""
    if len(t) < 2:
        return np.arange(len(t))
    count = int(min(most, max(2, np.ceil((t[-1] - t[0]) * rate) + 1), len(t)))
    return np.unique(np.round(np.linspace(0, len(t) - 1, count)).astype(int))
