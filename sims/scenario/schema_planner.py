"""`planner:` how moves are found.

PLANNERS   type -> model; the functions are in sims.planners, under the same names
Planner    the union
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sims.scenario.base import Part, tagged
from sims.scenario.schema_safety import Replan
from sims.scenario.schema_shaping import Shaping
from sims.scenario.units import not_negative, positive, quantity

Duration = Annotated[
    Annotated[Literal["auto"], Tag("auto")] | Annotated[positive("time"), Tag("time")],
    Discriminator(lambda value: "auto" if value == "auto" else "time"),
]


Weight = quantity("number", ge=0)
OF_SHAPING = "leaves no swinging behind in what hangs from the robot, or bends in it"


class MinJerk(Part):
    """Polynomial motion of least integrated squared jerk through the waypoints."""

    type: Literal["min_jerk"]
    duration: Duration = Field("auto", description="of each move [s]; auto: as short as the limits allow")
    shaping: Shaping | None = Field(None, description=OF_SHAPING)


class Avoid(Part):
    """Around what stands in the way, and past what moves: a path, rounded and timed within the limits up to jerk."""

    type: Literal["avoid"]
    clearance: not_negative("length") | None = Field(
        None, description="kept from everything [m]; left out: 5 mm, or half of what the ends of the move have"
    )
    rounds: Annotated[int, Field(ge=1, le=1000)] = Field(3, description="searches, of which the shortest path is taken")
    timeout: positive("time") = Field(5.0, description="CPU time after which the search gives up [s]")
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(None, description="left out: the scenario's")
    patience: positive("time") = Field(20.0, description="longest delay for the sake of what moves [s]")
    replan: Replan | None = Field(None, description="plan again while the robot runs, for things that are `predicted`")
    shaping: Shaping | None = Field(None, description=OF_SHAPING)


class Rrt(Avoid):
    """Another name of `avoid`."""

    type: Literal["rrt"]


class Optimal(Part):
    """What the planners by optimal control share."""

    objective: dict[Literal["effort", "time", "energy", "energy_regenerated", "torque_change", "jerk"], Weight] = Field(
        {"effort": 1.0}, description="weights of the costs, integrals over the motion", min_length=1
    )
    duration: Duration = Field("auto", description="of each move [s]; auto: what costs least, time included")
    input_margin: quantity("number", ge=0, lt=1) = Field(
        0.1, description="share of the limits of torque and thrust that is left to the feedback"
    )
    tolerance: positive("number") = Field(
        1e-3, description="relative error of the states over an interval; the motion tracked is made exact afterwards"
    )
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(None, description="left out: the scenario's")


class Collocation(Optimal):
    """The dynamics' own motion of least cost under the limits of torque, thrust, position and velocity."""

    type: Literal["collocation"]
    nodes: Annotated[int, Field(ge=4, le=2000)] = Field(50, description="intervals of the first mesh")
    scheme: Literal["hermite_simpson", "trapezoidal", "radau"] = "hermite_simpson"
    refine: bool = Field(True, description="finer meshes until the tolerance is met; false: the first mesh's answer")
    starts: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="guesses from the seed, of which the best is kept; left out: several where it has many minima"
    )


class Ddp(Optimal):
    """The same by differential dynamic programming (Box-FDDP), for many joints and many steps."""

    type: Literal["ddp"]
    duration: positive("time") | None = Field(None, description="of each move [s]; left out: the move must say")
    nodes: Annotated[int, Field(ge=4, le=20_000)] | None = Field(None, description="left out: one a control period")


PLANNERS = {"min_jerk": MinJerk, "avoid": Avoid, "rrt": Rrt, "collocation": Collocation, "ddp": Ddp}
Planner = tagged("type", PLANNERS)
