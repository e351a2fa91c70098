"""Several robots in one world as one robot with a branch for each: what dynamics, engines and effects take.

Member    one of them: its name, its own Robot, and its columns among the joints of all
Team      the Robot of all; `members` in order
team      a Team of robots by name

Links, joints, thrusters and tyres of a member are called `name/...`; those of a member without name keep theirs.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.robot import Robot
from robocalc.dynamics.tree import IDENTITY, Joint, Link, Tree
from robocalc.errors import InvalidInput

ROOT = "scene"  # the link that carries the bases of all


class Member(NamedTuple):
    """A robot of a team; `columns` are its joints among those of all."""

    name: str
    robot: Robot
    columns: slice

    @property
    def prefix(self) -> str:
        """What its names begin with in the team."""
        return f"{self.name}/" if self.name else ""


@dataclass(frozen=True, eq=False)
class Team(Robot):
    """The Robot of several: q is theirs one after the other, the tool that of the first. `members` are as they joined;
    what `with_...` then changes is changed in the team alone.
    """

    members: tuple = ()

    def member(self, name) -> Member:
        """The Member of that name; raises StopIteration where there is none."""
        return next(m for m in self.members if m.name == name)

    def owner(self, link) -> Member | None:
        """Whose a link is, None for what carries all bases."""
        return self._owners.get(link)

    @property
    def _owners(self) -> dict:
        if "_owned" not in self.__dict__:
            self.__dict__["_owned"] = {f"{m.prefix}{link}": m for m in self.members for link in m.robot.links}
        return self.__dict__["_owned"]


def members_of(robot) -> tuple:
    """Its members; of a robot alone a Member that is all of it."""
    return getattr(robot, "members", ()) or (Member("", robot, slice(0, robot.n)),)


def team(robots: dict) -> Team:
    """The Team of {name: Robot}, each where its base stands; the name may be empty for one of them.

    raises    InvalidInput: fewer than one robot, names that would meet, or robots under different gravity
    """
    if not robots:
        raise InvalidInput("a team needs at least one robot")
    first = next(iter(robots.values()))
    members, joints, links, thrusters, tyres, n = [], [], [Link(ROOT)], [], [], 0
    for k, (name, robot) in enumerate(robots.items()):
        if "/" in name:
            raise InvalidInput(f"the name of a robot in a team may not contain '/', got {name!r}")
        if robot.g != first.g:
            raise InvalidInput(f"robots of one team are under one gravity, {name or robot.name!r} has {robot.g}")
        member = Member(name, robot, slice(n, n + robot.n))
        tree = prefixed(robot.tree, member.prefix)
        joints += [Joint(f"{ROOT}_{k}", "fixed", ROOT, tree.root, robot.base), *tree.joints]
        links, thrusters, tyres = [*links, *tree.links], [*thrusters, *tree.thrusters], [*tyres, *tree.tyres]
        members.append(member)
        n += robot.n
    _unique([link.name for link in links], "link")
    _unique([joint.name for joint in joints], "joint")
    source = sha256(repr([(m.name, m.robot.digest) for m in members]).encode()).hexdigest()
    name = " + ".join(m.prefix + m.robot.name for m in members)
    parts = {"thrusters": tuple(thrusters), "tyres": tuple(tyres)}
    tree = Tree(name, first.tree.path, ROOT, tuple(links), tuple(joints), source, **parts)
    home = np.concatenate([m.robot.home for m in members])
    tool = members[0].prefix + first.tool
    return Team(name, first.path, tree, tool, IDENTITY, first.g, home, members=tuple(members))


def prefixed(tree: Tree, prefix) -> Tree:
    """The tree with `prefix` before every name."""
    if not prefix:
        return tree
    links = tuple(replace(link, name=prefix + link.name) for link in tree.links)
    joints = tuple(
        replace(
            j,
            name=prefix + j.name,
            parent=prefix + j.parent,
            child=prefix + j.child,
            mimic=None if j.mimic is None else (prefix + j.mimic[0], *j.mimic[1:]),
        )
        for j in tree.joints
    )
    thrusters = tuple(replace(x, name=prefix + x.name, link=prefix + x.link) for x in tree.thrusters)
    tyres = tuple(replace(x, name=prefix + x.name, link=prefix + x.link) for x in tree.tyres)
    return replace(tree, root=prefix + tree.root, links=links, joints=joints, thrusters=thrusters, tyres=tyres)


def _unique(names, what):
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"two robots of the team have a {what} {name!r}: give each robot a name of its own")
