"""Controller tuning: `tune`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sims.cli.app import Json, Sets, app, overrides, scenario_file
from sims.cli.guard import guarded


@app.command()
@guarded
def tune(
    file: Annotated[Path, typer.Argument(metavar="STUDY", help="study file; a scenario file: all its gains")],
    sets: Sets = (),
    explain: Annotated[bool, typer.Option("--explain", help="say in words why these gains")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the journal in --out")] = False,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="processes for PyBullet and planning")] = 1,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="else studies/NAME")] = None,
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="journal in a database: postgresql://..., redis://..."),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="judge in PyBullet")] = True,
    as_json: Json = False,
):
    """Tune a scenario's numbers; the verdict is PyBullet's, on scenarios that tuning never saw."""
    from sims.cli.commands import is_study
    from sims.cli.progress import Progress, announce_compiling
    from sims.scenario.schema import Scenario
    from sims.scenario.solo import only_one
    from sims.tune.schema import build, load

    file, (of_study, of_scenario) = _found(file), _whose(overrides(sets))
    if file.is_file() and not is_study(file):
        scenario = Scenario.load(file, of_scenario)
        spec = build({"scenario": str(file.resolve()), "name": scenario.name, "format": "robocalc-study/1"})
        if of_study:
            spec = build(_changed(spec, of_study))
    else:
        spec = load(file, of_study)
    scenarios = [Scenario.load(path, of_scenario) for path in spec.scenarios()]
    for scenario in scenarios:
        only_one(scenario, "tuning")
    out = out or _folder(spec.name)
    announce_compiling()
    from sims.tune.tuning import run_study

    with Progress(enabled=not as_json) as progress:
        study = run_study(
            spec,
            scenarios,
            out=out,
            storage=storage,
            resume=resume,
            workers=workers,
            verify=verify,
            progress=progress,
        )
    print((out / "study.json").read_text(encoding="utf-8"), end="") if as_json else _show(study, explain)
    return 0 if study.accepted else 1


def _found(file: Path) -> Path:
    """The path as given, or the study of that name that comes with robocalc, or a scenario."""
    from sims.cli.app import SCENARIOS

    if not file.exists() and file.parent == Path("."):
        for name in (file.stem, file.stem.replace("-", "_")):
            if (SCENARIOS / "studies" / f"{name}.yaml").is_file():
                return SCENARIOS / "studies" / f"{name}.yaml"
    return scenario_file(file)


def _whose(changes):
    """(those of the study, those of its scenarios): a key that both have is the study's."""
    from sims.scenario.schema import Scenario
    from sims.tune.schema import StudyFile

    of_scenario = set(Scenario.model_fields) - set(StudyFile.model_fields)
    there = [change[0].partition(".")[0] in of_scenario for change in changes]
    return [c for c, is_there in zip(changes, there) if not is_there], [
        c for c, is_there in zip(changes, there) if is_there
    ]


def _changed(spec, changes):
    data = json.loads(spec.model_dump_json(exclude_none=True))
    for key, value, *_ in changes:
        head, _, rest = key.partition(".")
        if rest and isinstance(data.get(head, {}), dict):
            data.setdefault(head, {})[rest] = value
        else:
            data[head] = value
    return data


def _folder(name) -> Path:
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")[:60]
    return Path("studies") / (plain or "study")


def _show(study, explain):
    print(f"{study.name}: {study.verdict}")
    print(f"method {study.method}: {study.why}")
    print()
    print(study.table())
    print()
    print(study.figures())
    if explain:
        print()
        print("\n".join(study.explain()))
    for note in study.notes:
        print(f"note: {note}")
    print()
    print(f"study folder  {study.folder}")
    print(f"run it        robocalc run {study.folder / 'tuned.yaml'}")
