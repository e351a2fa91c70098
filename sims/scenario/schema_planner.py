"""`planner:` how moves are found.

PLANNERS   type -> model; the functions are in sims.planners, under the same names
Planner    the union
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sims.scenario.base import Part, tagged
from sims.scenario.units import not_negative, positive

Duration = Annotated[
    Annotated[Literal["auto"], Tag("auto")] | Annotated[positive("time"), Tag("time")],
    Discriminator(lambda value: "auto" if value == "auto" else "time"),
]


class MinJerk(Part):
    """Polynomial motion of least integrated squared jerk through the waypoints."""

    type: Literal["min_jerk"]
    duration: Duration = Field("auto", description="of each move [s]; auto: as short as the limits allow")


class Avoid(Part):
    """Around what stands in the way, and past what moves: a path, rounded and timed within the limits up to jerk."""

    type: Literal["avoid"]
    clearance: not_negative("length") | None = Field(
        None, description="kept from everything [m]; left out: 5 mm, or half of what the ends of the move have"
    )
    rounds: Annotated[int, Field(ge=1, le=1000)] = Field(3, description="searches, of which the shortest path is taken")
    timeout: positive("time") = Field(5.0, description="CPU time after which the search gives up [s]")
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(None, description="left out: the scenario's")
    patience: positive("time") = Field(20.0, description="longest way to wait for what moves [s]")


class Rrt(Avoid):
    """Another name of `avoid`."""

    type: Literal["rrt"]


PLANNERS = {"min_jerk": MinJerk, "avoid": Avoid, "rrt": Rrt}
Planner = tagged("type", PLANNERS)
