"""`robocalc bench`: what planners are worth on files of problems, and controllers on a known gym's tasks."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer

from sims.cli.app import Json, app
from sims.cli.guard import guarded

bench_app = typer.Typer(help="Benchmarks on files of problems.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(bench_app, name="bench")


@bench_app.command()
@guarded
def mbm(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="problems as JSON, gzipped or not")],
    family: Annotated[list[str], typer.Option("--family", metavar="NAME", help="only this one; may be repeated")] = (),
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", help="at most N of each family", min=1)] = None,
    workers: Annotated[int | None, typer.Option("--workers", metavar="N", help="processes; 0: this one", min=0)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where the last bench stopped")] = False,
    execute: Annotated[bool, typer.Option("--execute/--no-execute", help="run each motion in PyBullet")] = True,
    clearance: Annotated[float | None, typer.Option("--clearance", metavar="M", help="[m]; else at most 5 mm")] = None,
    budget: Annotated[float, typer.Option("--budget", metavar="S", help="CPU time for shorter paths", min=0)] = 0.0,
    timeout: Annotated[float, typer.Option("--timeout", metavar="S", help="CPU time to find a path", min=0)] = 5.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0)] = 0,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="else runs/mbm-NAME")] = None,
    as_json: Json = False,
):
    """Plan the Panda's problems of a file, execute each motion in PyBullet, and say how that went, family by family."""
    from sims.bench.mbm import Options, all_well, bench, summary, table
    from sims.bench.problems import read_problems
    from sims.cli.progress import Progress, announce_compiling
    from sims.cli.tables import columns

    problems = read_problems(file, family, limit)
    folder = out or Path("runs") / f"mbm-{file.name.split('.')[0]}-{_digest(file)}"
    announce_compiling()
    options = Options(seed, clearance, timeout, budget, execute)
    with Progress(enabled=not as_json) as progress:
        rows = bench(
            problems, options, workers=workers, journal=folder / "results.jsonl", resume=resume, progress=progress
        )  # fmt: skip
    found = {"file": str(file), "options": vars(options), "families": summary(rows), "problems": rows}
    (folder / "summary.json").write_text(json.dumps(found, indent=2) + "\n")
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        columns(table(rows), indent="")
        for row in rows:
            if row["status"] == "failed":
                print(f"failed: {row['key']}: {row['why']}")
        print(f"all results  {folder}")
    return 0 if all_well(rows) else 1


@bench_app.command()
@guarded
def gym(
    task: Annotated[list[str], typer.Option("--task", metavar="NAME", help="only this one; may be repeated")] = (),
    controller: Annotated[
        list[str], typer.Option("--controller", metavar="NAME", help="only this one; may be repeated")
    ] = (),
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="of the start; else each task's", min=0)
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="bullet or twin; mujoco for carts")
    ] = "bullet",
    world: Annotated[
        Path | None, typer.Option("--world", metavar="FILE", help="disturbances, constraints, inertias: the gym's YAML")
    ] = None,
    as_json: Json = False,
):
    """Fly safe-control-gym's tasks under our controllers: return and RMSE as it defines them, beside its own."""
    from sims.bench.gym import bench as fly_all
    from sims.bench.gym import table
    from sims.bench.gym_world import read
    from sims.cli.progress import announce_compiling
    from sims.cli.tables import columns

    around = None if world is None else read(world)
    announce_compiling()
    rows = fly_all(task, controller, seed=seed, kind=engine, world=around)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        columns(table(rows), indent="")
    return 0 if all(row.get("ended", "time") == "time" for row in rows) else 1


def _digest(file) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8]
