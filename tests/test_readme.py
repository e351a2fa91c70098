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


def test_the_commands_of_the_readme_exist(capsys):
    named = set(re.findall(r"^robocalc (\w+)", README, flags=re.M))
    assert {"new", "check", "run", "replay", "reproduce", "list", "schema", "doctor"} <= named
    for command in sorted(named):
        assert main([command, "--help"]) == 0
    capsys.readouterr()
