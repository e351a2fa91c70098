"""A run says what it found and nothing else, whatever the scenario is called and wherever it runs."""

import os
import subprocess
import sys

import pytest

SCENARIO = """
format: robocalc/1
name: "Ünïcödé 机器人 <script>alert(1)</script> $x^"
robot: {model: two_link}
sim: {engine: twin}
world: [{name: коробка, shape: sphere, radius: 0.1, position: [5, 0, 1]}]
task: [{do: wait, name: 步骤, duration: 0.01}]
controller: {type: pd, kp: 100, kd: 10}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/null there")
def test_a_run_with_foreign_names_and_no_home_is_silent_on_stderr(tmp_path):
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    home = {"HOME": "/dev/null", "MPLCONFIGDIR": "/dev/null/x", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "sims.cli", "run", "s.yaml", "--out", "made"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | home, capture_output=True, check=False)
    said = [line for line in done.stderr.decode().splitlines() if not line.startswith("compiling kernels")]
    assert said == []
    assert done.returncode == 0
    assert {"report.html", "plots", "log.npz"} <= {path.name for path in (tmp_path / "made").iterdir()}
