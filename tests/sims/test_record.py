"""A run folder is whole or is not there; what was computed is kept; logs come back to the bit."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from robocalc.errors import InvalidInput
from sims import record
from sims.log import CHANNELS
from sims.record import write as writing
from tests.sims.record_sample import ACCEPTANCE, JOINTS, METRICS, TwoJoints, small_log

ROOT = Path(__file__).resolve().parents[2]


class Outcome(Enum):
    FINISHED = "reached the end of the motion"


def keep(folder, log=None, **changes):
    words = {
        "scenario": "format: robocalc/1\nname: small\n",
        "log": small_log() if log is None else log,
        "metrics": METRICS,
        "acceptance": ACCEPTANCE,
        "verdict": "accepted",
        "outcome": Outcome.FINISHED,
        "plan_info": {"duration": 1.0},
        "timings": {"plan": 0.25},
        "robot": TwoJoints(),
    }
    return record.write_run(folder, **(words | changes))


def assert_same_log(a, b):
    assert a.dt == b.dt
    assert a.joint.tobytes() == b.joint.tobytes()
    assert a.t_objects.tobytes() == b.t_objects.tobytes()
    assert set(a.objects) == set(b.objects)
    for name in a.objects:
        assert a.objects[name].tobytes() == b.objects[name].tobytes()
    assert a.clearance.tobytes() == b.clearance.tobytes()
    assert a.contacts.tobytes() == b.contacts.tobytes()


# the whole folder ---------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_written(tmp_path):
    log = small_log()
    written = keep(tmp_path / "run", log)
    assert written.warnings == ()
    stored = record.read_run(written.folder)
    assert stored.problems == ()
    assert_same_log(log, stored.log)
    assert stored.joints == JOINTS
    assert stored.prismatic == (False, True)
    assert stored.units["q"] == ["rad", "m"]
    assert stored.units["tau"] == ["N m", "N"]
    assert stored.metrics["clearance.min_mm"] == (50.0, "mm", 0.0)
    assert np.isnan(stored.metrics["settling.time_s"][0])
    assert stored.acceptance[0]["min"] == 20.0
    assert stored.outcome == "reached the end of the motion"
    assert stored.accepted
    assert stored.versions["hashes"]["log"] == record.digest_log(log)
    assert stored.versions["hashes"]["robot"] == "robot-hash"


def test_metrics_are_strict_json_with_a_unit_each(tmp_path):
    folder = keep(tmp_path / "run").folder

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert summary["metrics"]["settling.time_s"] == {"value": None, "unit": "s"}
    assert all(figure["unit"] for figure in summary["metrics"].values())
    assert summary["files"] == ["log.npz", "scenario.resolved.yaml", "versions.json"]


def test_acceptance_rows_may_be_objects(tmp_path):
    @dataclass
    class Row:
        metric: str
        value: float
        unit: str
        min: float | None
        max: float | None
        ok: bool
        time: float | None = None

    keep(tmp_path / "run", acceptance=[Row("a", np.float64(1.0), "mm", None, 2.0, np.True_)])
    row = record.read_run(tmp_path / "run").acceptance[0]
    assert row == {"metric": "a", "value": 1.0, "unit": "mm", "min": None, "max": 2.0, "ok": True, "time": None}


def test_a_plan_that_failed_has_no_log_and_that_is_no_problem(tmp_path):
    written = record.write_run(tmp_path / "run", scenario="name: x\n", verdict="infeasible", outcome="no way there")
    stored = record.read_run(written.folder)
    assert stored.log is None
    assert stored.problems == ()
    assert stored.outcome == "no way there"


def test_numpy_alone_reads_the_log(tmp_path):
    log = small_log()
    folder = keep(tmp_path / "run", log).folder
    with np.load(folder / "log.npz") as stored:
        assert stored.files[0] == "t"
        assert stored["q"].shape == (101, 2)
        assert stored["q"].dtype == np.float64
        header = json.loads(str(stored["header"]))
    assert header["joints"] == list(JOINTS)
    assert header["units"]["v"] == ["rad/s", "m/s"]
    assert set(CHANNELS) <= set(header["units"])


def test_the_same_log_gives_the_same_bytes(tmp_path):
    files = []
    for name in ("a", "b"):
        record.write_log(tmp_path / name, small_log(), JOINTS)
        files.append((tmp_path / name).read_bytes())
        time.sleep(0.01)
    assert files[0] == files[1]


def test_an_older_run_of_the_same_name_is_replaced(tmp_path):
    keep(tmp_path / "run", verdict="rejected")
    keep(tmp_path / "run", verdict="accepted")
    assert record.read_run(tmp_path / "run").verdict == "accepted"
    assert os.listdir(tmp_path) == ["run"]


# places that cannot be used -----------------------------------------------------------------------------------------


def test_a_folder_with_other_things_is_never_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    with pytest.raises(InvalidInput, match="holds other things than a run"):
        keep(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "years of work"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(InvalidInput, match="run is a file"):
        record.ready(tmp_path / "run")


def test_missing_parents_are_made_and_an_impossible_one_is_named(tmp_path):
    assert record.ready(tmp_path / "a" / "b" / "run").parent.is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be made"):
        record.ready(tmp_path / "file" / "run")


# what goes wrong ----------------------------------------------------------------------------------------------------


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "write_log", full_disk)
    with pytest.raises(record.RunNotSaved, match="no space left on the disk") as caught:
        keep(tmp_path / "run")
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_does_not_cost_the_older_run(tmp_path, monkeypatch):
    keep(tmp_path / "run", verdict="rejected")
    monkeypatch.setattr(writing, "_flush", full_disk)
    with pytest.raises(record.RunNotSaved):
        keep(tmp_path / "run", verdict="accepted")
    assert record.read_run(tmp_path / "run").verdict == "rejected"
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a file system of limited size")
def test_a_really_full_disk_is_told_as_such(tmp_path):
    """A limit on the size of files stands for a disk: the system itself refuses."""
    code = """
        import resource, signal, sys
        from tests.sims.test_record import keep, small_log
        from sims.record import RunNotSaved
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            keep(sys.argv[1])
        except RunNotSaved as error:
            print(error)
    """
    done = run_python(code, tmp_path / "run")
    assert "could not be saved" in done.stdout, done.stderr
    assert os.listdir(tmp_path) == []


def run_python(code, *args, **words):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **words)


def test_a_report_that_fails_costs_neither_log_nor_metrics(tmp_path):
    def report(path):
        path.write_text("half a page")
        raise RuntimeError("no font")

    def plots(folder):
        folder.mkdir()
        (folder / "torque.png").write_bytes(b"half")
        full_disk()

    written = keep(tmp_path / "run", report=report, plots=plots)
    stored = record.read_run(written.folder)
    assert stored.problems == ()
    assert stored.log is not None
    assert stored.metrics["clearance.min_mm"][0] == 50.0
    assert stored.warnings == ("plots not made: no space left on the disk", "report not made: RuntimeError: no font")
    assert written.warnings == stored.warnings
    assert not (written.folder / "report.html").exists()
    assert not (written.folder / "plots").exists()


def test_a_disk_that_is_full_at_the_end_gives_up_pictures_before_figures(tmp_path, monkeypatch):
    real, tries = writing._write_json, []

    def refuse_once(path, data):
        if path.name == "metrics.json":
            tries.append(path)
            if len(tries) == 1:
                full_disk()
        real(path, data)

    monkeypatch.setattr(writing, "_write_json", refuse_once)
    written = keep(tmp_path / "run", report=lambda path: path.write_text("page"))
    assert not (written.folder / "report.html").exists()
    assert record.read_run(written.folder).problems == ()
    assert "left out" in record.read_run(written.folder).warnings[0]


def test_interrupting_the_report_keeps_the_run(tmp_path):
    def report(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path / "run", report=report)
    stored = record.read_run(tmp_path / "run")
    assert stored.problems == ()
    assert stored.warnings == ("report not made: interrupted",)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_leaves_nothing_that_looks_like_a_run(tmp_path):
    code = """
        import sys, time
        from tests.sims.test_record import keep
        def report(path):
            print("writing", flush=True)
            time.sleep(60)
        keep(sys.argv[1], report=report)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    left = os.listdir(tmp_path)
    assert len(left) == 1
    assert left[0].startswith(".run.partial-")
    assert not (tmp_path / left[0] / "metrics.json").exists()
    assert (tmp_path / left[0] / "log.npz").exists()  # what was computed is kept
    keep(tmp_path / "run")  # the next whole run takes its place
    assert os.listdir(tmp_path) == ["run"]


