"""`planner:` how moves are found.

PLANNERS   type -> model; the functions are in sims.planners, under the same names
Planner    the union
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sims.scenario.base import Part, tagged
from sims.scenario.units import positive

Duration = Annotated[
    Annotated[Literal["auto"], Tag("auto")] | Annotated[positive("time"), Tag("time")],
    Discriminator(lambda value: "auto" if value == "auto" else "time"),
]


class MinJerk(Part):
    """Polynomial motion of least integrated squared jerk through the waypoints."""

    type: Literal["min_jerk"]
    duration: Duration = Field("auto", description="of each move [s]; auto: as short as the limits allow")


PLANNERS = {"min_jerk": MinJerk}
Planner = tagged("type", PLANNERS)
