"""Many runs: `sweep`, `cluster script`, and `check --run`."""

import json
import sys
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from sims.cli.app import Engine, Json, Seed, Sets, app, overrides, scenario_file
from sims.cli.guard import guarded

Workers = Annotated[int | None, typer.Option("--workers", metavar="N", help="worker processes; else one a processor")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="time limit of each run")]
Where = Annotated[str | None, typer.Option("--cluster", metavar="dask|tcp://...", help="Dask: here, or a scheduler")]
LISTED = 10  # runs that failed, or that are on a front, in a terminal

cluster = typer.Typer(help="Many machines through Dask.", no_args_is_help=True)
app.add_typer(cluster, name="cluster")


@app.command()
@guarded
def sweep(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="scenario, or a study that names one")] = None,
    over: Annotated[
        list[str], typer.Option("--over", metavar="KEY=VALUES", help="a,b,c or lo..hi:n[:log] or 0..99 or x0.5..x2:5")
    ] = (),
    study: Annotated[Path | None, typer.Option("--study", metavar="STUDY", help="file that says what varies")] = None,
    design: Annotated[
        str | None,
        typer.Option("--design", metavar="NAME", help="grid, random, sobol, halton, lhs; else grid, or sobol"),
    ] = None,
    samples: Annotated[int | None, typer.Option("--samples", metavar="N", help="points of all but the grid")] = None,
    repeat: Annotated[int | None, typer.Option("--repeat", metavar="N", help="runs of each point, other seeds")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="skip runs that --out has already")] = False,
    keep: Annotated[str, typer.Option("--keep", metavar="all|failed|none", help="run folders to write")] = "none",
    pareto: Annotated[
        str, typer.Option("--pareto", metavar="METRICS", help="mark runs that no other beats: a,b; -c: more is better")
    ] = "",
    workers: Workers = None,
    cluster: Where = None,
    timeout: Timeout = None,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="draw metrics over keys")] = True,
    sets: Sets = (),
    engine: Engine = None,
    seed: Seed = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="else sweeps/NAME-DIGEST")] = None,
):
    """Run a scenario over many values of its keys; the table goes to table.csv."""
    from sims.cli.commands import is_study
    from sims.cli.progress import Progress, announce_compiling
    from sims.scenario.schema import Scenario

    path = None if file is None else scenario_file(file)
    if path is not None and study is None and path.is_file() and is_study(path):
        study, path = path, None
    found = _study(study)
    path = _base(found) if path is None else path
    scenario = Scenario.load(path, overrides(sets, engine, seed))
    settings = {
        "over": (found.over if found else {}) | _axes(over),
        "design": design or (found.design.type if found and samples is None else None),
        "samples": found.design.samples if found and samples is None and design is None else samples,
        "repeat": (found.repeat.seeds if found else 1) if repeat is None else repeat,
    }
    out, figures = out or _folder(scenario), _metrics(pareto)
    announce_compiling()
    from sims.batch import sweep as run_sweep

    with Progress(enabled=not as_json) as bar:
        progress = bar if bar.enabled or as_json else Lines()
        try:
            table = run_sweep(
                scenario,
                **settings,
                out=out,
                resume=resume,
                workers=workers,
                cluster=cluster,
                timeout=timeout,
                keep=keep,
                pareto=figures,
                plots=plots,
                progress=progress,
            )
        except KeyboardInterrupt:
            print(f"robocalc: finished runs are kept in {out}; --resume goes on from there", file=sys.stderr)
            raise
    print(_as_json(table, figures)) if as_json else _show(table, figures)
    return 4 if "failed" in table.count() else 0


class Lines:
    """Progress for the log of a job: a line on stderr now and then."""

    def __init__(self, every=60.0):
        self.every, self.told = every, monotonic()

    def __call__(self, share, what):
        if monotonic() - self.told > self.every:
            self.told = monotonic()
            print(f"{100 * share:.0f} %: {what}", file=sys.stderr, flush=True)


def _study(file):
    if file is None:
        return None
    from sims.batch.study import load_study

    return load_study(file)


def _base(study) -> Path:
    from robocalc.errors import InvalidInput

    if study is None:
        raise InvalidInput("give a scenario file to sweep, or --study with one that names it")
    return Path(study.base)


def _axes(texts) -> dict:
    """--over KEY=VALUES as {key: text}."""
    from robocalc.errors import InvalidInput

    axes = {}
    for text in texts:
        key, equals, values = text.partition("=")
        if not equals or not key.strip():
            raise InvalidInput(f"--over {text}: write KEY=VALUES, as controller.kp=300,600 or seed=0..99")
        if key.strip() in axes:
            raise InvalidInput(f"--over {key.strip()} is given twice; give all its values at once")
        axes[key.strip()] = values
    return axes


def _folder(scenario) -> Path:
    from sims.cli.app import run_folder

    return Path("sweeps") / run_folder(scenario).name


def _as_json(table, pareto) -> str:
    from sims.record.write import plain

    rows = plain(table.rows)
    data = {"folder": str(table.folder), "runs": len(table), "count": table.count(), "keys": list(table.keys)}
    if "pareto" in table.columns:
        row = _recommended(table, pareto)
        data["recommended"] = None if row is None else int(row["run"])
    return json.dumps(data | {"warnings": list(table.warnings), "rows": rows}, indent=2, allow_nan=False)


