"""Commands that show what was run: replay, compare, plot, video, export."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from sims.cli.app import Json, Seed, Sets, app, overrides, run_folder, scenario_file
from sims.cli.guard import guarded

Run = Annotated[Path, typer.Argument(metavar="RUN", help="run folder")]


@app.command()
@guarded
def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run, a sweep or a tuning; or a page")],
    browser: Annotated[bool, typer.Option("--open/--no-open", help="open it in the browser")] = True,
):
    """Show a run's report with its 3D replay in the browser; a page that is missing is made again."""
    from robocalc.errors import InvalidInput

    if not folder.exists():
        raise InvalidInput(f"no run folder at {folder}")
    page = folder if folder.is_file() and folder.suffix == ".html" else folder / "report.html"
    if not page.is_file():
        page = _remade(folder, page)
    print(page.resolve())
    if browser:
        import webbrowser

        if not webbrowser.open(page.resolve().as_uri()):
            print("robocalc: no browser found; open the file by hand", file=sys.stderr)


def _remade(folder, page):
    """The page from what else is in the folder; among the temporary files where the folder takes none."""
    import tempfile

    from sims.report import stored_data, write_page, write_tuning

    if (folder / "study.json").is_file():

        def write(path):
            return write_tuning(path, folder)
    else:
        data = stored_data(folder)

        def write(path):
            return write_page(path, data)

    try:
        return write(page)
    except OSError:
        return write(Path(tempfile.mkdtemp(prefix="robocalc-")) / page.name)


@app.command()
@guarded
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="run folders; with --engines one scenario file")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="page to write")] = None,
    engines: Annotated[str | None, typer.Option("--engines", metavar="A,B", help="run a scenario in each")] = None,
    sets: Sets = (),
    seed: Seed = None,
    as_json: Json = False,
):
    """Hold runs against each other: ghosts in 3D, overlaid plots, what differs."""
    from robocalc.errors import InvalidInput
    from sims.report import compare_runs, write_comparison

    if engines is None and (sets or seed is not None):
        raise InvalidInput("--set and --seed need --engines: runs that are there are compared as they are")
    names = None
    if engines is not None:
        if len(runs) != 1:
            raise InvalidInput(f"--engines takes one scenario file, got {len(runs)}")
        names = [name.strip() for name in engines.split(",") if name.strip()]
        runs = _in_each(scenario_file(runs[0]), names, overrides(sets, None, seed), as_json)
    compared = compare_runs(runs, names)
    page = write_comparison(out or Path(runs[0]).resolve().parent / "comparison.html", compared)
    if as_json:
        from sims.record.write import plain

        print(json.dumps(plain(compared.to_dict() | {"page": str(page)}), indent=2))
        return
    _show(compared)
    print(f"comparison  {page}")


def _in_each(file, names, changes, quiet):
    """Run a scenario in each engine; the run folders."""
    from robocalc.errors import InvalidInput, UnknownName
    from sims.cli.progress import Progress, announce_compiling
    from sims.engines import ENGINES
    from sims.scenario.schema import Scenario

    for name in names:
        if name not in ENGINES:
            raise UnknownName("engine", name, ENGINES)
    if len(set(names)) < 2:
        raise InvalidInput(f"--engines takes two or more different ones of {', '.join(ENGINES)}")
    scenarios = [Scenario.load(file, [*changes, ("sim.engine", name)]) for name in names]
    announce_compiling()
    from sims.run import run

    folders = []
    for name, scenario in zip(names, scenarios, strict=True):
        with Progress(enabled=not quiet) as progress:
            made = run(scenario, out=run_folder(scenarios[0]).with_suffix(".engines") / name, progress=progress)
        if made.log is None:
            raise InvalidInput(f"{name}: {made.verdict}: {made.why}")
        folders.append(made.folder)
    return folders


def _show(compared):
    """The tables of differences as text."""
    from sims.cli.tables import columns, number

    columns([("", *compared.names), *((key, *texts) for key, texts in compared.settings)], indent="")
    print()
    rows = [
        (d.metric, *map(number, d.values), number(d.change), "" if d.unit == "-" else d.unit) for d in compared.metrics
    ]
    columns([("metric", *compared.names, "last - first", "unit"), *rows], indent="")
    for i, (largest, joint, t) in compared.apart.items():
        print(f"{compared.names[i]} is at most {largest:.3g} rad or m from {compared.names[0]}: {joint} at {t:.3f} s")
    for i, found in compared.parted.items():
        print(f"{compared.names[i]} parts from {compared.names[0]}, the earliest first:")
        for one in found:
            print(f"  {one}")
    for note in compared.notes:
        print(f"note: {note}")


