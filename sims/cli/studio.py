"""The studio: `studio`."""

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.app import File, Seed, Sets, app, overrides, scenario_file
from sims.cli.guard import guarded


@app.command()
@guarded
def studio(
    file: File,
    sets: Sets = (),
    seed: Seed = None,
    port: Annotated[int | None, typer.Option("--port", metavar="N", help="only this one; else the first free")] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="other than this machine: needs --token")] = (
        "127.0.0.1"
    ),
    token: Annotated[
        str | None, typer.Option("--token", metavar="SECRET", help="who knows it may open the page")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="where scenarios are saved")] = Path("."),
    stay: Annotated[bool, typer.Option("--stay", help="go on when the last page is closed")] = False,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="open it in the browser")] = True,
):
    """Change a scenario in the browser and see its run at once; ends with its last page, or with Ctrl-C."""
    from robocalc.errors import InvalidInput
    from sims.cli.progress import announce_compiling
    from sims.scenario.schema import Scenario

    path = scenario_file(file)
    scenario = Scenario.load(path, overrides(sets, None, seed))
    if not out.is_dir():
        raise InvalidInput(f"no folder at {out} to save scenarios in")
    if port is not None and not 0 <= port < 65536:
        raise InvalidInput(f"port {port} is none: they go from 1 to 65535, and 0 is any")
    announce_compiling()
    from sims.studio.server import PORT, Studio

    words = {"host": host, "token": token, "folder": out, "name": f"{path.stem}_studio.yaml", "stay": stay}
    with Studio(scenario, port=PORT if port is None else port, exact=port is not None, **words) as served:
        _serve(served, browser)


def _serve(served, browser):
    """Until the last page is closed, Ctrl-C, or the machine asks for an end."""
    import contextlib
    import signal
    import sys
    import webbrowser

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with contextlib.suppress(KeyboardInterrupt):
        served.page()
        print(f"studio  {served.url}", flush=True)
        if browser and not webbrowser.open(served.url):
            print("robocalc: no browser found; open the address by hand", file=sys.stderr)
        served.wait()
    print("studio ended", flush=True)
