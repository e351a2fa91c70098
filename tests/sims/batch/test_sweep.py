"""Sweeps: the table of independent runs, however they are spread, interrupted and taken up again."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from robocalc.errors import InvalidInput, ScenarioError, UnknownName
from sims import run, sweep
from sims.batch import open_pool
from sims.batch.attempt import WALL_CLOCK
from sims.batch.cluster import SchedulerLost
from sims.batch.journal import Journal, JournalNotSaved
from sims.batch.quick import Quick
from tests.sims.batch import tasks
from tests.sims.batch.scenarios import swing

OVER = {"controller.kp": "100..400:3", "seed": [0, 1]}


@pytest.fixture(scope="module")
def table():
    return sweep(swing(), OVER, workers=1)


def same(a, b):
    """Whether two tables are the same to the bit."""
    assert list(a.columns) == list(b.columns)
    for name, column in a.columns.items():
        x, y = np.asarray(column), np.asarray(b.columns[name])
        assert x.dtype == y.dtype
        assert x.tobytes() == y.tobytes() or x.tolist() == y.tolist(), name


def figures(metrics):
    found = {name: metric.value for name, metric in metrics.items() if name not in WALL_CLOCK}
    return {name: None if math.isnan(value) else value for name, value in found.items()}


def test_each_row_is_what_run_says_to_the_bit(table):
    assert len(table) == 6
    for row in table.rows:
        alone = run(swing(**{"controller.kp": row["controller.kp"], "seed": row["seed"]}))
        assert row["verdict"] == alone.verdict
        assert {name: None if math.isnan(row[name]) else row[name] for name in table.metrics} == figures(alone.metrics)


@pytest.mark.parametrize(
    "changes",
    [
        {"controller.kp": 200.0},
        {"disturbances": [{"type": "payload_error", "mass": 0.3}]},
        {"task.up.duration": 0.3},
        {"robot.home": [-1.4, 0.1]},
        {"sim.timestep": 0.0005},
        {"sensors.joint_position.std": 1e-5},
        {"robot.payload.mass": 0.2},
        {"world": [{"name": "ball", "shape": "sphere", "radius": 0.05, "position": [1, 1, 1]}]},
    ],
)
def test_quick_runs_do_again_what_a_change_touches(changes):
    quick = Quick()
    quick(swing())
    plan = quick(swing()).plan
    found, alone = quick(swing(**changes)), run(swing(**changes))
    assert figures(found.metrics) == figures(alone.metrics)
    assert found.warnings == tuple(
        w for w in alone.warnings if "will saturate" not in w
    )  # said before a run, of its plan
    assert np.array_equal(found.log.joint, alone.log.joint)
    assert quick(swing()).plan is plan  # and nothing else


def test_two_workers_and_dask_give_the_same_bits(table):
    same(table, sweep(swing(), OVER, workers=2))
    pytest.importorskip("distributed")
    same(table, sweep(swing(), OVER, workers=2, cluster="dask"))


def test_an_existing_dask_scheduler_gives_the_same_bits_and_outlives_the_sweep(table):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    ) as c:
        for _ in range(2):
            same(table, sweep(swing(), OVER, cluster=c.scheduler_address))


def test_a_scheduler_that_goes_away_is_one_sentence():
    distributed = pytest.importorskip("distributed")
    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": None, "protocol": "tcp"}
    with distributed.LocalCluster(1, **options) as cluster, open_pool(cluster=cluster.scheduler_address) as pool:
        found = pool.map(tasks.slowly, range(1000))
        assert next(found).ok
        cluster.close()
        with pytest.raises(SchedulerLost, match=r"the Dask scheduler at tcp://.* went away; .*--resume"):
            list(found)


def test_a_scheduler_without_workers_is_refused(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("sims.batch.cluster.PATIENCE", 0.5)
    with distributed.LocalCluster(1, processes=False, dashboard_address=None, protocol="tcp") as cluster:
        cluster.scale(0)
        while cluster.scheduler.workers:
            time.sleep(0.05)
        with (
            open_pool(cluster=cluster.scheduler_address) as pool,
            pytest.raises(InvalidInput, match="has no workers; start some: dask worker"),
        ):
            list(pool.map(tasks.square, [1]))


def test_dask_costs_a_task_that_dies_or_hangs_only_itself_and_keeps_the_order():
    pytest.importorskip("distributed")
    with open_pool(cluster="dask", workers=2, timeout=2.0) as pool:
        found = list(pool.map(tasks.fragile, [1, "die", 2, "raise", "hang", (i for i in ()), 3]))
    kinds = [type(done.error).__name__ for done in found]
    assert kinds == ["NoneType", "WorkerDied", "NoneType", "ValueError", "TookTooLong", "NotSent", "NoneType"]
    assert [done.value for done in found if done.ok] == [1, 2, 3]


def test_bullet_runs_in_workers(tmp_path):
    scenario = swing(**{"sim.engine": "bullet"})
    found = sweep(scenario, {"controller.kp": [300]}, workers=1)
    assert found["tracking.joint_rms_rad"][0] == run(scenario).metrics["tracking.joint_rms_rad"].value
    again = sweep(swing(), {"controller.kp": [300]}, workers=1, engine="bullet")
    same(found, again)


def test_the_table_is_kept_as_csv_and_parquet_to_the_bit(tmp_path):
    found = sweep(
        swing(), OVER, workers=1, out=tmp_path / "sweep", pareto=("effort.integral", "-tracking.joint_rms_deg")
    )
    with (tmp_path / "sweep/table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == list(found.columns)
    for name in ("controller.kp", *found.metrics):
        assert np.array_equal([float(row[name] or "nan") for row in rows], found[name], equal_nan=True)
    parquet = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "sweep/table.parquet")
    assert parquet.column_names == list(found.columns)
    assert parquet["effort.integral"].to_pylist() == found["effort.integral"].tolist()
    plot = tmp_path / "sweep/plots/tracking.joint_rms_deg.png"
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert not (tmp_path / "sweep/runs").exists()


def test_resume_does_only_what_is_missing(tmp_path, table):
    out = tmp_path / "sweep"
    few = sweep(swing(), {"controller.kp": "100..400:3", "seed": [0]}, workers=1, out=out, plots=False)
    assert len(few) == 3
    journal = out / "journal.jsonl"
    with journal.open("ab") as stream:
        stream.write(b'{"run":4,"item":"torn')  # the machine went down here
    same(table, sweep(swing(), OVER, workers=1, out=out, resume=True, plots=False))
    lines = journal.read_bytes().splitlines()
    assert len(lines) == 1 + 6  # a head, and each run once
    again = sweep(swing(), OVER, workers=1, out=out, resume=True, plots=False)
    assert len(journal.read_bytes().splitlines()) == 7
    same(table, again)


def test_points_that_are_the_same_are_rows_of_their_own(tmp_path):
    found = sweep(swing(), {"seed": [3, 3, 4]}, workers=1, out=tmp_path / "sweep", plots=False)
    assert found["seed"].tolist() == [3, 3, 4]
    assert found["effort.integral"][0] == found["effort.integral"][1] != found["effort.integral"][2]
    same(found, sweep(swing(), {"seed": [3, 3, 4]}, workers=1))


def test_a_sweep_killed_at_random_moments_ends_as_if_it_had_not_been(tmp_path):
    over = {"controller.kp": "100..400:30", "seed": "0..4"}
    code = (
        "from sims import sweep\nfrom tests.sims.batch.scenarios import swing\n"
        f"sweep(swing(), {over!r}, workers=2, out={str(tmp_path / 'sweep')!r}, resume=True, plots=False)\nprint('end')"
    )
    rng, ended, kills = np.random.default_rng(3), "", 0
    while "end" not in ended and kills < 20:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        if kills < 3:
            begun, count = time.monotonic(), lines_in(tmp_path / "sweep")
            while lines_in(tmp_path / "sweep") <= count and time.monotonic() - begun < 20:  # it has come to its runs
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            kills += 1
        ended = process.communicate(timeout=60)[0]
    assert kills == 3
    found = sweep(swing(), over, workers=1, out=tmp_path / "sweep", resume=True, plots=False)
    same(found, sweep(swing(), over, workers=2))


def lines_in(folder):
    journal = folder / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


@pytest.mark.skipif(not os.path.exists(f"/proc/self/task/{os.getpid()}/children"), reason="reads /proc")
def test_no_run_is_lost_while_workers_are_killed_at_random():
    rng, killed = np.random.default_rng(0), []

    def kill_one(share, what):
        if share > 0.12 * (len(killed) + 1):
            workers = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            killed.append(rng.choice(workers))
            os.kill(int(killed[-1]), signal.SIGKILL)

    found = sweep(swing(), {"seed": "0..699"}, workers=2, progress=kill_one)
    assert len(killed) >= 2
    same(found, sweep(swing(), {"seed": "0..699"}, workers=2))


def test_a_run_that_takes_too_long_costs_only_itself_and_is_kept_to_look_at(tmp_path):
    out = tmp_path / "sweep"
    slow = swing(**{"sim.engine": "bullet", "sim.timestep": 0.0001})
    durations = {"task.up.duration": [0.25, 55.0, 0.3]}  # half a million steps in the middle
    found = sweep(slow, durations, workers=2, timeout=5.0, out=out, plots=False)
    assert found["verdict"][::2] == ["accepted", "accepted"]
    assert found["verdict"][1] == "failed"
    assert found["why"][1] == "stopped after 5 s, its time limit"
    assert [row["run"] for row in found.failed] == [1]
    assert "duration: 55" in (out / "failed/000001.yaml").read_text()
    again = sweep(slow, {"task.up.duration": [0.25, 0.3]}, workers=1, out=out, resume=True, plots=False)
    assert again.count() == {"accepted": 2}


def test_values_that_only_fail_together_are_rows_that_say_why():
    over = {"sim.timestep": [0.001, 0.002], "sim.control_rate": [1000, 500]}
    found = sweep(swing(), over, workers=1)
    assert found["verdict"] == ["accepted", "accepted", "failed", "accepted"]
    assert "1000 Hz does not divide the physics rate 500 Hz" in found["why"][2]
    assert np.isnan(found["effort.integral"][2])


def test_folders_are_kept_of_all_runs_or_of_those_not_accepted(tmp_path):
    over = {"controller": [swing().to_dict()["controller"], {"type": "pd", "kp": 3, "kd": 1, "feedforward": "none"}]}
    sweep(swing(), over, workers=1, out=tmp_path / "a", keep="failed", plots=False)
    assert [p.name for p in (tmp_path / "a/runs").iterdir()] == ["000001"]
    assert json.loads((tmp_path / "a/runs/000001/metrics.json").read_text())["verdict"] == "rejected"
    sweep(swing(), over, workers=1, out=tmp_path / "b", keep="all", plots=False)
    assert len(list((tmp_path / "b/runs").iterdir())) == 2


def test_a_new_sweep_keeps_the_journal_of_the_one_before(tmp_path):
    for kp in (100, 200):
        sweep(swing(), {"controller.kp": [kp]}, workers=1, out=tmp_path / "sweep", plots=False)
    old = (tmp_path / "sweep/journal.old.jsonl").read_text()
    assert '"controller.kp":100.0' in old


def test_a_damaged_journal_is_said_and_its_runs_are_done_again(tmp_path, table):
    out = tmp_path / "sweep"
    sweep(swing(), OVER, workers=1, out=out, plots=False)
    lines = (out / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines[3] = b"\x00\xff rubbish\n"
    (out / "journal.jsonl").write_bytes(b"".join(lines))
    found = sweep(swing(), OVER, workers=1, out=out, resume=True, plots=False)
    assert any("journal.jsonl:4 is damaged" in warning for warning in found.warnings)
    same(found, table)
    (out / "journal.jsonl").write_bytes(b"rubbish\n")
    with pytest.raises(InvalidInput, match=r"journal\.jsonl:1 is damaged, or no journal of a sweep"):
        sweep(swing(), OVER, workers=1, out=out, resume=True)


def test_the_journal_of_another_scenario_is_refused_by_name(tmp_path):
    sweep(swing(name="one"), {"seed": [0]}, workers=1, out=tmp_path / "sweep", plots=False)
    with pytest.raises(InvalidInput, match="is the journal of scenario 'one', not of 'swing'; give another --out"):
        sweep(swing(), {"seed": [0]}, workers=1, out=tmp_path / "sweep", resume=True)


@pytest.mark.skipif(os.name == "nt", reason="no locks there")
def test_two_sweeps_do_not_write_into_one_journal(tmp_path):
    with Journal(tmp_path / "journal.jsonl", swing()):
        for resume in (True, False):
            with pytest.raises(InvalidInput, match=r"another sweep is writing to .*; give this one another --out"):
                Journal(tmp_path / "journal.jsonl", swing(), resume=resume)
    Journal(tmp_path / "journal.jsonl", swing(), resume=True).close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl", swing())
    os.dup2(os.open("/dev/full", os.O_WRONLY), journal._file)
    with pytest.raises(JournalNotSaved, match="no space left on the disk; the runs so far are kept, --resume goes on"):
        journal.append({"run": 1})


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"over": {"controller.kpp": [1]}}, ScenarioError, "did you mean 'kp'?"),
        ({"cluster": "tcp://127.0.0.1:9"}, InvalidInput, "no Dask scheduler answers at tcp://127.0.0.1:9"),
        ({"cluster": "dusk"}, InvalidInput, "a cluster is dask, or the address of a Dask scheduler"),
        ({"cluster": "tcp://nowhere.invalid:8786"}, InvalidInput, "no Dask scheduler answers at tcp://nowhere.invalid"),
        ({"resume": True}, InvalidInput, "resume needs the folder of the sweep"),
        ({"keep": "some"}, UnknownName, "unknown choice of run folders 'some'"),
        ({"pareto": ("energy.mechanical",)}, InvalidInput, "did you mean 'energy.mechanical_j'?"),
        ({"repeat": 2}, InvalidInput, "either the key seed or a number of repeats"),
        ({"scenario": 3}, InvalidInput, "sweep takes a Scenario or the path of its file, got 3"),
        ({"workers": -2}, InvalidInput, "workers must be a whole number from 0, got -2"),
    ],
)
def test_bad_requests_are_refused_in_a_sentence_before_anything_runs(arguments, kind, words):
    began = time.monotonic()
    with pytest.raises(kind) as error:
        sweep(**{"scenario": swing(), "over": OVER, **arguments})
    assert words in str(error.value)
    assert time.monotonic() - began < 10