def _metrics(text) -> tuple:
    from robocalc.errors import InvalidInput

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if text and not names:
        raise InvalidInput("--pareto takes metrics: time.total_s,energy.electrical_j")
    return names


def _show(table, pareto=()):
    """Counts, the best of each bounded figure, the front, what failed, and where all of it is."""
    from sims.cli.tables import columns

    print(f"{len(table)} runs over {', '.join(table.keys)}: {_counts(table)}")
    front = [i for i, on in enumerate(table.columns.get("pareto", ())) if on]
    if front:
        print(f"no other run beats these {len(front)}:")
        columns([_cells(table, table.row(i)) for i in front[:LISTED]])
        _advise(table, pareto)
    best = _best(table)
    if best:
        print("least of:")
        columns([(name, f"{row[name]:.4g}", *_cells(table, row)) for name, row in best.items()])
    failed = table.failed
    for row in failed[:LISTED]:
        print(f"{row['verdict']}: {'  '.join(_cells(table, row))}: {row['why']}")
    if len(failed) > LISTED:
        print(f"... and {len(failed) - LISTED} more: see the table")
    for warning in table.warnings:
        print(f"warning: {warning}")
    print(f"table  {table.folder / 'table.csv'}")


def _advise(table, pareto):
    """Which run to take, and what it gives up against the best of each figure."""
    row, given = _recommended(table, pareto), []
    if row is None:
        print("recommended: none of them, as no run is accepted")
        return
    for name in (metric.removeprefix("-") for metric in pareto):
        best = table.best(name, largest=f"-{name}" in pareto, accepted=True)[name]
        given.append(f"{name} {row[name]:.4g} (best {best:.4g})")
    print(f"recommended: {', '.join(_cells(table, row))}: {'; '.join(given)}")


def _recommended(table, pareto) -> dict | None:
    from robocalc.errors import InvalidInput

    try:
        return table.recommend(*pareto)
    except InvalidInput:
        return None


def _counts(table) -> str:
    return ", ".join(f"{n} {verdict}" for verdict, n in table.count().items())


def _cells(table, row):
    values = [f"{key}={row[key]:.6g}" if isinstance(row[key], float) else f"{key}={row[key]}" for key in table.keys]
    return (f"run {row['run']}", *values)


def _best(table) -> dict:
    """metric -> row with the least of it, for the few that people look at first."""
    from robocalc.errors import RobocalcError

    found = {}
    for name in ("tracking.joint_rms_deg", "tracking.tcp_max_mm", "effort.integral", "time.total_s"):
        try:
            found[name] = table.best(name)
        except RobocalcError:
            continue
    return found


@cluster.command("script")
@guarded
def script(
    where: Annotated[str, typer.Argument(metavar="slurm|kubernetes", help="whose job script")],
    file: Annotated[str, typer.Option("--file", metavar="FILE", help="scenario or study to sweep")] = "scenario.yaml",
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Dask workers")] = 16,
    hours: Annotated[int, typer.Option("--hours", metavar="N", help="time limit of the job")] = 4,
    image: Annotated[str, typer.Option("--image", metavar="NAME", help="container image")] = "robocalc:latest",
):
    """Print a job script: a Dask scheduler, its workers, and the sweep that uses them."""
    from robocalc.errors import UnknownName
    from sims.batch.pool import check_count
    from sims.batch.scripts import SCRIPTS

    if where not in SCRIPTS:
        raise UnknownName("kind of cluster", where, SCRIPTS)
    counts = check_count("--workers", workers, 1), check_count("--hours", hours, 1)
    print(SCRIPTS[where](file, *counts, image), end="")


def run_all(files, sets, junit, workers, timeout, as_json, *, twice=False) -> int:
    """`check --run`, or --twice: every file run and judged; 0 all accepted, 1 not, 2 a file is no scenario."""
    from sims.batch import check_all, check_twice, write_junit
    from sims.batch.junit import check_place
    from sims.cli.progress import Progress, announce_compiling

    if junit is not None:
        check_place(junit)
    announce_compiling()
    cases = []
    with Progress(enabled=not as_json) as progress:
        judged = check_twice if twice else check_all
        found = judged(files, overrides=overrides(sets), workers=workers, timeout=timeout, progress=progress)
        for case in found:
            cases.append(case)
            if not as_json and not progress.bar:
                print(_line(case), flush=True)
    code = 2 if any(c.verdict == "invalid" for c in cases) else 1 if not all(c.accepted for c in cases) else 0
    if as_json:
        rows = [{"file": str(c.file), "name": c.name, "verdict": c.verdict, "why": c.why} for c in cases]
        print(json.dumps({"ok": code == 0, "cases": rows, "exit_code": code}, indent=2))
    else:
        _tell(cases, [_line(case) for case in cases if progress.bar], same=twice and not code)
    if junit is not None:
        write_junit(junit, cases)  # last: where the disk is full, all else has been said
    return code


def _tell(cases, lines, same):
    more = ", each with the same bits three times" if same else ""
    print("\n".join([*lines, f"{sum(case.accepted for case in cases)} of {len(cases)} accepted{more}"]))


def _line(case) -> str:
    """What is wrong with a file names it already, with line and column."""
    if case.verdict == "invalid" and case.why.startswith(f"{case.file}:"):
        return f"{case.verdict:<10} {case.why}"
    return f"{case.verdict:<10} {case.file}" + (f": {case.why}" if case.why else f"  ({case.seconds:.1f} s)")