# damaged folders ----------------------------------------------------------------------------------------------------


def test_no_folder_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="no run folder at"):
        record.read_run(tmp_path / "nothing")


def test_every_missing_file_is_a_sentence(tmp_path):
    for name in ("metrics.json", "log.npz", "scenario.resolved.yaml", "versions.json", "report.html"):
        folder = keep(tmp_path / name, report=lambda path: path.write_text("page")).folder
        (folder / name).unlink()
        assert record.read_run(folder).problems == (f"{name} is missing",)
    (tmp_path / "empty").mkdir()
    assert len(record.read_run(tmp_path / "empty").problems) == 4


@pytest.mark.parametrize("name", ["metrics.json", "log.npz", "versions.json"])
@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "text"])
def test_damage_is_a_sentence_that_names_the_file(tmp_path, name, damage):
    folder = keep(tmp_path / "run").folder
    whole = (folder / name).read_bytes()
    noise = bytes(np.random.default_rng(1).integers(0, 256, len(whole), dtype=np.uint8))
    damaged = {"cut": whole[: len(whole) // 2], "noise": noise, "empty": b"", "text": b"[1, 2]"}[damage]
    (folder / name).write_bytes(damaged)
    stored = record.read_run(folder)
    assert any(name in problem for problem in stored.problems) or (damage == "empty" and not stored.problems)


def test_any_flipped_byte_of_the_log_is_noticed(tmp_path):
    folder = keep(tmp_path / "run").folder
    whole = (folder / "log.npz").read_bytes()
    for at in np.random.default_rng(2).integers(2000, len(whole) - 2000, 20):
        (folder / "log.npz").write_bytes(whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1 :])
        assert record.read_run(folder).problems, f"byte {at}"


def test_a_log_that_was_exchanged_is_noticed(tmp_path):
    folder = keep(tmp_path / "run").folder
    record.write_log(folder / "log.npz", small_log(seed=5), JOINTS)
    assert any("is not the log that was written" in problem for problem in record.read_run(folder).problems)


def test_a_log_holds_no_pickle(tmp_path):
    np.savez(tmp_path / "log.npz", header=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        record.read_log(tmp_path / "log.npz")


def test_names_of_objects_stay_inside_of_the_log(tmp_path):
    log = small_log()
    log = replace(log, objects={"../../etc/x": log.objects["cube"], "a/b": log.objects["cube"]})
    record.write_log(tmp_path / "log.npz", log)
    with np.load(tmp_path / "log.npz") as stored:
        assert all(".." not in name.split("/") and name.count("/") <= 1 for name in stored.files)
    assert set(record.read_log(tmp_path / "log.npz")[0].objects) == {"../../etc/x", "a/b"}


# comparing and repeating --------------------------------------------------------------------------------------------


def test_equal_logs_are_identical_to_the_bit_nan_included():
    a, b = small_log(), small_log()
    a.joint[3, 0, 1] = b.joint[3, 0, 1] = np.nan
    assert record.compare(a, b).same
    assert record.digest_log(a) == record.digest_log(b)


def test_the_first_difference_in_time_is_named():
    a, b = small_log(), small_log()
    b.joint[40, list(CHANNELS).index("v"), 1] = np.nextafter(a.joint[40, list(CHANNELS).index("v"), 1], 9)
    b.joint[60, 0, 0] += 1.0
    found = record.compare(a, b, JOINTS)
    assert not found.same
    assert (found.channel, found.joint) == ("v", 1)
    assert found.t == pytest.approx(0.4)
    assert 0 < found.size < 1e-15
    assert "v of slide differs first at t = 0.4 s (sample 40)" in found.sentence
    assert record.digest_log(a) != record.digest_log(b)


def test_the_sign_of_zero_counts():
    a, b = small_log(), small_log()
    a.joint[0, 0, 0], b.joint[0, 0, 0] = 0.0, -0.0
    assert not record.compare(a, b).same
    assert record.digest_log(a) != record.digest_log(b)


def test_lengths_objects_and_steps_are_compared():
    a = small_log()
    assert "t has 101 samples in one and 91 in the other" in record.compare(a, small_log(rows=91)).sentence
    assert "in one of them only" in record.compare(a, replace(a, objects={})).sentence
    assert "time steps differ" in record.compare(a, replace(a, dt=0.02)).sentence
    moved = replace(a, objects={"cube": a.objects["cube"] + 1e-9})
    assert record.compare(a, moved).channel == "object/cube"


def test_a_run_is_reproduced_or_the_difference_is_told(tmp_path):
    folder = keep(tmp_path / "run").folder

    def again(path):
        assert path.name == "scenario.resolved.yaml"
        return small_log()

    assert record.reproduce(folder, again).same
    other = record.reproduce(folder, lambda path: small_log(seed=1))
    assert not other.same
    assert "q of shoulder differs first at t = 0 s" in other.sentence


def test_what_cannot_be_reproduced_says_why(tmp_path):
    folder = keep(tmp_path / "run").folder
    (folder / "log.npz").unlink()
    with pytest.raises(InvalidInput, match=r"cannot be reproduced: log\.npz is missing"):
        record.reproduce(folder, lambda path: small_log())


# CSV ----------------------------------------------------------------------------------------------------------------


def test_csv_has_units_and_every_bit(tmp_path):
    log = small_log()
    folder = keep(tmp_path / "run", log).folder
    path = record.export_csv(folder, tmp_path / "log.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    assert names[:3] == ["t [s]", "q.shoulder [rad]", "q.slide [m]"]
    assert "tau.slide [N]" in names
    assert names[-2:] == ["clearance [m]", "contacts [N]"]
    rows = [line.split(",") for line in lines[1:]]
    assert len(rows) == 101
    q = np.array([[float(x) for x in row[1:3]] for row in rows])
    assert q.tobytes() == np.ascontiguousarray(log.q).tobytes()
    seen = names.index("cube.x [m]")
    assert [bool(row[seen]) for row in rows[:11]] == [True] + [False] * 9 + [True]
    assert float(rows[10][seen]) == log.objects["cube"][1, 0]


def test_csv_of_a_damaged_log_names_it(tmp_path):
    (tmp_path / "log.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InvalidInput, match=r"log\.npz is damaged"):
        record.export_csv(tmp_path / "log.npz", tmp_path / "log.csv")
    with pytest.raises(InvalidInput, match="no log at"):
        record.export_csv(tmp_path / "none", tmp_path / "log.csv")


def test_versions_name_the_physics_that_is_installed():
    found = record.collect_versions()
    assert found["python"].startswith("3.")
    assert "pybullet" in found
    assert found["numpy"] == np.__version__
