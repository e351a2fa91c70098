"""What identification found: values with confidence intervals, and the scenario keys that say the same.

Estimate     one number
Identified   all of them
"""

import math
from dataclasses import dataclass

import numpy as np

SURE = 1.959963984540054  # standard deviations of a 95 % interval


@dataclass(frozen=True)
class Estimate:
    """value in `unit`, its 95 % interval from `low` to `high`, what the model believed; known: the motion tells it."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    believed: float
    known: bool = True


@dataclass(frozen=True, eq=False)
class Identified:
    """robot      name of the robot that was fitted, `fitted` the robot itself
    what        kinds that were fitted
    payload     None, or mass [kg], com (3,) [m] and inertia (ixx, iyy, izz, ixy, ixz, iyz) [kg m²] about it, `link`
    friction    (2, n) viscous [N m s/rad] and Coulomb [N m]
    delay       [s] age of the measured positions
    estimates   Estimate, ...; notes: sentences
    residual    (n,) [rad | m] rms distance of simulated windows and encoders
    """

    robot: str
    what: tuple
    payload: dict | None
    friction: np.ndarray
    delay: float
    estimates: tuple
    notes: tuple
    residual: np.ndarray
    fitted: object = None

    @property
    def unidentified(self) -> tuple:
        """Names of what the motion does not tell."""
        return tuple(e.name for e in self.estimates if not e.known)

    def estimate(self, name) -> Estimate:
        """One by its name, as in `table`."""
        from robocalc.errors import UnknownName

        known = {e.name: e for e in self.estimates}
        if name not in known:
            raise UnknownName("estimate", name, known)
        return known[name]

    def table(self) -> str:
        """One row a number: value, 95 % interval, unit, what the model believed."""
        rows = [("parameter", "value", "95 % interval", "unit", "believed")]
        for e in self.estimates:
            told = f"{_digits(e.low)} ... {_digits(e.high)}" if e.known else "not told by the motion"
            rows.append((e.name, _digits(e.value), told, e.unit, _digits(e.believed)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def patch(self, urdf=None) -> dict:
        """Scenario keys with these numbers; urdf: name of the file with the fitted links, where inertias were."""
        robot, found = {}, {}
        if self.payload is not None:
            load = {"mass": self.payload["mass"], "com": list(self.payload["com"])}
            if load["mass"] > 0:
                load["inertia"] = list(self.payload["inertia"])
            if self.payload["link"]:
                load["link"] = self.payload["link"]
            robot["payload"] = load
        if "friction" in self.what:
            robot["friction"] = dict(zip(("viscous", "coulomb"), self.friction.tolist(), strict=True))
        if urdf is not None:
            robot |= {"model": None, "file": str(urdf), "home": self.fitted.home.tolist()}
            robot["tool"] = {"link": self.fitted.tool}
        found = {"robot": robot} if robot else {}
        return found | ({"sensors": {"latency": self.delay}} if "delay" in self.what else {})

    def applied(self, scenario, urdf=None):
        """The scenario whose controller believes these numbers; disturbances that they explain are taken out."""
        changes = _dotted(self.patch(urdf))
        explained = {"payload": "payload_error", "friction": "joint_friction"}
        gone = {explained[kind] for kind in self.what if kind in explained}
        kept = [item for item in scenario.to_dict().get("disturbances", ()) if item["type"] not in gone]
        return scenario.with_({**changes, "disturbances": kept})

    def to_dict(self) -> dict:
        """For JSON."""
        return {
            "robot": self.robot,
            "estimates": [{k: _finite(v) for k, v in vars(e).items()} for e in self.estimates],
            "unidentified": list(self.unidentified),
            "residual": self.residual.tolist(),
            "notes": list(self.notes),
            "patch": self.patch(),
        }

    def to_yaml(self, urdf=None) -> str:
        """The patch as text, the intervals as comments above it."""
        import yaml

        lines = [f"# {line}" for line in ["identified by robocalc from logged motion", *self.table().split("\n")]]
        return "\n".join([*lines, yaml.safe_dump(self.patch(urdf), sort_keys=False, default_flow_style=None)])


def _dotted(patch):
    return {f"{part}.{key}": value for part, keys in patch.items() for key, value in keys.items()}


def _digits(x):
    return f"{x:.5g}"


def _finite(x):
    return None if isinstance(x, float) and not math.isfinite(x) else x
