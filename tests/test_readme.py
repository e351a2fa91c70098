"""What the README shows works: its Python runs, its scenario is accepted, its commands exist."""

import re
from pathlib import Path

import pytest

from sims import Scenario, run
from sims.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_of_the_readme_runs(code, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})
    assert "nan" not in capsys.readouterr().out


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_scenario_of_the_readme_is_accepted(text, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(text, encoding="utf-8")
    result = run(Scenario.load(path))
    assert result.accepted, result.why


def commands():
    """Names of all commands."""
    from sims.cli.commands import app

    named = {c.name or c.callback.__name__.rstrip("_") for c in app.registered_commands}
    return named | {group.name for group in app.registered_groups}


def test_the_commands_of_the_readme_exist(capsys):
    table = "\n".join(line.split("|")[1] for line in README.splitlines() if line.startswith("| `"))
    named = {word for cell in re.findall(r"`([a-z]+)[^`]*`", table) for word in [cell]} & commands()
    assert {"new", "check", "run", "replay", "reproduce", "list", "schema", "doctor"} <= named
    assert commands() <= named | {"cluster"}
    for command in sorted(named):
        assert main([command, "--help"]) == 0
    capsys.readouterr()
