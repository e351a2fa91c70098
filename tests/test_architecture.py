"""Imports run one way: robocalc's rooms in their order, then sims' rooms in theirs; only bullet.py knows PyBullet."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["errors", "jit", "ode", "trajectory", "dynamics", "optimize", "control"]
SIMS = [
    "scenario",
    "log",
    "effects",
    "engines",
    "each",
    "build_world",
    "build",
    "residual",
    "strokes",
    "planners",
    "grasping",
    "steps",
    "plan",
    "company",
    "plan_gaps",
    "plan_team",
    "drives",
    "remedy",
    "forecast",
    "watch",
    "pilot",
    "metrics_cost",
    "metrics_estimate",
    "metrics_formulas",
    "metrics",
    "notebook",
    "result",
    "judge",
    "record",
    "report",
    "keep",
    "run",
    "batch",
    "tune",
    "learn",
    "bench",
    "studio",
    "doctor",
    "cli",
]


def imports_of(path: Path):
    """(file, dotted name) for every import below path, those inside functions too; `from a import b` is a.b."""
    for file in [path.with_suffix(".py")] if path.with_suffix(".py").is_file() else sorted(path.rglob("*.py")):
        package = file.relative_to(ROOT).parent.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
                module = ".".join(part for part in (base, node.module) if part)
                yield from ((file, f"{module}.{alias.name}") for alias in node.names)


def assert_none_of(room: Path, forbidden):
    for file, name in imports_of(room):
        wrong = [m for m in forbidden if f"{name}.".startswith(f"{m}.")]
        assert not wrong, f"{file.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_robocalc_import_only_earlier_rooms(room):
    later = [f"robocalc.{r}" for r in ROOMS[ROOMS.index(room) + 1 :]]
    assert_none_of(ROOT / "robocalc" / room, ["sims", "pybullet", *later])


@pytest.mark.parametrize("room", SIMS)
def test_rooms_of_sims_import_only_earlier_rooms(room):
    assert_none_of(ROOT / "sims" / room, [f"sims.{r}" for r in SIMS[SIMS.index(room) + 1 :]])


def test_only_one_file_imports_pybullet():
    files = {
        file.relative_to(ROOT).as_posix()
        for room in ("robocalc", "sims")
        for file, name in imports_of(ROOT / room)
        if name.split(".")[0] == "pybullet"
    }
    assert files <= {"sims/engines/bullet.py"}


def test_every_room_is_in_the_order():
    def names(folder):
        return {p.stem for p in (ROOT / folder).iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()} - {
            "__init__"
        }

    assert names("robocalc") <= set(ROOMS)
    assert names("sims") <= set(SIMS)
