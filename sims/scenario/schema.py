"""The scenario file, format `robocalc/1`: one frozen model that a file, Python and `--set` all go through.

Scenario    the whole: sim, robot, world, task, planner, controller, disturbances, sensors, accept, output
"""

from importlib import import_module
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sims.scenario.base import Name, Part, list_of
from sims.scenario.schema_camera import Cameras
from sims.scenario.schema_control import Controller
from sims.scenario.schema_cost import Prices
from sims.scenario.schema_effects import Disturbance, Sensors
from sims.scenario.schema_estimator import Estimator
from sims.scenario.schema_learned import Learned
from sims.scenario.schema_partners import Coordination, Partner
from sims.scenario.schema_planner import MinJerk, Planner
from sims.scenario.schema_robot import Robot
from sims.scenario.schema_safety import Safety
from sims.scenario.schema_task import TaskStep
from sims.scenario.schema_world import WorldItem
from sims.scenario.units import not_negative, per_joint, positive, quantity, vector

FORMAT = "robocalc/1"
KEEP = ("metrics", "log", "plots", "replay")


class Sim(Part):
    """Physics engine and its clock."""

    engine: Literal["bullet", "twin", "mujoco"] = Field(
        "bullet", description="twin: compiled, without contacts; mujoco: other contacts, where it is installed"
    )
    timestep: quantity("time", gt=0, le=0.1) = Field(0.001, description="of the physics [s]")
    control_rate: positive("frequency") | None = Field(
        None, description="of the controller [Hz], divides 1/timestep; left out: each physics step"
    )
    planner_rate: positive("frequency") | None = Field(
        None, description="at which the motion is planned anew from where the robot is [Hz], divides the control rate"
    )
    planner_latency: not_negative("time") = Field(
        0.0, description="from the planner's look at robot and things until its plan is followed [s]"
    )
    planner_tolerance: per_joint("joint position", ge=0) = Field(
        0.01, description="a joint must be further from the plan than this to be planned anew [rad or m]"
    )
    max_duration: positive("time") = Field(60.0, description="a task that takes longer is refused [s]")
    gravity: vector("acceleration", 3) = Field((0.0, 0.0, -9.81), description="[m/s^2] in world")
    solver_iterations: Annotated[int, Field(ge=1, le=10_000)] = Field(150, description="of the contact solver")
    force_unstable: bool = Field(False, description="true: a design whose loop is unstable runs all the same")

    @property
    def control_every(self) -> int:
        """Physics steps per control step."""
        return 1 if self.control_rate is None else max(1, round(1 / (self.control_rate * self.timestep)))

    @property
    def planner_every(self) -> int | None:
        """Physics steps from one look of the planner to the next; None: it does not look again."""
        return None if self.planner_rate is None else max(1, round(1 / (self.planner_rate * self.timestep)))

    @property
    def planner_steps(self) -> int:
        """Physics steps that a plan takes."""
        return round(self.planner_latency / self.timestep)


class Bound(Part):
    """What a figure must keep."""

    min: quantity("number") | None = None
    max: quantity("number") | None = None

    @model_validator(mode="after")
    def _is_a_range(self):
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class Output(Part):
    """What the run folder keeps."""

    log_rate: positive("frequency") = Field(100.0, description="of objects, contacts and replay [Hz]")
    keep: list_of(Literal[KEEP]) = Field(KEEP, description="parts of the run folder")
    camera: Cameras | None = Field(None, description="pictures of the run, by one camera or a list of them")

    @property
    def cameras(self) -> tuple:
        """Camera, ...; those of a list have names."""
        found = () if self.camera is None else self.camera if isinstance(self.camera, tuple) else (self.camera,)
        named = isinstance(self.camera, tuple)
        return tuple(
            one if one.name or not named else one.model_copy(update={"name": f"camera_{i + 1}"})
            for i, one in enumerate(found)
        )


class Scenario(Part):
    """One robot (and its `partners`), one world, one task each, and what the run must reach."""

    format: Literal["robocalc/1"]
    name: Name
    description: str = ""
    tags: list_of(Name) = ()
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(0, description="of every random draw")
    sim: Sim = Sim()
    robot: Robot
    world: list_of(WorldItem) = Field((), description="things around the robot")
    task: list_of(TaskStep, least=1) = Field(description="steps, in order")
    planner: Planner = MinJerk(type="min_jerk")
    controller: Controller
    partners: list_of(Partner) = Field((), description="more robots in the same scene")
    coordination: Coordination = Field(Coordination(), description="how robots keep clear of each other")
    learned: Learned | None = Field(None, description="torque that runs taught, added to the feed-forward")
    safety: Safety | None = Field(None, description="what slows and stops the robot before what moves")
    disturbances: list_of(Disturbance) = ()
    sensors: Sensors = Sensors()
    estimator: Estimator | None = Field(None, description="what the controller runs on; left out: what is measured")
    prices: Prices | None = Field(None, description="of energy, time and wear, for cost.per_cycle")
    accept: dict[Name, Bound] = Field({}, description="bounds on figures; any failure: exit code 1")
    output: Output = Output()

    @classmethod
    def load(cls, path, overrides=()) -> "Scenario":
        """Read and check a file; overrides are (dotted key, value). Raises ScenarioError with every problem."""
        return _room("load").load(path, overrides)

    @classmethod
    def of(cls, data: dict, overrides=(), folder=".") -> "Scenario":
        """From plain data, like a file's; relative file names start at `folder`. Raises like `load`."""
        return _room("load").build(data, overrides, folder)

    def with_(self, changes: dict | None = None, /, **more) -> "Scenario":
        """A checked copy with other values: `.with_({"controller.kp": 300})`, `.with_(seed=3)`. Raises like `load`."""
        return _room("load").with_changes(self, {**(changes or {}), **more})

    def check(self) -> "Scenario":
        """Itself, when all that only shows between the parts is right; else ScenarioError. `load` has done it."""
        return _room("load").with_changes(self, {})

    def save(self, path):
        """Write all values, defaults included, as YAML; `Scenario.load` gives an equal one back, to the bit."""
        _room("save").save(self, path)

    def to_dict(self) -> dict:
        """All values as plain data."""
        return _room("save").to_dict(self)

    def to_yaml(self) -> str:
        """All values as the text that `save` writes."""
        return _room("save").to_yaml(self)

    @property
    def digest(self) -> str:
        """SHA-256 of the content, files by what is in them: the same on every machine."""
        return _room("save").digest(self)

    @property
    def grasps(self) -> bool:
        """Whether the task needs a gripper."""
        return any(step.do == "grasp" for step in self.task)


def _room(name: str):
    """A sibling module, imported when first used: they import this one."""
    return import_module(f"sims.scenario.{name}")
