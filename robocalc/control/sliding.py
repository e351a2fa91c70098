"""Sliding mode with a boundary layer: a disturbance below a known bound is outweighed, whatever it is."""

from dataclasses import dataclass, field

from robocalc.control.gains import Gain, about, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.model_based import arrays, check_rate


@dataclass(frozen=True)
class SlidingMode:
    """Sliding mode with boundary layer: τ = M(q̂)(a_ref + λ ė + η sat(s/φ)) + h(q̂, v̂) + friction,  s = ė + λ e.

    rate    λ [1/s] of the error on the surface s = 0
    reach   η [rad/s² | m/s²] of the switching term: any disturbance below M η is outweighed
    layer   φ [rad/s | m/s] within which the switching is linear: the loop's poles there are λ and η/φ. A disturbance d
            leaves an error of at most φ/λ, and within the layer of d / (M λ η/φ)
    An exact model is tracked exactly, and a latency made good by prediction. Choose it where disturbances are of known
    size and unknown course (friction, contact); its torque is bounded where an integral's is not. Where the disturbance
    is slow, `disturbance_observer` leaves less error at a lower gain.

    raises  InvalidInput from `law` where η/φ + λ is more than the control period can hold
    Source: Slotine & Li (1991), Applied Nonlinear Control, sections 7.1 and 7.2.
    """

    rate: Gain = field(default=20.0, metadata=about("[1/s] of the error on the sliding surface, one or per joint"))
    reach: Gain = field(default=20.0, metadata=about("[rad/s² | m/s²] of the switching term, one or per joint"))
    layer: Gain = field(default=0.2, metadata=about("[rad/s | m/s] within which switching is linear, one or per joint"))

    def __post_init__(self):
        for name in ("rate", "reach", "layer"):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control.kernels_robust import OWN, sliding_mode

        gains, memory = arrays(robot, dt, substeps, latency, rows=3, memory=0)
        rate, reach, layer = (per_joint(name, getattr(self, name), robot) for name in ("rate", "reach", "layer"))
        check_rate("sliding_mode", "rate + reach / layer", rate + reach / layer, dt, robot.joints)
        gains[OWN : OWN + 3, : robot.n] = rate, reach, 1.0 / layer
        return Law(sliding_mode, gains, memory, float(dt), "friction", robot)
