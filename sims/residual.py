"""Torque that was learned, added to the feed-forward of any law before the run: so all laws and engines take it alike.

    Network    a small neural network of position, velocity and acceleration, that fades out away from its data
    Repeated   a torque learned on one motion by repeating it
    added_by   what the scenario's `learned.file` adds along a reference, or None
    save       write either as a file; `load` reads it

A file is a .npz of plain arrays, with the robot it was learned on in its header.
"""

import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from robocalc.control.law import undriven
from robocalc.errors import InvalidInput

FORMAT = "robocalc-learned/1"
SLOW = 0.02  # [rad/s | m/s] over which the sign of a velocity turns: friction at rest is not known
# how far beyond the data, in standard deviations, as learned and no more: of the network; of what is linear by physics
CURVED, LINEAR = (0.25, 1.5), (2.0, 6.0)
SAME = 1e-9  # [rad | m] that a motion may differ from the one that was repeated


@dataclass(frozen=True, eq=False)
class Network:
    """τ = fade₁ (viscous v + Coulomb sign v + Y π) + fade₂ scale tanh-network(z), z the normalised (q, v, a, sign v).

    weights    W1 (4n, h), b1, W2 (h, h), b2, W3 (h, n), b3
    mean, deviation   (3n,) of the data's q, v, a; low, high (3n,) its range in deviations; scale (n,) [N m]
    resistance, load  (2, n) and (10,): the part that is known to be linear; link: what carries the load
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

    def torque(self, robot, reference) -> np.ndarray:
        """(N + 1, n) [N m | N] along a reference (N + 1, 3, n)."""
        q, v, a = np.ascontiguousarray(np.moveaxis(reference, 1, 0))
        linear = self.fade(q, v, a, LINEAR)[:, None] * self.linear(robot, q, v, a)
        return linear + self.fade(q, v, a)[:, None] * self.curved(q, v, a)

    def linear(self, robot, q, v, a):
        """Load and friction."""
        from robocalc.dynamics.regressor import frame_regressor

        load = frame_regressor(robot, q, v, a) @ self.load if self.load.any() else 0.0
        return load + self.resistance[0] * v + self.resistance[1] * np.tanh(v / SLOW)

    def curved(self, q, v, a):
        """What the network gives."""
        x = inputs(q, v, a, self.mean, self.deviation)
        hidden = np.tanh(np.tanh(x @ self.W1 + self.b1) @ self.W2 + self.b2)
        return self.scale * (hidden @ self.W3 + self.b3)

    def fade(self, q, v, a, room=CURVED) -> np.ndarray:
        """(N + 1,): 1 within the data, falling smoothly to 0 with the distance from their range."""
        inside, outside = room
        z = (np.concatenate([q, v, a], axis=1) - self.mean) / self.deviation
        beyond = np.linalg.norm(np.maximum(0.0, np.maximum(z - self.high, self.low - z)), axis=1)
        s = np.clip((outside - beyond) / (outside - inside), 0.0, 1.0)
        return s * s * (3.0 - 2.0 * s)


def inputs(q, v, a, mean, deviation) -> np.ndarray:
    """(N, 4n) of the network."""
    return np.concatenate([(np.concatenate([q, v, a], axis=1) - mean) / deviation, np.tanh(v / SLOW)], axis=1)


@dataclass(frozen=True, eq=False)
class Repeated:
    """tau (N + 1, n) along the positions q (N + 1, n) of one motion, sampled alike."""

    q: np.ndarray
    tau: np.ndarray

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
    """What `save` wrote; raises InvalidInput for a damaged file, or one of another robot."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            arrays = {name: stored[name].astype(float) for name in stored.files if name != "header"}
        if header.get("format") != FORMAT:
            raise InvalidInput(
                f"{path} is no file of `robocalc learn` or `repeat`: its format is {header.get('format')!r}"
            )
        kind, whose, joints = KINDS[header["kind"]], header["robot"], tuple(header["joints"])
        learned, source = kind(**arrays), header["source"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{path} cannot be read as a learned file: {error}") from None
    if source != robot.tree.source or joints != robot.joints:
        raise InvalidInput(f"{path} was learned on {whose}, not on {robot.name}; learn from runs of this robot")
    if not all(np.isfinite(x).all() for x in arrays.values()):
        raise InvalidInput(f"{path} is damaged: not all of its numbers are finite")
    return learned


def added_by(scenario, robot):
    """reference (N + 1, 3, n) -> torque (N + 1, n) of the scenario's `learned.file`, or None where there is none."""
    spec = getattr(scenario, "learned", None)
    if spec is None:
        return None
    learned, driven = load(spec.file, robot), ~undriven(robot)
    return lambda reference: np.where(driven, learned.torque(robot, reference), 0.0)
