"""Adaptive control: what the robot carries is found while it moves.

Adaptive        the design, of Slotine and Li
payload_found   what a run has found, and how sure it is of it
"""

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from robocalc.control.adaptive_links import links_law
from robocalc.control.computed_torque import ComputedTorque, error_gains
from robocalc.control.gains import Gain, about, check_period, check_substeps, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.observing import SPEED_NOISE, searching
from robocalc.control.task_space import one
from robocalc.errors import InvalidInput

LOAD = np.array([2.0, 0.2, 0.2, 0.2, 0.01])  # [kg, kg m, kg m²] spread of an unknown payload, at most
SMOOTHING = 0.02  # [s] over which the search takes the mean of motion and torque
TRUST = 0.1  # of a joint's Coulomb friction: what of it the model may have wrong
PARAMETERS = 5
RATE = 2.0  # [1/J]: with 5 ms of latency and errors of 0.02 rad, 5 is too much for some arms


class Payload(NamedTuple):
    """A payload beyond the model's: mass [kg], first moment m c (3,) [kg m] from the tool in the body's axes, inertia
    [kg m²] of a ball; std (5,): standard deviation of each of these five numbers."""

    mass: float
    moment: np.ndarray
    inertia: float
    std: np.ndarray


@dataclass(frozen=True)
class Adaptive:
    """Slotine-Li: τ = M̂ a_r + Ĉ v_r + ĝ + λ M̂ s,  s = v_r - v,  v_r = v_ref + Λ e,  θ̂' = P (Yᵀ s + Wᵀ R⁻¹ (y - W θ̂)).

    links   payload: what is unknown is at the tool; all, or names of links with a blank between: the mass, centre and
            inertia of these links are
    rate    γ [1/J] of links: an error that costs 1 J changes what a link weighs by about γ; with latency too
            much of it diverges
    wn      [rad/s] Λ = λ: both poles of the error where the payload is known, one or per joint
    drift   [1/s] share of the prior variance (at most (2 kg)²) that θ̂ gains by time: 1e-8 for a payload that stays,
            1e-3 for one that changes within a second
    θ̂ is a payload at the tool (mass, first moment, rotational inertia) beyond the model's, with Y its regressor. Beside
    the error of tracking, s, it learns from the torque y that the model does not explain, which needs no error; P is
    its covariance, so what is known well is no longer moved by noise. Feedback takes θ̂ as part of the arm within bounds
    that leave its inertia positive, the rest is torque along the reference. Joints with dry friction tell nothing while
    they crawl. A latency is made good by prediction. `payload_found(law, memory)` reads θ̂ and its standard deviation; a
    run says them.
    Of `links`, all ten parameters of each adapt by the natural gradient of the sliding error, P' = γ P L P of the
    pseudo-inertia P, so that each stays what a body can have; as s shrinks they come to rest where tracking needs no
    more, which need not be what each link weighs, and so no standard deviation is told.
    Choose it where the payload is unknown and noise matters: after a move that shows the payload, gains can be a third
    of what integral action needs. It takes friction that the model does not know of for payload;
    `disturbance_observer` does not.

    raises  InvalidInput from `law` where the tool is fixed to the base
    Source: Slotine & Li (1987), On the adaptive control of robot manipulators, Int. J. Robotics Research 6(3); (1989),
    Composite adaptive control of robot manipulators, Automatica 25(4); regressor: Siciliano et al. (2009), section 7.2;
    natural gradient: Lee, Kwon & Park (2018), IROS.
    """

    wn: Gain = field(default=30.0, metadata=about("[rad/s] both poles of the error, one or per joint"))
    drift: float = field(default=1e-8, metadata=about("[1/s] share of its first variance that a payload gains by time"))
    links: str = field(default="payload", metadata=about("payload; all; or names of links that adapt, blanks between"))
    rate: float = field(default=RATE, metadata=about("[1/J] of links: share of a link per work of the sliding error"))

    def __post_init__(self):
        object.__setattr__(self, "wn", checked("wn", self.wn, positive=True))
        object.__setattr__(self, "rate", one("rate", self.rate, positive=True))
        if not isinstance(self.links, str) or not self.links.split():
            raise InvalidInput(f"links must be payload, all, or names of links with blanks between, got {self.links!r}")
        object.__setattr__(self, "drift", one("drift", self.drift))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control import kernels_adaptive as k
        from robocalc.control.kernels_payload import HEAVIEST

        check_period(dt)
        check_substeps(substeps)
        dt, latency, n = float(dt), checked("latency", latency), robot.n
        if self.links != "payload":
            return links_law(self, robot, dt, substeps, latency)
        gains = np.zeros((3, n))
        gains[:2] = error_gains(ComputedTorque(self.wn, 1.0)._poles(robot), dt, substeps)
        table, memory = searching(
            "adaptive", gains, robot, dt, substeps, latency, max(SMOOTHING, 2 * dt), rows=2, memory=PARAMETERS
        )
        spread = LOAD * min(1.0, table[k.CONSTANTS, HEAVIEST] / LOAD[0])  # a robot of grams carries grams
        inertia, coulomb = np.diag(robot.mass_matrix(robot.home)), robot.friction[1]
        table[k.VARIANCE, :n] = (inertia * SPEED_NOISE / SMOOTHING) ** 2 + (TRUST * coulomb) ** 2
        table[k.PRIOR, : 2 * PARAMETERS] = np.concatenate([spread**2, self.drift * dt * spread**2])
        table[k.SURFACE, :n] = per_joint("wn", self.wn, robot)
        return Law(
            k.adaptive,
            table,
            memory,
            dt,
            "friction",
            robot,
            tell=partial(told, memory.shape[1]),
            find=partial(figures, memory.shape[1]),
        )


def payload_found(law, memory) -> Payload:
    """The Payload in the memory that a run of an `adaptive` law left, of any shape."""
    from robocalc.control import kernels_adaptive as k

    if law.step is not k.adaptive:
        raise InvalidInput(f"only an adaptive law with `links: payload` finds a payload, not {law.step.__name__}")
    return _found(np.reshape(memory, law.memory.shape))


def _found(memory) -> Payload:
    from robocalc.control.kernels_payload import THETA

    theta, P = memory[THETA, :PARAMETERS], memory[-PARAMETERS:, :PARAMETERS]
    return Payload(float(theta[0]), theta[1:4].copy(), float(theta[4]), np.sqrt(np.maximum(np.diag(P), 0.0)))


def figures(width, memory) -> dict:
    """Mass of the payload that a run has found, beyond the model's, and its standard deviation."""
    found = _found(np.reshape(memory, (-1, width)))
    if not found.std[0] > 0:
        return {}
    return {"payload.mass_kg": (found.mass, "kg"), "payload.mass_std_kg": (float(found.std[0]), "kg")}


def told(width, memory) -> list:
    """What to say of a payload that a run has found: memory of any shape, `width` numbers a row."""
    found = _found(np.reshape(memory, (-1, width)))
    if not found.std[0] > 0:
        return []
    text = f"found: a payload {found.mass:+.4g} kg off the model's (standard deviation {found.std[0]:.2g} kg)"
    if abs(found.mass) > 3.0 * found.std[0]:
        centre = ", ".join(f"{1e3 * x:.1f}" for x in found.moment / found.mass)
        text += f", its centre at ({centre}) mm from the tool in the axes of its joint's body"
    return [text]
