"""Distances along a plan: a robot put from configuration to configuration in its world, without physics.

Clearance    also offered by sims.engines.bullet
"""

import numpy as np

from robocalc.dynamics.teams import members_of
from robocalc.errors import InvalidInput
from sims.engines.bullet_contacts import fingers_of, hand_of
from sims.engines.motions import finite
from sims.engines.poses import compose, inverse


class Clearance:
    """Distances of a robot in a world at given configurations, without physics: for checking plans.

    robot, world   as in Bullet; free objects stand where they start unless placed or attached
    own            count the robot's links against each other
    exclude        objects, or pairs (link, object), that may touch
    """

    def __init__(self, robot, world=(), *, own=True, exclude=()):
        self.own, self.exclude, self._attached, self._carrier = own, tuple(exclude), {}, {}
        from sims.engines.bullet import Bullet  # which offers this class, and alone may import PyBullet

        self._plant = Bullet(robot, 0.001, world=world)
        self._gaps = self._plant._gaps

    @property
    def names(self):
        """Of the objects."""
        return tuple(self._plant.scene.items)

    @property
    def team(self) -> bool:
        """Whether there are several robots."""
        return self._gaps.team

    @property
    def hand(self):
        """What a grasped object moves with: the link that carries the fingers, or the tool of a robot without."""
        return self.hand_in(members_of(self._plant.robot)[0])

    def hand_in(self, member):
        """Likewise, of a member of a team."""
        fingers = fingers_of(member.robot)
        return member.prefix + (hand_of(member.robot, fingers[0]) if fingers else member.robot.tool)

    def apart(self):
        """Gap between the robots of a team, where `at` put them."""
        return self._gaps.between()

    def at(self, q, t=0.0, exclude=(), own=None, of=None):
        """Gap(distance [m], pair) at q (n,) with driven things as at time t [s].

        `exclude` adds to what was excluded from the start; `own` overrides it; of: of this robot of a team
        """
        plant = self._plant
        plant._set_joints(finite("q", q, (plant.n,)), np.zeros(plant.n))
        plant.scene.drive_to(t)
        for name, (link, pose) in self._attached.items():
            plant.place(name, compose(plant.link_pose(link), pose))
        own = self.own if own is None else own
        carried = tuple(name for name, whose in self._carrier.items() if of is None or whose == of)
        return self._gaps.smallest((*self.exclude, *exclude), own=own, carried=carried, of=of)

    def along(self, q, t, exclude=()):
        """Distances (N,) [m] and their pairs, a list of N, at q (N, n) and t (N,) [s]."""
        q, t = np.atleast_2d(np.asarray(q, float)), np.atleast_1d(np.asarray(t, float))
        if len(q) != len(t):
            raise InvalidInput(f"q and t must be equally long, got {len(q)} and {len(t)}")
        gaps = [self.at(row, time, exclude) for row, time in zip(q, t)]
        return np.array([gap.distance for gap in gaps]), [gap.pair for gap in gaps]

    def attach(self, name, link, pose=None):
        """An object moves with a link from now on, at pose (7,) in the link's frame; None: as they stand now."""
        if not self._plant.scene.item(name).shape.dynamic:
            raise InvalidInput(f"{name!r} cannot be carried: it has no mass")
        if pose is None:
            pose = compose(inverse(self._plant.link_pose(link)), self._plant.pose(name))
        self._plant.touch.link_index(link)
        self._attached[name] = (link, finite(f"pose of {name}", pose, (7,)))
        whose = members_of(self._plant.robot)[0] if not self._gaps.team else self._plant.robot.owner(link)
        self._carrier[name] = whose.name

    def detach(self, name):
        """It stays where it is."""
        self._attached.pop(name, None)
        self._carrier.pop(name, None)

    def place(self, name, pose):
        """Put a free object at pose (7,)."""
        self._plant.place(name, pose)

    def pose(self, name):
        """(7,) of an object."""
        return self._plant.pose(name)

    def poses(self, names=None):
        """(len(names), 7), of all objects where None."""
        return self._plant.poses(names)

    def close(self):
        self._plant.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
