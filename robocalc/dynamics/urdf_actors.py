"""Thrusters and tyres in a URDF: how they are read, and what is refused about them.

ActorReader    readers of the two elements, for a reader with `fail`, `name`, `numbers`, `number` and `axis`
check_actors   names and links of a whole tree
"""

from robocalc.dynamics.tree import Thruster, Tyre


class ActorReader:
    """<thruster> and <tyre>, see robocalc.dynamics.urdf."""

    def place(self, e, kind) -> tuple:
        """(where, name, link, point, axis) of a thruster or tyre."""
        name = self.name(e, kind)
        where = f'{kind} "{name}"'
        at = self.numbers(e.find("origin"), "xyz", 3, f"{where}, <origin>", (0.0,) * 3)
        return where, name, e.get("link") or "", at, self.axis(e, where)

    def thruster(self, e) -> Thruster:
        where, *place = self.place(e, "thruster")
        lower, upper = (self.number(e.find("limit"), key, f"{where}, <limit>") for key in ("lower", "upper"))
        if not lower < upper:
            self.fail(f"{where}, <limit>", f"lower {lower:g} must be below upper {upper:g}")
        return Thruster(*place, lower, upper, self.number(e.find("drag"), "ratio", f"{where}, <drag>", 0.0))

    def tyre(self, e) -> Tyre:
        where, *place = self.place(e, "tyre")
        values = [self.number(e.find("friction"), key, f"{where}, <friction>") for key in ("mu", "viscous")]
        if min(values) < 0:
            self.fail(f"{where}, <friction>", f"mu {values[0]:g} and viscous {values[1]:g} must be at least 0")
        return Tyre(*place, *values)


def moves_with(tree, link) -> bool:
    """Whether any joint moves the link."""
    above = {joint.child: joint for joint in tree.joints}
    while link in above:
        if above[link].moves:
            return True
        link = above[link].parent
    return False


def check_actors(tree, fail):
    """Refuse by fail(where, what) thrusters and tyres on links that are not there or do not move."""
    links, names = {link.name for link in tree.links}, set()
    for kind, parts in (("thruster", tree.thrusters), ("tyre", tree.tyres)):
        for part in parts:
            where = f'{kind} "{part.name}"'
            if part.link not in links:
                fail(where, f'link "{part.link}" is not among the <link> elements')
            if not moves_with(tree, part.link):
                fail(where, f'link "{part.link}" is fixed to the base: no joint moves it')
            if part.name in names or part.name in {j.name for j in tree.moving}:
                fail(where, "the name is used twice; names of inputs must be unique")
            names.add(part.name)
