"""The study file, format `robocalc-study/1`: what moves, over which scenarios, towards what, and how long.

StudyFile   the whole; `load(path, overrides)` reads one with file:line:column errors, like a scenario
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from robocalc.errors import ScenarioError
from sims.scenario import say
from sims.scenario.base import Name, Part, list_of
from sims.scenario.document import Document, brief, override, plain
from sims.scenario.load import read
from sims.scenario.schema import Bound
from sims.scenario.units import not_negative, quantity, show, vector

FORMAT = "robocalc-study/1"
AGGREGATES = ("mean", "worst", "cvar")
ALIASES = {"base": "scenario", "vary": "parameters", "randomize": "randomise", "objective": "objectives"}
Count = Annotated[int, Field(ge=1, le=10_000_000)]


class Vary(Part):
    """How one number moves: in a range, in parts of what the scenario has, or among choices; nothing: by the model."""

    range: vector("number", 2) | None = Field(None, description="lowest and highest value")
    scale: vector("number", 2) | None = Field(None, description="the same, as parts of the scenario's own value")
    choices: tuple[Any, ...] | None = Field(
        None, strict=False, description="values of any kind, also whole controllers"
    )
    log: bool | None = Field(
        None, description="true: equal ratios count alike; left out: true where both ends are above 0"
    )
    per_joint: bool | None = Field(None, description="one number a joint; left out: where the scenario has a list")

    @model_validator(mode="after")
    def _one_way(self):
        given = [key for key in ("range", "scale", "choices") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of range, scale and choices, not {' and '.join(given)}")
        if self.choices is not None and len(self.choices) < 2:
            raise ValueError("choices must be at least two values")
        for key in ("range", "scale"):
            ends = getattr(self, key)
            if ends is not None and not ends[0] < ends[1]:
                raise ValueError(f"{key} must go from low to high, got {ends[0]:g} to {ends[1]:g}")
            if ends is not None and self.log and ends[0] <= 0:
                raise ValueError(f"{key} begins at {ends[0]:g}, and a logarithmic one must be above 0")
        return self


class Goal(Part):
    """One objective: a figure of the run, times weight."""

    weight: quantity("number") = Field(1.0, description="what one unit of the figure costs")
    maximize: bool = Field(False, description="true: more is better")


class Randomise(Part):
    """What differs between the scenarios on which is tuned; drawn anew for each, with its own stream of the seed."""

    scenarios: Annotated[int, Field(ge=1, le=100_000)] = Field(12, description="how many are drawn")
    payload: vector("mass", 2) = Field((0.0, 0.5), description="unmodelled load, from and to [kg]")
    viscous: vector("joint damping", 2) = Field((0.0, 0.0), description="unmodelled friction [N m s/rad]")
    coulomb: vector("joint torque", 2) = Field((0.0, 0.0), description="unmodelled friction [N m]")
    delay: vector("time", 2) = Field((0.0, 0.0), description="added to sensors.latency, which the controller knows [s]")
    noise: vector("number", 2) = Field((1.0, 1.0), description="factor on the sensors' noise")
    start: not_negative("joint position") = Field(0.0, description="largest offset of the start from home [rad or m]")
    gains: Annotated[float, Field(ge=0, le=3)] = Field(
        0.25,
        description="share by which tuned gains are off, up or down, while tuning: keeps them off the edge of chatter",
    )
    moves: not_negative("joint position") = Field(0.2, description="largest offset of joint targets [rad or m]")
    places: not_negative("length") = Field(0.02, description="largest offset of pose targets [m]")
    obstacles: not_negative("length") = Field(0.0, description="largest offset of fixed things in the world [m]")

    @model_validator(mode="after")
    def _ranges(self):
        for key in ("payload", "viscous", "coulomb", "delay", "noise"):
            low, high = getattr(self, key)
            if low > high or (key != "payload" and low < 0):
                raise ValueError(f"{key} must go from low to high, from 0 on, got {low:g} to {high:g}")
        return self


Files = Annotated[
    Annotated[Name, Tag("one")] | Annotated[list_of(Name, least=1), Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "one"),
]
Draws = Annotated[
    Annotated[Literal["none"], Tag("none")] | Annotated[Randomise, Tag("drawn")],
    Discriminator(lambda value: "none" if isinstance(value, str) else "drawn"),
]


class StudyFile(Part):
    """A tuning study."""

    format: Literal["robocalc-study/1"] = FORMAT
    name: Name = "study"
    description: str = ""
    scenario: Files = Field(description="scenario file or files, relative to this file")
    parameters: dict[Name, Vary] = Field({}, description="dotted key of the scenario -> how it moves; none: all gains")
    randomise: Draws = Field(Randomise(), description="none: the scenarios as they are")
    objectives: dict[Name, Goal] = Field(
        {}, description="figure -> weight; tracking, effort, smoothness, settling, clearance"
    )
    aggregate: Literal[AGGREGATES] = Field("mean", description="over the scenarios; cvar: mean of the worst quarter")
    constraints: dict[Name, Bound] = Field(
        {}, description="figure -> bounds; overshoot, saturation, clearance, margins"
    )
    pareto: bool = Field(False, description="true: a front over the objectives, and the point nearest to all best ones")
    method: Name = Field("auto", description="auto, or one of METHODS")
    budget: Count = Field(200, description="evaluations; each runs all scenarios once")
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    validation: Annotated[int, Field(ge=0, le=100_000)] = Field(16, description="scenarios that tuning never sees")
    engine: Literal["twin", "bullet"] | None = Field(None, description="of the search; left out: twin, where it can")

    def scenarios(self) -> tuple:
        return (self.scenario,) if isinstance(self.scenario, str) else self.scenario


def load(path, overrides=()) -> StudyFile:
    """A study file; names of scenarios are made absolute. Raises ScenarioError with every problem."""
    path = Path(path)
    document = read(path)
    return finish(document, path.parent, overrides)


def build(data, folder=".") -> StudyFile:
    """From plain data."""
    document = Document(plain(data), "study")
    return finish(document, Path(folder), ())


def finish(document: Document, folder: Path, overrides) -> StudyFile:
    _refuse_scenario(document)
    _rename(document)
    for key, value, *label in overrides:
        override(document, _alias(key), value, *(label or [f"--set {key}={brief(value)}"]))
    _shorthands(document.data)
    wrong = ()
    try:
        study = StudyFile.model_validate(document.data)
    except ValidationError as error:
        wrong = say.problems(error, StudyFile)
    for path, message in wrong:
        if path not in document.broken:
            document.complain(path, f"{message}; write `format: {FORMAT}`" if path == ("format",) else message)
    document.raise_problems()
    files = tuple(_found(name, folder) for name in study.scenarios())
    for name, file in zip(study.scenarios(), files, strict=True):
        if not Path(file).is_file():
            document.complain(("scenario",), f"no scenario file at {name}")
    document.raise_problems()
    return study.model_copy(update={"scenario": files})


def _found(name, folder) -> str:
    """Relative to the study; else a file of that name in the library."""
    path = folder / Path(name).expanduser()
    if not path.is_file() and Path(name).parent == Path("."):
        library = Path(__file__).resolve().parent.parent.parent / "scenarios"
        stem = Path(name).stem.replace("-", "_")
        path = next((p for p in sorted(library.rglob("*.yaml")) if p.stem == stem and p.parent.name != "studies"), path)
    return str(path.resolve())


def _refuse_scenario(document):
    if not isinstance(document.data, dict):
        document.complain((), f"a study is a mapping of keys, got {show(document.data)}")
        document.raise_problems()
    given = document.data.get("format")
    if isinstance(given, str) and given.startswith("robocalc/"):
        raise ScenarioError(
            [f"{document.label}: error: format: {given!r} is a scenario, not a study (format: {FORMAT})"]
        )


def _alias(key):
    head, dot, rest = key.partition(".")
    return ALIASES.get(head, head) + dot + rest


def _rename(document):
    """Other words for the same keys, with their places in the file."""
    for old, new in ALIASES.items():
        if old in document.data and new not in document.data:
            document.data[new] = document.data.pop(old)
            moved = {p: m for p, m in document.marks.items() if p[:1] == (old,)}
            document.marks.update({(new, *p[1:]): m for p, m in moved.items()})


OF_SWEEPS = ("repeat", "design")  # keys of the same format that only `robocalc sweep` reads


def _shorthands(data):
    """`kp: [1, 9]` is a range, other lists are choices, as `choice` is; `tracking: 3` a weight, `objectives: [a, b]`
    weights of one."""
    for key in OF_SWEEPS:
        data.pop(key, None)
    varied = data.get("parameters")
    if isinstance(varied, list):
        data["parameters"] = varied = {key: {} for key in varied if isinstance(key, str)}
    for key, value in varied.items() if isinstance(varied, dict) else ():
        if isinstance(value, list) and len(value) == 2 and all(isinstance(x, int | float) for x in value):
            varied[key] = {"range": value}
        elif isinstance(value, list) and len(value) > 1:
            varied[key] = {"choices": value}
        elif value is None:
            varied[key] = {}
        elif isinstance(value, dict):  # n: points of a sweep's grid
            varied[key] = {"choices" if k == "choice" else k: v for k, v in value.items() if k != "n"}
    goals = data.get("objectives")
    if isinstance(goals, str | list):
        data["objectives"] = goals = {key: {} for key in ([goals] if isinstance(goals, str) else goals)}
    for key, value in goals.items() if isinstance(goals, dict) else ():
        if isinstance(value, int | float) and not isinstance(value, bool):
            goals[key] = {"weight": value}
        elif value is None:
            goals[key] = {}
