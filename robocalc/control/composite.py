"""Laws of several robots as one law of all: each on its own joints, with its own model, gains and memory.

    together(team, laws) -> Together

Nothing passes between them: the torque of each is what it would be alone, to the bit.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.control.law import Law
from robocalc.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Together(Law):
    """A Law whose `parts` are those of the team's members, in their order."""

    parts: tuple = ()

    def __reduce__(self):
        return together, (self.robot, self.parts)  # its gains hold addresses of this process

    def notes(self, memory) -> tuple:
        """What each law has to say, with the name of its robot."""
        from robocalc.control.kernels_composite import memory_of

        found = []
        for i, (member, law) in enumerate(zip(self.robot.members, self.parts, strict=True)):
            told = law.notes(memory_of(self.gains, memory, i)) if law.tell is not None else ()
            found += [f"{member.name}: {sentence}" if member.name else sentence for sentence in told]
        return tuple(found)

    def torque_along(self, reference, dt) -> np.ndarray:
        """Feed-forward torque (N + 1, n) of each law, side by side."""
        parts = zip(self.robot.members, self.parts, strict=True)
        return np.concatenate([law.torque_along(_own(reference, m), dt) for m, law in parts], axis=1)

    def besides(self, planned, reference) -> np.ndarray:
        """As of Law, each on its own joints."""
        parts = zip(self.robot.members, self.parts, strict=True)
        return np.concatenate([law.besides(planned[:, m.columns], _own(reference, m)) for m, law in parts], axis=1)


def _own(reference, member):
    return np.ascontiguousarray(reference[:, :, member.columns])


def together(team, laws) -> Together:
    """One Law for a robocalc.dynamics.Team: `laws` of its members, in their order, all of one period.

    raises    InvalidInput: another number of laws, periods that differ, a law for another number of joints
    """
    from robocalc.control.kernels_composite import packed, together_law

    laws = tuple(laws)
    if len(laws) != len(team.members):
        raise InvalidInput(f"a team of {len(team.members)} robots needs as many laws, got {len(laws)}")
    for member, law in zip(team.members, laws, strict=True):
        if law.dt != laws[0].dt:
            raise InvalidInput(f"laws of one team have one period, got {laws[0].dt:g} s and {law.dt:g} s")
        if law.robot is None or law.robot.n != member.robot.n:
            count = "no robot" if law.robot is None else f"{law.robot.n} joints"
            raise InvalidInput(f"the law of {member.name or member.robot.name!r} is made for {count}, not for its own")
    gains, memory = packed(team, laws)
    return Together(together_law, gains, memory, laws[0].dt, "none", team, parts=laws)