@app.command()
@guarded
def plot(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="run folder; several are overlaid")],
    what: Annotated[
        str | None, typer.Option("--what", metavar="A,B", help="torque,error,...; all for every plot")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", metavar="png,svg", help="kinds of picture")] = "png",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="where; else RUN/plots, of several comparison/")
    ] = None,
):
    """Write plots of a run, or of several in the same axes, as PNG or SVG."""
    from robocalc.errors import InvalidInput
    from sims.report import compare_runs, stored_data, write_plots
    from sims.report.plots import PLOTS

    alone = len(runs) == 1
    data = stored_data(runs[0]) if alone else compare_runs(runs).data()
    place = out or (runs[0] / "plots" if alone else runs[0].resolve().parent / "comparison")
    names = list(PLOTS) if what == "all" else what
    written = []
    for one in dict.fromkeys(k.strip() for k in kind.split(",")):
        written += write_plots(place, data, names, one)
    if not data.panels:
        raise InvalidInput(f"{runs[0]} has no log to plot")
    if not written:
        raise InvalidInput(f"this run has nothing of {what}; it has {', '.join(p.key for p in data.panels)}")
    print("\n".join(map(str, written)))


@app.command()
@guarded
def video(
    folder: Run,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="x.mp4 or x.gif; else RUN/video.mp4")
    ] = None,
    camera: Annotated[
        str, typer.Option("--camera", "--view", metavar="NAME", help="iso, front, side, top; follow")
    ] = "iso",
    place: Annotated[
        str | None, typer.Option("--from", metavar="X,Y,Z", help="where the camera stands [m], in world or on --link")
    ] = None,
    target: Annotated[str | None, typer.Option("--to", metavar="X,Y,Z", help="what it looks at, likewise")] = None,
    link: Annotated[str | None, typer.Option("--link", metavar="NAME", help="link that carries the camera")] = None,
    fov: Annotated[float | None, typer.Option("--fov", help="field of view, from top to bottom [deg]")] = None,
    fps: Annotated[float, typer.Option("--fps", help="pictures a second of the video")] = 15.0,
    speed: Annotated[float, typer.Option("--speed", help="2: twice as fast as it happened")] = 1.0,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="pixels")] = "480x360",
):
    """Film a run without a window: MP4 (extra `video`) or GIF."""
    from robocalc.errors import InvalidInput
    from sims.cli.progress import Progress
    from sims.report.video import write_video

    width, cross, height = size.partition("x")
    if not (cross and width.isdigit() and height.isdigit()):
        raise InvalidInput(f"--size {size}: write WIDTHxHEIGHT, as 480x360")
    with Progress() as progress:
        path = write_video(
            out or Path(folder) / "video.mp4",
            folder,
            camera=_camera(camera, place, target, link, fov),
            fps=fps,
            speed=speed,
            size=(int(width), int(height)),
            progress=progress,
        )
    print(path)


def _camera(view, place, target, link, fov):
    """The name of a view, or a camera with a place of its own."""
    from robocalc.errors import InvalidInput
    from sims.report.views import placed

    if place is None and target is None and link is None and fov is None:
        return view
    words = {"--from": place, "--to": target}
    for key, text in words.items():
        try:
            words[key] = None if text is None else [float(x) for x in text.split(",")]
        except ValueError:
            raise InvalidInput(f"{key} {text}: write three numbers, as 1.2,-0.5,0.8") from None
    return placed(view, position=words["--from"], target=words["--to"], link=link, fov_deg=fov)


@app.command()
@guarded
def export(
    folder: Run,
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="csv, parquet, mcap or ros")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="file to write; else RUN/log.KIND")] = None,
):
    """Write the log of a run folder for other programs: CSV, Parquet, MCAP, or a ROS trajectory."""
    from sims.record import export_log

    print(export_log(folder, to, out))
