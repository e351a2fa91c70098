"""What runs teach: `identify`, `repeat`, `learn`."""

import json
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from sims.cli.app import Engine, File, Json, Seed, Sets, app, overrides, run_folder, scenario_file
from sims.cli.guard import guarded


@app.command()
@guarded
def identify(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="RUN...", help="run folders, or CSV logs")] = None,
    csv: Annotated[list[Path] | None, typer.Option("--csv", metavar="FILE", help="log of a real robot")] = None,
    robot: Annotated[str | None, typer.Option("--robot", metavar="NAME|URDF", help="whose CSV it is")] = None,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="whose model is fitted; else the run's")
    ] = None,
    what: Annotated[
        str, typer.Option("--what", metavar="LIST", help="of payload,friction,inertia,delay")
    ] = "payload,friction",
    link: Annotated[str | None, typer.Option("--link", metavar="LINK", help="that carries the payload")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="scenario patch to write")] = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="whole scenario to write")] = None,
    as_json: Json = False,
):
    """Fit payload, friction, inertias and delay of the model to logged motion, with confidence intervals."""
    from robocalc.errors import InvalidInput
    from sims.cli.progress import announce_compiling
    from sims.scenario.schema import Scenario

    sources = [*(runs or ()), *(csv or ())]
    base = Scenario.load(scenario_file(scenario)) if scenario else None
    announce_compiling()
    from sims.learn import identify as fit
    from sims.learn.recording import from_run

    if save is not None and base is None:
        folder = next((s for s in sources if s.is_dir()), None)
        if folder is None:
            raise InvalidInput("--save needs a scenario to change: a run folder, or --scenario FILE")
        base = from_run(folder).scenario
    missing = next((s for s in sources if not s.exists()), None)
    if missing is not None:
        raise InvalidInput(f"no run folder or CSV file at {missing}")
    found = fit(sources, robot=robot, what=what, scenario=base, link=link)
    written = _write(found, base, out, save)
    print(json.dumps(found.to_dict(), indent=2)) if as_json else _show(found, written)


def _write(found, base, out, save):
    """Files that were written: (what it is, path)."""
    written, urdf = [], None
    if "inertia" in found.what and (out or save):
        urdf = found.fitted.write_urdf((out or save).with_suffix(".urdf"))
        written.append(("robot with the fitted links", urdf))
    if out is not None:
        out.write_text(found.to_yaml(urdf and urdf.name), encoding="utf-8")
        written.append(("scenario patch", out))
    if save is not None:
        found.applied(base, urdf).save(save)
        written.append(("scenario", save))
    return written


def _show(found, written):
    print(f"{found.robot}: {', '.join(found.what)}")
    print()
    print(found.table())
    for note in found.notes:
        print(f"note: {note}")
    for kind, path in written:
        print(f"{kind}  {path}")
    if not written:
        print()
        print(found.to_yaml().partition("\n\n")[2] or found.to_yaml().split("\n", found.table().count("\n") + 2)[-1])


@app.command()
@guarded
def repeat(
    file: File,
    learn: Annotated[int, typer.Option("--learn", metavar="N", help="repetitions to learn from")] = 10,
    sets: Sets = (),
    engine: Engine = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="else runs/NAME-repeated")] = None,
    as_json: Json = False,
):
    """Repeat a scenario's motion and learn from each repetition what the next one needs."""
    from sims.cli.progress import Progress, announce_compiling
    from sims.scenario.schema import Scenario

    scenario = Scenario.load(scenario_file(file), overrides(sets, engine, seed))
    announce_compiling()
    from sims.learn import repeat as repeated

    with Progress(enabled=not as_json) as progress:
        found = repeated(scenario, learn, progress=progress)
    path = found.save(out or run_folder(scenario).with_name(f"{run_folder(scenario).name}-repeated"))
    if as_json:
        errors = [e if isfinite(e) else None for e in found.errors]
        told = {"errors": errors, "best": found.best, "times_smaller": found.gain, "limit": found.limit}
        print(json.dumps(told | {"scenario": str(path)}, indent=2))
        return
    print(found.table())
    print()
    print(f"repetition {found.best} is {found.gain:.3g} times better than the first run")
    if found.limit:
        print(found.limit)
    print(f"run it  robocalc run {path}")


@app.command()
@guarded
def learn(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="run folders, or CSV logs")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="file for `learned: {file: ...}`")],
    held_out: Annotated[
        list[Path] | None, typer.Option("--held-out", metavar="RUN", help="only predicted, to judge by")
    ] = None,
    robot: Annotated[str | None, typer.Option("--robot", metavar="NAME|URDF", help="whose CSV it is")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="of the first weights")] = 0,
    as_json: Json = False,
):
    """Teach a small network the torque that the model does not explain: friction, payload, drag."""
    from robocalc.errors import InvalidInput
    from sims.cli.progress import announce_compiling

    missing = next((s for s in [*runs, *(held_out or ())] if not s.exists()), None)
    if missing is not None:
        raise InvalidInput(f"no run folder or CSV file at {missing}")
    announce_compiling()
    from sims.learn import learn as teach

    taught = teach(list(runs), held_out=list(held_out or ()), robot=robot, seed=seed)
    taught.save(out)
    if as_json:
        print(json.dumps({"file": str(out), "runs": taught.rows, "held_out": taught.held_out}, indent=2))
        return
    print(taught.table())
    print()
    print(f"wrote {out}; use it in a scenario: learned: {{file: {out}}}")
