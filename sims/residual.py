"""Torque that was learned, added to the feed-forward of any law before the run: so all laws and engines take it alike.

    Network    a small neural network of position, velocity and acceleration, that fades out away from its data
    Repeated   a torque learned on one motion by repeating it
    added_by   what the scenario's `learned.file` adds along a reference, or None
    save       write either as a file; `load` reads it

A file is a .npz of plain arrays, with the robot it was learned on in its header.
"""

import json
import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from robocalc.control.law import undriven
from robocalc.errors import InvalidInput

# what numpy and json raise for a file that is cut off, or is another one
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)
FORMAT = "robocalc-learned/1"
SLOW = 0.02  # [rad/s | m/s] over which the sign of a velocity turns: friction at rest is not known
# how far beyond the data, in standard deviations, as learned and no more: of the network; of what is linear by physics
CURVED, LINEAR = (0.25, 1.5), (8.0, 20.0)
UNSURE = (0.3, 1.0)  # standard deviation over size of what is linear: as learned, and no more
SAME = 1e-9  # [rad | m] that a motion may differ from the one that was repeated


@dataclass(frozen=True, eq=False)
class Network:
    """τ = fade₁ (viscous v + Coulomb sign v + Y π) + fade₂ scale tanh-network(z), z the normalised (q, v, a, sign v).

    weights    W1 (4n, h), b1, W2 (h, h), b2, W3 (h, n), b3
    mean, deviation   (3n,) of the data's q, v, a; low, high (3n,) its range in deviations; scale (n,) [N m]
    resistance, load  (2, n) and (10,): the part that is known to be linear, the load at the tool
    covariance, size  (10 + 2n, 10 + 2n) of load and resistance; (n,) [N m] rms of what they explain of the data

    The network fades with the distance from the data. What is linear goes on beyond as far as the data tell its
    numbers: fade₁ falls, joint by joint, as the standard deviation of the predicted torque nears its size.
    """

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    W3: np.ndarray
    b3: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    scale: np.ndarray
    resistance: np.ndarray
    load: np.ndarray
    covariance: np.ndarray
    size: np.ndarray

    def torque(self, robot, reference) -> np.ndarray:
        """(N + 1, n) [N m | N] along a reference (N + 1, 3, n)."""
        q, v, a = np.ascontiguousarray(np.moveaxis(reference, 1, 0))
        return self.linear(robot, q, v, a) + self.fade(q, v, a)[:, None] * self.curved(q, v, a)

    def linear(self, robot, q, v, a):
        """Load and friction, as far as they are known there."""
        X = columns(robot, q, v, a)
        deviation = np.sqrt(np.maximum(np.einsum("kip,pr,kir->ki", X, self.covariance, X, optimize=True), 0.0))
        sure = fading(deviation / np.maximum(self.size, 1e-12), UNSURE)
        near = self.fade(q, v, a, LINEAR, self.wide)[:, None]
        return near * sure * (X @ np.concatenate([self.load, *self.resistance]))

    def curved(self, q, v, a):
        """What the network gives."""
        x = inputs(q, v, a, self.mean, self.deviation)
        hidden = np.tanh(np.tanh(x @ self.W1 + self.b1) @ self.W2 + self.b2)
        return self.scale * (hidden @ self.W3 + self.b3)

    def shapes(self, n) -> dict:
        """What each array's shape must be for n joints."""
        h, p = np.size(self.b1), 10 + 2 * n
        told = {"mean": (3 * n,), "deviation": (3 * n,), "low": (3 * n,), "high": (3 * n,), "scale": (n,)}
        weights = {"W1": (4 * n, h), "b1": (h,), "W2": (h, h), "b2": (h,), "W3": (h, n), "b3": (n,)}
        return weights | told | {"resistance": (2, n), "load": (10,), "covariance": (p, p), "size": (n,)}

    @property
    def possible(self) -> bool:
        """Deviations and sizes are those of something."""
        return bool((self.deviation > 0).all() and (self.low <= self.high).all() and (self.size >= 0).all())

    @property
    def wide(self) -> np.ndarray:
        """(3n,) for all joints the greatest deviation of positions, of velocities and of accelerations."""
        n = len(self.scale)
        return np.repeat(self.deviation.reshape(3, n).max(axis=1), n)

    def fade(self, q, v, a, room=CURVED, unit=None) -> np.ndarray:
        """(N + 1,): 1 within the data, falling smoothly to 0 with the distance from their range in units (3n,)."""
        z = (np.concatenate([q, v, a], axis=1) - self.mean) / self.deviation
        beyond = np.maximum(0.0, np.maximum(z - self.high, self.low - z))
        return fading(np.linalg.norm(beyond if unit is None else beyond * self.deviation / unit, axis=1), room)


