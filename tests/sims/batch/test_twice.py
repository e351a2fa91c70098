"""`check --twice`: what gives the same bits again passes, and what does not is named, down to the last bit."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sims import run
from sims.batch import check_twice
from sims.batch.outcome import Done
from sims.batch.regression import _first_case, _second_case
from sims.batch.twice import Elsewhere, Evidence, First, differences
from sims.cli import main
from tests.sims.batch.scenarios import swing

LIBRARY = Path(__file__).parents[3] / "scenarios"


@pytest.fixture(scope="module")
def evidence():
    return Evidence.of(run(swing()))


def bit(array, *at):
    """The array with the last bit of one number the other way."""
    changed = np.array(array, float)
    changed.view(np.int64)[at] ^= 1
    return changed


def test_evidence_survives_the_disk_to_the_bit(evidence, tmp_path):
    evidence.save(tmp_path / "kept")
    assert differences(evidence, Evidence.load(tmp_path / "kept")) == []
    assert differences(evidence, Evidence.of(run(swing()))) == []


def test_one_bit_anywhere_is_found_and_named(evidence):
    joint = bit(evidence.log.joint, 100, 0, 1)
    (found,) = differences(evidence, replace(evidence, log=replace(evidence.log, joint=joint)))
    assert found.startswith("q of elbow differs first at t = 0.1 s (sample 100), by ")
    assert float(found.split("by ")[1]) == pytest.approx(abs(joint - evidence.log.joint).max(), rel=1e-2)
    name = next(iter(evidence.numbers))
    other = evidence.numbers | {name: bit(evidence.numbers[name], 0)}
    (found,) = differences(evidence, replace(evidence, numbers=other))
    assert found.startswith(f"{name} differs by ")
    motion = evidence.numbers["the plan's motion"]
    other = evidence.numbers | {"the plan's motion": bit(motion, 0, 3, 0)}
    assert "the plan's motion differ by" in differences(evidence, replace(evidence, numbers=other))[0]
    short = replace(evidence.log, joint=evidence.log.joint[:-1])
    assert "samples in one" in differences(evidence, replace(evidence, log=short))[0]
    facts = evidence.facts | {"verdict": "diverged"}
    assert differences(evidence, replace(evidence, facts=facts)) == ["verdict is 'accepted', then 'diverged'"]
    assert differences(evidence, replace(evidence, log=None))[-1] == "one has a log, the other has none"


def test_another_seed_in_another_process_would_be_seen(tmp_path):
    """What First keeps is what Elsewhere compares with: a file that is not the same then is told with its moment."""
    file = tmp_path / "swing.yaml"
    swing().save(file)
    name, verdict, why, found = First(tmp_path)((0, file))
    assert (name, verdict, why, found) == ("swing", "accepted", "", [])
    assert Elsewhere(tmp_path)((0, file)) == []
    swing(seed=5).save(file)
    told = Elsewhere(tmp_path)((0, file))
    assert told[0].startswith("q_measured of ")
    assert "at t = 0 s" in told[0]
    case = _first_case(Done(0, (0, file), (name, verdict, why, found)))
    case = _second_case(case, Done(0, (0, file), told))
    assert case.verdict == "unsteady"
    assert not case.accepted
    assert case.why.startswith("in another process, q_measured of ")


def test_contacts_and_a_pilot_give_the_same_bits_in_two_workers():
    files = [LIBRARY / "contact" / "bouncing_balls.yaml", LIBRARY / "moving" / "panda_beside_swinging_arm.yaml"]
    cases = list(check_twice(files, workers=2))
    assert [(case.verdict, case.why) for case in cases] == [("accepted", "")] * 2


def test_a_plan_that_fails_fails_with_the_same_words(tmp_path):
    file = tmp_path / "swing.yaml"
    swing(**{"task.up.duration": 1e-3}).save(file)
    (case,) = check_twice([file], workers=1)
    assert case.verdict == "infeasible"
    assert "in another process" not in case.why


def test_the_command_says_so_and_junit_has_every_case(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    swing().save("good.yaml")
    swing(accept={"tracking.joint_rms_deg": {"max": 1e-9}}, name="bad").save("bad.yaml")
    Path("broken.yaml").write_text("format: robocalc/1\nname: broken\n", encoding="utf-8")
    assert main(["check", "good.yaml", "--twice", "--workers", "1"]) == 0
    assert capfd.readouterr().out.endswith("1 of 1 accepted, each with the same bits three times\n")
    assert main(["check", ".", "--run", "--twice", "--workers", "1", "--junit", "out.xml", "--json"]) == 2
    found = {case["name"]: case["verdict"] for case in json.loads(capfd.readouterr().out)["cases"]}
    assert found == {"swing": "accepted", "bad": "rejected", "broken": "invalid"}
    suite = ElementTree.parse("out.xml").getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
