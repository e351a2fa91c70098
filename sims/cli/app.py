"""What all commands share: the app, the options that several take, and how they read files and overrides."""

from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent.parent
SCENARIOS = ROOT / "scenarios"
DEMO = "panda_pick_and_place.yaml"

app = typer.Typer(
    name="robocalc",
    help="From a scenario file to a planned, tracked, measured and shown robot motion.",
    epilog="Exit codes: 0 accepted, 1 not accepted, 2 bad scenario or usage, 3 infeasible, 4 diverged or crashed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Sets = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="another value: world.post.radius=0.05")]
Json = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]
Engine = Annotated[str | None, typer.Option("--engine", metavar="bullet|twin|mujoco", help="as --set sim.engine=...")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="N", help="as --set seed=N")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="run folder; else runs/NAME-DIGEST")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="scenario file, or the name of one that `list` shows")]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="write plots")]
Force = Annotated[bool, typer.Option("--force", help="run a controller whose loop is unstable all the same")]
Report = Annotated[bool, typer.Option("--report/--no-report", help="write report.html")]


def run_folder(scenario) -> Path:
    """runs/NAME-DIGEST: the same scenario gets the same folder."""
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in scenario.name).strip("-.")[:60]
    return Path("runs") / f"{name or 'run'}-{scenario.digest[:8]}"


def scenario_file(given: Path) -> Path:
    """The path as given, or that of the built-in scenario of that name."""
    if not given.exists() and given.parent == Path("."):
        names = {f"{given.name}.yaml", f"{given.name.replace('-', '_')}.yaml"}
        return next((file for file in library(SCENARIOS) if file.name in names), given)
    return given


def library(folder: Path) -> list:
    """The scenario files in a folder and the themes below it, by name; studies are another kind of file."""
    return sorted((f for f in folder.rglob("*.yaml") if f.parent.name != "studies"), key=lambda file: file.stem)


def overrides(sets, engine=None, seed=None, force=False) -> list:
    """Overrides of --set, --engine, --seed, --force; values are read as YAML. Raises InvalidInput for no `=`."""
    from robocalc.errors import InvalidInput
    from sims.scenario.yaml_file import scalar

    found = []
    for text in sets or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(f"--set {text}: write KEY=VALUE")
        found.append((key.strip(), scalar(value)))
    found += [("sim.engine", engine, f"--engine {engine}")] if engine is not None else []
    found += [("sim.force_unstable", True, "--force")] if force else []
    return found + ([("seed", scalar(seed), f"--seed {seed}")] if seed is not None else [])
