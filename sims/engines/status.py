"""How a run ends: numbers for the kernels, sentences for people. No numba here."""

from enum import Enum

GOES_ON, NOT_FINITE, TOO_FAR, LOST = 0, 1, 2, 3  # what tick returns
ERROR_BOUND = 10.0  # [rad | m] a joint this far from its reference will not come back


class Outcome(Enum):
    """Why the loop ended."""

    FINISHED = "reached the end of the motion"
    DIVERGED = "diverged: a joint left its reference by more than 10 rad or m; lower the gains or halve the time step"
    NOT_FINITE = "diverged: position, velocity or torque is no finite number; lower the gains or halve the time step"
    LOST = "its estimator diverged: an estimate is no finite number; raise its noises, or choose another"
    CHATTERS = "unstable: torques jump between the drives' limits; lower the gains, kd first, or raise the control rate"
    STOPPED = "stopped on request before the end of the motion"

    @property
    def diverged(self):
        return self in (Outcome.DIVERGED, Outcome.NOT_FINITE, Outcome.LOST, Outcome.CHATTERS)


ENDS = {
    GOES_ON: Outcome.FINISHED,
    NOT_FINITE: Outcome.NOT_FINITE,
    TOO_FAR: Outcome.DIVERGED,
    LOST: Outcome.LOST,
}
