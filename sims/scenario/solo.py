"""Each robot of a scenario as if it were the only one.

solos(scenario)   (name, Solo) of each, the scenario's own `robot` first, whose name is ""
Solo              the scenario with this robot, its task, planner and controller; the rest is shared
called            a robot's name in messages
only_one          refuses partners where one robot is meant
"""

from copy import copy

from robocalc.errors import InvalidInput

OWN_DISTURBANCES = "_disturbances"
OWN = "robot"  # what the scenario's own robot is called where a name is needed


class Solo:
    """A view of a scenario: `robot`, `task`, `planner`, `controller` are one robot's; of the disturbances those that
    name its links, by their own names, with those that name none for the first."""

    def __init__(self, scenario, name, part):
        self.whole, self.name = scenario, name
        self.robot, self.task, self.controller = part.robot, part.task, part.controller
        self.planner = part.planner or scenario.planner
        self.partners = ()

    def __getattr__(self, name):
        if name.startswith("__") or name == "whole":
            raise AttributeError(name)
        return getattr(self.whole, name)

    @property
    def grasps(self) -> bool:
        """Whether the task of this robot needs a gripper."""
        return any(step.do == "grasp" for step in self.task)

    def model_copy(self, update) -> "Solo":
        """A copy with other parts, as of a Scenario."""
        other = copy(self)
        other.__dict__.update({OWN_DISTURBANCES if key == "disturbances" else key: x for key, x in update.items()})
        return other

    @property
    def disturbances(self) -> tuple:
        """Those of this robot."""
        if OWN_DISTURBANCES in self.__dict__:
            return self.__dict__[OWN_DISTURBANCES]
        others = [f"{partner.name}/" for partner in self.whole.partners]
        return tuple(item for _, item in own_items(self.whole.disturbances, self.name, others))


def own_items(items, name, others):
    """(index, item with the link's own name) of the items that act on a robot's links; without a link, on the first."""
    for i, item in enumerate(items):
        link = getattr(item, "link", None)
        if name and link and link.startswith(f"{name}/"):
            yield i, item.model_copy(update={"link": link[len(name) + 1 :]})
        elif not name and not (link and any(link.startswith(other) for other in others)):
            yield i, item


def solos(scenario) -> tuple:
    """(name, scenario of that robot alone) of each robot; of a scenario without partners itself."""
    if not scenario.partners:
        return (("", scenario),)
    parts = (("", scenario), *((partner.name, partner) for partner in scenario.partners))
    return tuple((name, Solo(scenario, name, part)) for name, part in parts)


def only_one(scenario, what):
    """Raises InvalidInput where there are partners: `what` knows of one robot."""
    if scenario.partners:
        names = ", ".join(partner.name for partner in scenario.partners)
        raise InvalidInput(f"{scenario.name}: {what} works on one robot, and this scenario has partners: {names}")


def called(name) -> str:
    """A robot's name in messages."""
    return name or OWN