def fading(x, room) -> np.ndarray:
    """1 up to the first of `room`, 0 from the second on, smooth between."""
    inside, outside = room
    s = np.clip((outside - x) / (outside - inside), 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)


def columns(robot, q, v, a) -> np.ndarray:
    """(N, n, 10 + 2n): what load, viscous and Coulomb friction are multiplied by."""
    from robocalc.dynamics.regressor import frame_regressor

    one = np.eye(robot.n)
    return np.concatenate(
        [frame_regressor(robot, q, v, a), v[:, :, None] * one, np.tanh(v / SLOW)[:, :, None] * one], axis=2
    )


def inputs(q, v, a, mean, deviation) -> np.ndarray:
    """(N, 4n) of the network."""
    return np.concatenate([(np.concatenate([q, v, a], axis=1) - mean) / deviation, np.tanh(v / SLOW)], axis=1)


@dataclass(frozen=True, eq=False)
class Repeated:
    """tau (N + 1, n) along the positions q (N + 1, n) of one motion, sampled alike."""

    q: np.ndarray
    tau: np.ndarray

    possible = True

    def shapes(self, n) -> dict:
        """What each array's shape must be for n joints."""
        return {"q": (len(self.q), n), "tau": (len(self.q), n)} if self.q.ndim else {"q": (0, n)}

    def torque(self, robot, reference) -> np.ndarray:
        """raises InvalidInput   another motion than the one that was repeated"""
        if reference.shape[0] != len(self.q) or abs(reference[:, 0] - self.q).max() > SAME:
            raise InvalidInput("learned.file was learned by repeating another motion; repeat this one, or leave it out")
        return self.tau


KINDS = {"network": Network, "repeated": Repeated}


def save(path, learned, robot) -> Path:
    """Write a Network or Repeated that was learned on a robot."""
    kind = next(name for name, made in KINDS.items() if isinstance(learned, made))
    header = {"format": FORMAT, "kind": kind, "robot": robot.name, "source": robot.tree.source, "joints": robot.joints}
    arrays = {field.name: getattr(learned, field.name) for field in fields(learned)}
    path = Path(path)
    with path.open("wb") as file:
        np.savez(file, header=np.array(json.dumps(header)), **arrays)
    return path


def load(path, robot):
    """What `save` wrote; raises InvalidInput for a damaged file, or one of another robot or version."""
    header, arrays = _read(path)
    try:
        kind, whose, joints, source = KINDS[header["kind"]], header["robot"], tuple(header["joints"]), header["source"]
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"{path} cannot be read as a learned file: its header is damaged at {error}") from None
    if source != robot.tree.source or joints != robot.joints:
        raise InvalidInput(f"{path} was learned on {whose}, not on {robot.name}; learn from runs of this robot")
    names = [field.name for field in fields(kind)]
    if set(names) != set(arrays):
        other = ", ".join(sorted(set(names) ^ set(arrays)))
        raise InvalidInput(f"{path} is damaged or of another version ({other}): learn it again from the same runs")
    _sound(path, learned := kind(**arrays), robot)
    return learned


def _read(path):
    """(header, arrays by name) of a file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            arrays = {name: stored[name] for name in stored.files if name != "header"}
    except UNREADABLE as error:
        why = getattr(error, "strerror", None) or "it is cut off, or no file of `robocalc learn` or `repeat`"
        raise InvalidInput(f"{path} cannot be read as a learned file: {why}") from None
    found = header.get("format") if isinstance(header, dict) else None
    if found != FORMAT:
        raise InvalidInput(
            f"{path} is no file of `robocalc learn` or `repeat`: its format is {found!r}, not {FORMAT!r}"
        )
    return header, arrays


def _sound(path, learned, robot):
    """Raises InvalidInput where numbers are not finite, or not as many as the robot needs."""
    for name, x in vars(learned).items():
        if x.dtype.kind not in "fiu" or not np.isfinite(x).all():
            raise InvalidInput(f"{path} is damaged: not all of its numbers are finite ({name})")
    for name, shape in learned.shapes(robot.n).items():
        found = getattr(learned, name).shape
        if found != shape:
            raise InvalidInput(f"{path} is damaged: {name} must have shape {shape}, got {found}")
    if not learned.possible:
        raise InvalidInput(f"{path} is damaged: its deviations are not above 0, or its ranges are empty")


def added_by(scenario, robot):
    """reference (N + 1, 3, n) -> torque (N + 1, n) of the scenario's `learned.file`, or None where there is none."""
    spec = getattr(scenario, "learned", None)
    if spec is None:
        return None
    learned, driven = load(spec.file, robot), ~undriven(robot)
    return lambda reference: np.where(driven, learned.torque(robot, reference), 0.0)
