"""Pages made from the code: public names with signatures and docstrings, commands, keys of a scenario, registries.

PAGES   path of a page -> function that returns its Markdown
"""

import contextlib
import html
import inspect
import io
import sys
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [] if str(ROOT) in sys.path else [str(ROOT)]
SIMS = ("sims.scenario", "sims.batch", "sims.tune", "sims.report", "sims.engines", "sims.planners", "sims.learn")


def on_files(files, config):
    """mkdocs calls this with the pages that it found."""
    for path, make in PAGES.items():
        files.append(File.generated(config, path, content=make()))
    return files


# public names -------------------------------------------------------------------------------------------------------


def room(name) -> str:
    """One page: the room's own words, then each public name."""
    module = import_module(name)
    return "\n\n".join([f"# {name}", docstring(module), *entries(module, name)])


def sims_rooms() -> str:
    import sims

    parts = ["# sims", docstring(sims)]
    for name in ("Scenario", "Run", "run", "sweep", "tune"):
        thing = getattr(sims, name)
        parts += entry(f"sims.{name}", getattr(thing, name, thing) if inspect.ismodule(thing) else thing)
    for name in SIMS:
        module = import_module(name)
        parts += [f"## {name}", docstring(module), *entries(module, name, "###")]
    return "\n\n".join(parts)


def entries(module, name, mark="##"):
    public = getattr(module, "__all__", None) or _described(module)
    for item in sorted(public, key=str.lower):
        thing = getattr(module, item)
        if not inspect.ismodule(thing):
            yield from entry(f"{name}.{item}", thing, mark)


def _described(module):
    """Public classes and functions that a module without `__all__` defines."""
    return [n for n, x in vars(module).items() if n[0] != "_" and getattr(x, "__module__", "") == module.__name__]


def entry(name, thing, mark="##"):
    """Heading, signature, docstring; of a class its public methods as well, of a registry its keys."""
    yield f"{mark} {name} {{ #{name} }}"
    if isinstance(thing, dict):
        yield "Registry: " + ", ".join(f"`{key}`" for key in thing)
    elif inspect.isclass(thing) or callable(thing):
        yield f"```{{.python .signature}}\n{name.rsplit('.', 1)[-1]}{signature(thing)}\n```"
        yield docstring(thing)
        if inspect.isclass(thing):
            yield from methods(thing)


def methods(cls):
    if issubclass(cls, Enum):
        rows = [f"| `{member.name}` | {html.escape(str(member.value))} |" for member in cls]
        yield "\n".join(["| member | means |", "|---|---|", *rows])
        return
    for name, member in list(vars(cls).items()):
        function = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
        if name[0] != "_" and inspect.isfunction(function) and function.__doc__:
            shown = "" if isinstance(member, property) or hasattr(member, "func") else signature(function)
            yield f"**`.{name}{shown}`**"
            yield docstring(function)


def signature(thing) -> str:
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""
    return "(...)" if is_dataclass(thing) and len(text) > 600 else text.replace("<factory>", "...")


def docstring(thing) -> str:
    text = inspect.getdoc(thing) or ""
    return f'<pre class="docstring">{html.escape(text)}</pre>'.replace("\n", "&#10;") if text else ""


# commands, keys, registries -----------------------------------------------------------------------------------------


def commands() -> str:
    """Every command's own words, as a terminal shows them."""
    import typer

    from sims.cli.commands import app

    told = walk(typer.main.get_command(app), "robocalc")
    parts = [f"## {name}\n\n```text\n{text}\n```" for name, text in told]
    return "\n\n".join(["# Commands", "Each says this with `--help`.", *parts])


def walk(command, name):
    """(name, help) of a command and those below it."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        command.main(["--help"], prog_name=name, standalone_mode=False)
    yield name, out.getvalue().strip()
    for child in getattr(command, "commands", {}).values():
        yield from walk(child, f"{name} {child.name}")


def scenario_keys() -> str:
    """Every key of a scenario file, model by model, from the JSON schema that editors get."""
    from sims.scenario.schema import Scenario

    schema = Scenario.model_json_schema()
    parts = ["# Keys of a scenario", "What `robocalc schema` gives to editors, as text.", *keys("Scenario", schema)]
    for name, model in schema["$defs"].items():
        if model.get("properties"):
            parts += keys(name, model)
    return "\n\n".join(parts)


def keys(name, model):
    yield f"## {name}"
    yield html.escape(" ".join(model.get("description", "").split()))
    needed = model.get("required", ())
    rows = ["| key | | default |", "|---|---|---|"]
    for key, about in model["properties"].items():
        what = html.escape(about.get("description") or ", ".join(map(str, filter(None, [about.get("const")]))))
        default = "**needed**" if key in needed else f"`{about['default']}`" if "default" in about else ""
        rows.append(f"| `{key}` | {cell(what)} | {cell(default)} |")
    yield "\n".join(rows)


def cell(text) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def registries() -> str:
    """What `robocalc list` shows, and methods by name."""
    from robocalc.ode import METHODS as ODE
    from robocalc.optimize import METHODS as OPTIMIZE
    from sims.cli.lists import LISTS
    from sims.scenario.schema_planner import PLANNERS
    from sims.tune.methods import METHODS as TUNE

    found = {name: {k: " · ".join(map(str, row.values())) for k, row in LISTS[name](ROOT / "scenarios").items()}
             for name in ("robots", "controllers", "estimators", "metrics")}  # fmt: skip
    found["planners"] = {name: inspect.getdoc(model) for name, model in PLANNERS.items()}
    found["integrators"] = {name: f"order {table.order}, {table.stages} stages" for name, table in ODE.items()}
    found["methods of optimal control"] = dict.fromkeys(OPTIMIZE, "")
    found["methods of tuning"] = {name: method.__doc__ for name, method in TUNE.items()}
    parts = ["# Registries", "Literal dictionaries; what is listed is tested."]
    for title, rows in found.items():
        lines = [f"| `{key}` | {cell(html.escape(str(about)))} |" for key, about in rows.items()]
        parts += [f"## {title.capitalize()}", "\n".join(["| name | |", "|---|---|", *lines])]
    return "\n\n".join(parts)


ROOMS = ("ode", "trajectory", "dynamics", "optimize", "control", "errors")
PAGES = {
    "reference/cli.md": commands,
    "reference/scenario.md": scenario_keys,
    "reference/registries.md": registries,
    **{f"reference/{name}.md": lambda name=name: room(f"robocalc.{name}") for name in ROOMS},
    "reference/sims.md": sims_rooms,
}
