"""Every scenario that is shipped runs, meets its own acceptance, and repeats to the bit."""

from pathlib import Path

import numpy as np
import pytest

from sims import Scenario, run
from sims.cli.app import library

SCENARIOS = library(Path(__file__).resolve().parents[2] / "scenarios")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario_meets_its_own_acceptance(path, tmp_path):
    result = run(Scenario.load(path), out=tmp_path / "run", plots=False)
    assert result.accepted, result.why
    assert len(result.acceptance) >= 2  # a scenario that asks for nothing shows nothing
    meant = ("found: ", "will saturate") if path.stem == "two_link_limits" else ("found: ",)  # its limits are its story
    faults = [told for told in result.warnings if not any(word in told for word in meant)]  # what a law learns is none
    assert not faults
    assert (result.folder / "report.html").stat().st_size < 2_500_000


def test_the_pick_and_place_repeats_to_the_bit_with_its_contacts():
    scenario = Scenario.load(next(p for p in SCENARIOS if p.stem == "panda_pick_and_place"))
    one, two = (run(scenario) for _ in range(2))
    assert np.array_equal(one.log.joint, two.log.joint)
    assert np.array_equal(one.log.objects["cube"], two.log.objects["cube"])
    assert {k: v for k, v in one.metrics.items() if k != "time.real_time_factor"} == {
        k: v for k, v in two.metrics.items() if k != "time.real_time_factor"
    }
