"""The names that Python users are given, however they import them."""

import pickle
import subprocess
import sys

import pytest

from sims import Scenario, run

ORDERS = [
    "from sims import run; import sims.run",
    "import sims.run; from sims import run",
    "import sims; run = sims.run",
]


def test_a_scenario_and_run_can_be_sent_to_another_process():
    scenario = Scenario.of(
        {
            "format": "robocalc/1",
            "name": "small",
            "robot": {"model": "two_link"},
            "sim": {"engine": "twin"},
            "task": [{"do": "wait", "duration": 0.01}],
            "controller": {"type": "pd", "kp": 100, "kd": 10},
        }
    )
    scenario, again = pickle.loads(pickle.dumps((scenario, run)))
    assert again(scenario).accepted


@pytest.mark.parametrize("imports", ORDERS)
def test_run_is_the_function_and_its_module_in_any_order(imports):
    code = f"{imports}; import sims; assert callable(run); assert callable(sims.run.run); assert sims.run is run"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
