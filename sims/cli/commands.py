"""The commands, each a few lines over the library."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from sims.cli.app import (
    DEMO,
    SCENARIOS,
    Engine,
    File,
    Force,
    Json,
    Out,
    Plots,
    Report,
    Seed,
    Sets,
    app,
    overrides,
    run_folder,
    scenario_file,
)
from sims.cli.guard import guarded


@app.callback(invoke_without_command=True)
def _robocalc(version: Annotated[bool, typer.Option("--version", help="print the version")] = False):
    if version:
        from robocalc import __version__

        print(f"robocalc {__version__}")
        raise typer.Exit


@app.command()
@guarded
def demo(
    as_json: Json = False,
    engine: Engine = None,
    seed: Seed = None,
    out: Out = None,
    sets: Sets = (),
    force: Force = False,
):
    """Run the Panda pick-and-place that comes with robocalc."""
    return _run(SCENARIOS / DEMO, overrides(sets, engine, seed, force), as_json, out, True, True)


@app.command()
@guarded
def run(
    file: File,
    sets: Sets = (),
    as_json: Json = False,
    engine: Engine = None,
    seed: Seed = None,
    out: Out = None,
    plots: Plots = True,
    report: Report = True,
    force: Force = False,
):
    """Plan, simulate, measure and report a scenario."""
    return _run(scenario_file(file), overrides(sets, engine, seed, force), as_json, out, plots, report)


def _run(file, changes, as_json, out, plots, report) -> int:
    from sims.cli.progress import Progress, announce_compiling
    from sims.cli.tables import EXIT, run_json, show_run
    from sims.scenario.schema import Scenario

    scenario = Scenario.load(file, changes)
    announce_compiling()
    from sims.run import run as run_scenario

    with Progress(enabled=not as_json) as progress:
        result = run_scenario(scenario, out=out or run_folder(scenario), progress=progress, plots=plots, report=report)
    print(run_json(result)) if as_json else show_run(result)
    return EXIT[result.verdict]


@app.command()
@guarded
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="scenario files or folders of them")],
    sets: Sets = (),
    as_json: Json = False,
    run: Annotated[bool, typer.Option("--run", help="run each, and judge it by its own acceptance")] = False,
    twice: Annotated[bool, typer.Option("--twice", help="run each again, here and elsewhere: the same bits?")] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="with --run: JUnit XML")] = None,
    workers: Annotated[int | None, typer.Option("--workers", metavar="N", help="with --run: processes")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="with --run: of each")] = None,
    analysis: Annotated[bool, typer.Option("--analysis", help="poles and margins of the controller")] = False,
):
    """Say all that is wrong with scenario files; with --run, run them all as a regression test."""
    if run or twice or junit is not None:
        if analysis:
            from robocalc.errors import InvalidInput

            raise InvalidInput("--analysis is of what is known before a run: leave out --run, --twice and --junit")
        from sims.cli.batch import run_all

        return run_all(list(_each_file(files)), sets, junit, workers, timeout, as_json, twice=twice)
    from robocalc.errors import ScenarioError
    from sims.cli.first_look import first_look
    from sims.cli.unmeasured import unmeasured
    from sims.scenario.arms import arm_of
    from sims.scenario.schema import Scenario

    problems, good, scenarios = [], [], {}
    for file in _each_file(files):
        try:
            scenario = Scenario.load(file, overrides(sets))
        except ScenarioError as error:
            problems += error.problems
            continue
        arm = arm_of(scenario.robot)
        more = f", {_count(scenario.partners, 'partner')}" if scenario.partners else ""
        bounds = _count(scenario.accept, "bound")
        good.append(f"{file}: ok: {arm.name}, {_count(scenario.task, 'step')}{more}, {bounds}")
        found = [f for f in arm.findings if f.severity == "warning"] if scenario.robot.file else []
        good += [f"{file}: warning: robot.file: {f.where}: {f.what}" for f in found]
        good += [f"{file}: warning: {told}" for told in (*first_look(scenario, arm), *unmeasured(scenario))]
        scenarios |= {str(file): scenario} if analysis else {}
    if as_json:
        told = {"ok": not problems, "problems": problems, "notes": good, "exit_code": 2 if problems else 0}
        print(json.dumps(told | _analyses(scenarios), indent=2))
    elif good:
        print("\n".join(good))
        _show_analyses(scenarios)
    if problems:
        raise ScenarioError(problems) if not as_json else typer.Exit(2)


def _analyses(scenarios) -> dict:
    """For JSON; {} without --analysis."""
    if not scenarios:
        return {}
    from sims.cli.analysis import analysis_json

    return {"analysis": {file: analysis_json(scenario) for file, scenario in scenarios.items()}}


def _show_analyses(scenarios):
    for file, scenario in scenarios.items():
        from sims.cli.analysis import show_analysis

        print(f"{file}: controller {scenario.controller.type}")
        show_analysis(scenario)


def _count(things, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _each_file(paths):
    """Each scenario file once, however often it is named; raises InvalidInput for a folder without any."""
    from robocalc.errors import InvalidInput

    seen = set()
    for path in paths:
        found = [scenario_file(path)]
        if path.is_dir():
            inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
            found = [file for file in inside if (file.is_file() or file.is_symlink()) and not is_study(file)]
            if not found:
                raise InvalidInput(f"{path} holds no scenario, which is a file *.yaml or *.yml")
        for file in found:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def is_study(file: Path) -> bool:
    """Whether a file in a folder says of itself that it is another kind of robocalc file."""
    try:
        with file.open("rb") as stream:
            return b"format: robocalc-study/" in stream.read(4096)
    except OSError:  # loading it will say so
        return False


@app.command("list")
@guarded
def list_(
    robots: Annotated[bool, typer.Option("--robots", help="built-in robots")] = False,
    controllers: Annotated[bool, typer.Option("--controllers", help="controllers and their gains")] = False,
    estimators: Annotated[bool, typer.Option("--estimators", help="what a controller may run on")] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="what `accept:` may bound")] = False,
    tag: Annotated[
        list[str], typer.Option("--tag", metavar="TAG", help="scenarios with this tag or theme; with all, if repeated")
    ] = (),
    as_json: Json = False,
):
    """List the scenarios that come with robocalc, or its robots, controllers, estimators or metrics."""
    from sims.cli.lists import LISTS, tagged
    from sims.cli.tables import columns

    chosen = {"robots": robots, "controllers": controllers, "estimators": estimators, "metrics": metrics}
    names = [name for name, wanted in chosen.items() if wanted] or ["scenarios"]
    if tag and names != ["scenarios"]:
        from robocalc.errors import InvalidInput

        raise InvalidInput(f"--tag is of scenarios, not of {names[0]}")
    found = {name: LISTS[name](SCENARIOS) for name in names}
    if tag:
        found["scenarios"] = tagged(found["scenarios"], tag)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name in names:
        print(f"{name}:")
        columns([(key, *about.values()) for key, about in found[name].items()] or [("none", "")])


@app.command()
@guarded
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="file to write; - for stdout")] = Path("scenario.yaml"),
    force: Annotated[bool, typer.Option("--force", help="replace the file if it exists")] = False,
):
    """Write a commented scenario to begin with."""
    from robocalc.errors import InvalidInput
    from sims.scenario.starter import starter

    if str(file) == "-":
        print(starter("my-scenario", "scenario.yaml"), end="")
        return
    if file.is_dir() or (file.exists() and not force):
        raise InvalidInput(f"{file} exists{' and is a folder' if file.is_dir() else '; --force replaces it'}")
    file.write_text(starter(file.stem, file.name), encoding="utf-8")
    print(f"wrote {file}; try: robocalc run {file}")


@app.command()
@guarded
def schema(out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="file to write")] = None):
    """Print the JSON schema of scenario files, for editors."""
    from sims.scenario.starter import json_text

    if out is None:
        sys.stdout.write(json_text())
        return
    out.write_text(json_text(), encoding="utf-8")
    print(f"wrote {out}; name it in the first line of a scenario: # yaml-language-server: $schema={out.name}")


@app.command()
@guarded
def reproduce(folder: Annotated[Path, typer.Argument(metavar="RUN", help="run folder")], as_json: Json = False):
    """Run a run folder's scenario again and say whether every bit of the log is the same."""
    from robocalc.errors import InvalidInput
    from sims.cli.progress import Progress, announce_compiling

    if not folder.is_dir():
        raise InvalidInput(f"no run folder at {folder}")
    announce_compiling()
    from sims.record import reproduce as repeat
    from sims.run import run as run_scenario
    from sims.scenario.schema import Scenario

    with Progress(enabled=not as_json) as progress:
        found = repeat(folder, lambda file: run_scenario(Scenario.load(file), progress=progress))
    print(json.dumps({"identical": found.same, "what": found.sentence}, indent=2) if as_json else found.sentence)
    return 0 if found.same else 1


@app.command()
@guarded
def doctor(as_json: Json = False):
    """Say what this installation has and lacks, with remedies."""
    from sims.cli.tables import columns
    from sims.doctor.findings import examine

    found = examine()
    if as_json:
        print(json.dumps([finding._asdict() for finding in found], indent=2))
    else:
        columns([({True: "ok", False: "MISSING", None: "note"}[f.ok], f.what, f.found) for f in found], indent="")
        for finding in found:
            if finding.ok is not True and finding.remedy:
                print(f"{finding.what}: {finding.remedy}")
    return 0 if all(finding.ok is not False for finding in found) else 1


from sims.cli import batch, bench, learn, show, studio, tune  # noqa: E402, F401  add their commands to the app
