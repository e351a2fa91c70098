"""Exports read back, by other libraries, to what the log holds."""

import io
import json

import numpy as np
import pytest
import yaml

from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.log import Log
from sims.record import export_csv, export_log, export_mcap, export_parquet, export_ros, write_run
from sims.record.export import EXPORTS
from tests.sims.record_sample import ACCEPTANCE, JOINTS, METRICS, TwoJoints, small_log

KINDS = (False, True)  # a shoulder, and a slide


@pytest.fixture
def log():
    log = small_log()
    touches = np.array([[0.1, 0.5, 0.0, 0.1, 2.0], [0.1, 0.5, 0.1, 0.1, 3.0]])
    return Log(log.dt, log.joint, log.t_objects, log.objects, log.clearance, log.clearance_pair, log.contacts, touches)


@pytest.fixture
def folder(tmp_path, log):
    words = {"metrics": METRICS, "acceptance": ACCEPTANCE, "verdict": "accepted"}
    return write_run(tmp_path / "run", scenario="name: x\n", log=log, robot=TwoJoints(), versions={}, **words).folder


@pytest.mark.parametrize("kind", EXPORTS)
def test_every_kind_is_written_into_the_run_folder(folder, kind):
    if kind in ("mcap", "parquet"):
        pytest.importorskip({"mcap": "mcap", "parquet": "pyarrow"}[kind])
    path = export_log(folder, kind)
    assert path == folder / EXPORTS[kind][1]
    assert path.stat().st_size > 1000
    assert export_log(folder / "log.npz", kind, folder.parent / path.name).read_bytes()[:4] == path.read_bytes()[:4]
    assert not list(folder.glob(".*partial*"))


def test_parquet_holds_every_bit_with_units(log, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(export_parquet(log, tmp_path / "log.parquet", JOINTS, KINDS))
    assert np.array_equal(table["q.shoulder [rad]"].to_numpy(), log.q[:, 0])
    assert np.array_equal(table["tau.slide [N]"].to_numpy(), log.tau[:, 1])
    assert table["clearance [m]"].null_count == len(log.t) - len(log.t_objects)
    assert table["cube.x [m]"].drop_null().to_pylist() == log.objects["cube"][:, 0].tolist()


def test_parquet_and_csv_have_the_same_columns(log, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    names = parquet.read_schema(export_parquet(log, tmp_path / "log.parquet", JOINTS, KINDS)).names
    assert export_csv(log, tmp_path / "log.csv", JOINTS, KINDS).read_text().split("\n")[0].split(",") == names


def test_mcap_is_read_by_its_own_reader(folder, log):
    reader = pytest.importorskip("mcap.reader")
    data = export_mcap(folder, folder / "log.mcap").read_bytes()
    found = {}
    opened = reader.make_reader(io.BytesIO(data))
    for schema, channel, message in opened.iter_messages():
        body = json.loads(message.data)
        assert schema.encoding == "jsonschema"
        assert set(body) == set(json.loads(schema.data)["properties"])
        found.setdefault(channel.topic, []).append((message.log_time, body))
    q = np.array([body["position"] for _, body in found["/joints/executed"]])
    assert np.array_equal(q, log.q)
    assert [t for t, _ in found["/joints/wanted"]] == [round(k * 0.01 * 1e9) for k in range(len(log.t))]
    assert found["/joints/law"][3][1]["name"] == list(JOINTS)
    cube = [body["transforms"][0]["translation"]["x"] for _, body in found["/tf"]]
    assert cube == log.objects["cube"][:, 0].tolist()
    assert found["/clearance"][0][1]["pair"] == "hand - post"
    assert found["/contacts"][1][1]["points"] == [{"x": 0.5, "y": 0.0, "z": 0.1}, {"x": 0.5, "y": 0.1, "z": 0.1}]
    attached = {a.name: a.data for a in reader.make_reader(io.BytesIO(data)).iter_attachments()}
    assert attached["scenario.resolved.yaml"] == b"name: x\n"
    assert json.loads(attached["metrics.json"])["verdict"] == "accepted"


def test_mcap_leaves_out_what_json_cannot_say(log, tmp_path):
    reader = pytest.importorskip("mcap.reader")
    joint = log.joint.copy()
    joint[50:] = np.nan
    data = export_mcap(Log(log.dt, joint), tmp_path / "log.mcap").read_bytes()
    messages = [m for _, c, m in reader.make_reader(io.BytesIO(data)).iter_messages() if c.topic == "/joints/executed"]
    assert len(messages) == 50


@pytest.mark.parametrize("name", ["motion.yaml", "motion.json"])
def test_a_ros_trajectory_is_the_wanted_motion(log, tmp_path, name):
    text = export_ros(log, tmp_path / name, JOINTS, KINDS, rate=50.0).read_text()
    found = json.loads(text) if name.endswith("json") else yaml.safe_load(text)
    assert found["joint_names"] == list(JOINTS)
    rows = np.arange(0, 101, 2)
    times = [p["time_from_start"]["sec"] + 1e-9 * p["time_from_start"]["nanosec"] for p in found["points"]]
    assert times == pytest.approx(rows * 0.01)
    for key, channel in (
        ("positions", "q_ref"),
        ("velocities", "v_ref"),
        ("accelerations", "a_ref"),
        ("effort", "tau"),
    ):
        assert np.array_equal([p[key] for p in found["points"]], getattr(log, channel)[rows])
    assert set(found["header"]) == {"stamp", "frame_id"}


def test_small_numbers_stay_numbers_in_yaml(tmp_path):
    joint = np.zeros((2, 10, 1))
    joint[:, :] = 1e-07
    found = yaml.safe_load(export_ros(Log(0.01, joint), tmp_path / "t.yaml").read_text())
    assert found["points"][0]["positions"] == [1e-07]


def test_bad_requests_have_a_sentence(folder, tmp_path, monkeypatch):
    with pytest.raises(UnknownName, match=r"unknown kind of export 'mcapp'; did you mean 'mcap'\?"):
        export_log(folder, "mcapp")
    with pytest.raises(InvalidInput, match=r"no log at"):
        export_log(tmp_path / "nowhere", "csv")
    with pytest.raises(InvalidInput, match=r"motion\.bag: a ROS trajectory is written as \.yaml or \.json"):
        export_ros(folder, tmp_path / "motion.bag")
    with pytest.raises(InvalidInput, match="rate must be above 0 Hz"):
        export_ros(folder, tmp_path / "motion.yaml", rate=0.0)
    monkeypatch.setitem(__import__("sys").modules, "mcap.writer", None)
    with pytest.raises(EngineUnavailable, match=r"pip install 'robocalc\[export\]'"):
        export_log(folder, "mcap")
