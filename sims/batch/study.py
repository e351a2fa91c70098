"""Study files, as far as a sweep goes: `format: robocalc-study/1`, a base scenario, what varies, and how.

    format: robocalc-study/1
    base: ../panda_payload.yaml            # of this file's folder
    vary:
      controller.wn: {range: [20, 90], n: 8, log: true}
      controller.kp: {scale: [0.2, 3.0]}   # times the scenario's own value
      sim.control_rate: {choice: [1 kHz, 500 Hz]}
    repeat: {seeds: 8}
    design: {type: sobol, samples: 64}     # left out: the grid

load_study   -> Study: base, over, design, repeat; what only tuning needs is left to it
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sims.batch.design import DESIGNS, Range, parse_axis
from sims.scenario import say
from sims.scenario.base import Name, Part
from sims.scenario.load import read

FORMAT = "robocalc-study/1"
OF_TUNING = ("objective", "objectives", "constraints", "search", "budget", "randomise", "randomize", "validation")
OF_TUNING += ("aggregate", "pareto", "method", "seed", "engine")
ALIASES = {"scenario": "base", "parameters": "vary"}  # the names that tuning uses


class Vary(Part):
    """One of choice, range, scale."""

    choice: list[Any] | None = Field(None, description="values, one by one")
    range: list[Any] | None = Field(None, description="lowest and highest value, numbers or with unit")
    scale: list[float] | None = Field(None, description="least and largest factor on the scenario's own value")
    n: Annotated[int, Field(ge=1)] | None = Field(None, description="values in a grid")
    log: bool = Field(False, description="evenly by the logarithm")

    @model_validator(mode="after")
    def _one(self):
        given = [name for name in ("choice", "range", "scale") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of choice, range and scale")
        if given[0] != "choice" and len(getattr(self, given[0])) != 2:
            raise ValueError(f"{given[0]} takes two ends, got {len(getattr(self, given[0]))}")
        if self.choice == []:
            raise ValueError("choice has no values")
        self.axis()
        return self

    def axis(self):
        """As `sweep` takes it; raises InvalidInput, a ValueError."""
        if self.choice is not None:
            return self.choice
        if self.scale is not None:
            return Range(*self.scale, n=self.n, log=self.log, scale=True)
        options = f"{'' if self.n is None else f':{self.n}'}{':log' if self.log else ''}"
        return parse_axis(f"{self.range[0]}..{self.range[1]}{options}")


class Repeat(Part):
    seeds: Annotated[int, Field(ge=1)] = Field(1, description="runs of each point, with seeds from the scenario's on")


class DesignPart(Part):
    type: Literal[tuple(DESIGNS)] = "grid"
    samples: Annotated[int, Field(ge=1)] | None = None


class Study(Part):
    """The sweep of a study file."""

    format: Literal["robocalc-study/1"]
    name: Name | None = None
    description: str = ""
    base: Name
    vary: Annotated[dict[Name, Vary], Field(min_length=1)]
    repeat: Repeat = Repeat()
    design: DesignPart = DesignPart()

    @property
    def over(self) -> dict:
        """key -> axis."""
        return {key: vary.axis() for key, vary in self.vary.items()}


def _renamed(document) -> dict:
    """The data in the words of Study; lists of values are choices."""
    data = {ALIASES.get(key, key): value for key, value in document.data.items() if key not in OF_TUNING}
    for path in [path for path in document.marks if path and path[0] in ALIASES]:
        document.marks.setdefault((ALIASES[path[0]], *path[1:]), document.marks[path])
    if isinstance(data.get("base"), list) and len(data["base"]) == 1:
        data["base"] = data["base"][0]
    if isinstance(data.get("vary"), dict):
        data["vary"] = {key: _spelt(vary) for key, vary in data["vary"].items()}
    return data


def _spelt(vary):
    if isinstance(vary, list):
        return {"choice": vary}
    if not isinstance(vary, dict):
        return vary
    return {"choice" if key == "choices" else key: value for key, value in vary.items() if key != "per_joint"}


def _for_tuning(vary) -> bool:
    """Whether some key has no values: tuning finds ranges by itself."""
    if not isinstance(vary, dict):
        return vary is None
    return any(v is None or v == {} for v in vary.values())


def load_study(path) -> Study:
    """Read and check a study; `base` becomes the path of the scenario. Raises ScenarioError with every problem."""
    path = Path(path)
    document = read(path)
    data = _renamed(document)
    if str(data.get("format", "")).startswith("robocalc/"):
        document.complain(("format",), f"this is a scenario; a study has `format: {FORMAT}` and names it as `base`")
        document.raise_problems()
    if _for_tuning(data.get("vary")):
        told = "a sweep needs a range, a scale or choices for each key; `robocalc tune` takes this study as it is"
        document.complain(("vary",), told)
        document.raise_problems()
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        for at, message in say.problems(error, Study):
            if at not in document.broken:
                document.complain(at, message)
        document.raise_problems()
        raise
    document.raise_problems()
    base = path.parent / Path(study.base).expanduser()
    if not base.is_file():
        document.complain(("base",), f"no scenario file at {base}")
        document.raise_problems()
    return study.model_copy(update={"base": str(base)})
