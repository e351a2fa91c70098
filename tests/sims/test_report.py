"""What the page and the plots are made of: true to the log, to the meshes and to the names that a scenario gives."""

import base64
import gzip
import html
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.report import report_data, write_page, write_plots
from sims.report.bodies import body_poses, quaternions
from sims.report.data import MAX_ROWS, Body, Panel, Solid, frame_rows, reduce_rows
from sims.report.gather import bound_text
from sims.report.meshes import read_mesh, simplify
from sims.report.pack import Packer
from sims.report.page import page_text
from tests.sims.report_sample import sample_log, sample_words

SIZE = 2_500_000  # bytes of the Panda pick-and-place
EVIL = "<script>alert(1)</script>\"'&</script><img src=x onerror=alert(2)>${1}{{json}}\u2028"


@pytest.fixture(scope="module")
def robot():
    return load("panda_gripper")


@pytest.fixture(scope="module")
def data(robot):
    return report_data(**sample_words(robot, sample_log()))


@pytest.fixture(scope="module")
def page(data):
    return page_text(data)


def document(page):
    return json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.S)[1])


def arrays(page):
    return gzip.decompress(base64.b64decode(re.search(r'id="arrays">(.*?)</script>', page, re.S)[1]))


def unpacked(data, described):
    """The inverse of Packer.add_series, written from its description."""
    n, k = described["n"], described["k"]
    raw = np.frombuffer(data, np.uint8, 2 * n * k, described["at"]).astype(np.uint16)
    levels = np.cumsum((raw[: n * k] | (raw[n * k :] << 8)).reshape(k, n), axis=1, dtype=np.uint16).T
    values = np.array(described["low"]) + levels * np.array(described["step"])
    return np.where(levels == 65535, np.nan, values)


# long logs ----------------------------------------------------------------------------------------------------------


def test_a_short_log_is_drawn_as_it_is():
    t, x = np.arange(10.0), np.arange(20.0).reshape(10, 2)
    times, (values, nothing) = reduce_rows(t, [x, None])
    assert times is t
    assert values is x
    assert nothing is None


@pytest.mark.parametrize("rows", [MAX_ROWS + 1, 12_001, 600_000])
def test_a_long_log_keeps_every_peak(rows):
    t = np.arange(rows) * 1e-3
    x = 1e-3 * np.random.default_rng(0).standard_normal((rows, 2))
    peaks = np.random.default_rng(1).integers(0, rows, 40)
    x[peaks[:20], 0], x[peaks[20:], 1] = 5.0, -7.0
    times, (values,) = reduce_rows(t, [x])
    assert len(times) == len(values) <= MAX_ROWS
    assert (np.diff(times) >= 0).all()
    assert times[-1] == t[-1]
    assert values.max(axis=0).tolist() == x.max(axis=0).tolist()
    assert values.min(axis=0).tolist() == x.min(axis=0).tolist()
    bucket = 2 * t[-1] / len(times) + 1e-9
    for k in peaks[:20]:  # each peak is drawn, not only the highest
        assert (np.abs(times[values[:, 0] == 5.0] - t[k]) <= 2 * bucket).any()


def test_missing_samples_hide_no_peak():
    x = np.full((5000, 1), np.nan)
    x[4321], x[17] = 3.0, -2.0
    _, (values,) = reduce_rows(np.arange(5000.0), [x])
    assert np.nanmax(values) == 3.0
    assert np.nanmin(values) == -2.0


def test_a_reduction_is_said_on_the_page(robot):
    reduced = report_data(**sample_words(robot, sample_log(dt=0.001)))
    assert "12,001 samples" in reduced.reduced
    assert "12,001 samples" in page_text(reduced)
    assert not report_data(**sample_words(robot, sample_log())).reduced


def test_frames_include_both_ends():
    t = np.arange(12_001) * 1e-3
    rows = frame_rows(t)
    assert rows[0] == 0
    assert rows[-1] == 12_000
    assert len(rows) == 601
    assert len(frame_rows(np.arange(600_001) * 1e-3)) == 1800
    assert frame_rows(np.zeros(1)).tolist() == [0]


# packing ------------------------------------------------------------------------------------------------------------


def test_series_come_back_within_half_a_level():
    x = np.random.default_rng(3).standard_normal((300, 4)) * [1e-12, 1, 1e6, 0] + [0, 5, -1e6, 3]
    x[7, 1], x[9, 2] = np.nan, np.inf
    packer = Packer()
    described = packer.add_series(x)
    back = unpacked(b"".join(packer.parts), described)
    finite = np.isfinite(x)
    assert np.isnan(back[~finite]).all()
    span = np.array([np.ptp(x[finite[:, i], i]) for i in range(4)])
    assert (np.abs(back - x)[finite] <= (np.ones((300, 1)) * span / 131_000 + 1e-18)[finite]).all()


def test_the_page_shows_the_log(page, data):
    raw, words = arrays(page), document(page)
    for panel, described in zip(data.panels, words["panels"], strict=True):
        back = unpacked(raw, described["values"])
        assert np.abs(back - panel.values).max() <= np.ptp(panel.values, axis=0).max() / 65_000
    assert words["steps"][2][0] == "grasp"
    assert words["disturbances"] == [["push", 3.0, 3.2, "push"]]


# poses --------------------------------------------------------------------------------------------------------------


def test_quaternions_agree_with_scipy():
    R = Rotation.random(500, random_state=0)
    extreme = Rotation.from_rotvec([[np.pi, 0, 0], [0, np.pi, 0], [0, 0, np.pi], [0, 0, 0], [np.pi - 1e-9, 0, 0]])
    for rotations in (R, extreme):
        ours, theirs = quaternions(rotations.as_matrix()), rotations.as_quat()
        assert np.abs(np.abs(np.einsum("ij,ij->i", ours, theirs)) - 1).max() < 1e-14
        assert np.abs(Rotation.from_quat(ours).as_matrix() - rotations.as_matrix()).max() < 1e-14


def test_bodies_stand_where_the_robot_says(robot, data):
    q = sample_log().q[frame_rows(sample_log().t)]
    poses = body_poses(robot, q)
    link = {body: name for name, body, *_ in robot.visuals()}
    for body in range(robot.n):
        X = robot.pose(q, link[body])
        index, offset = robot.frame(link[body])
        R, p = np.reshape(offset[:9], (3, 3)), offset[9:]
        turn = Rotation.from_quat(poses[:, index, 3:])
        assert np.abs(turn.apply(p) + poses[:, index, :3] - X[:, :3, 3]).max() < 1e-12
        assert np.abs(turn.as_matrix() @ R - X[:, :3, :3]).max() < 1e-12
    assert {body.role for body in data.bodies} == {"robot", "static", "dynamic", "moving"}


def test_moving_and_seen_things_are_where_they_were(data):
    bodies = {body.name: body for body in data.bodies}
    k = int(np.argmin(np.abs(data.t_frames - 4.0)))
    assert bodies["cart"].poses[k, :3] == pytest.approx([0.75, 0.1, 0.15], abs=1e-6)
    assert bodies["cube"].poses[-1, 2] == pytest.approx(0.23)
    assert len(bodies["table"].poses) == 1


# what a scenario may be called --------------------------------------------------------------------------------------


def test_no_name_from_a_scenario_becomes_markup(robot):
    log = sample_log(duration=1.0)
    log = replace(log, objects={EVIL: log.objects["cube"]}, clearance_pair=(EVIL,) * len(log.clearance))
    world = (replace(sample_words(robot, log)["shapes"][5], name=EVIL),)
    words = sample_words(
        robot,
        log,
        name=EVIL,
        description=EVIL,
        outcome=EVIL,
        shapes=world,
        steps=((EVIL, 0.0, 1.0),),
        disturbances=((EVIL, 0.2, 0.3),),
        metrics={EVIL: (1.0, EVIL, 0.5)},
        acceptance=({"metric": EVIL, "value": 1.0, "unit": EVIL, "bound": EVIL, "ok": False, "time": 0.5},),
        scenario_text=EVIL,
        versions={EVIL: {EVIL: EVIL}},
        notes=(EVIL,),
    )
    page = page_text(report_data(**words))
    assert page.count("<script") == 4  # data, arrays, three.js, player
    assert page.count("</script>") == 4
    assert "alert(1)</script>" not in page
    assert "<img" not in page
    assert html.escape(EVIL) in page
    assert document(page)["name"] == EVIL


def test_the_policy_allows_the_two_scripts_and_no_network(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect" not in policy
    assert not re.search(r'(src|href)\s*=\s*["\']?(https?:)?//', re.sub(r"<script.*?</script>", "", page, flags=re.S))


# size and files -----------------------------------------------------------------------------------------------------


def test_the_page_of_the_pick_and_place_is_small(page, robot):
    assert len(page.encode()) <= SIZE
    full = page_text(report_data(**sample_words(robot, sample_log(dt=0.001))))
    assert len(full.encode()) <= SIZE


def test_the_same_run_gives_the_same_page(data, page, tmp_path):
    assert page_text(data) == page
    path = write_page(tmp_path / "report.html", data)
    assert path.read_text(encoding="utf-8") == page
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_run_that_diverged_is_shown_as_far_as_it_went(robot):
    log = sample_log(duration=1.0)
    log.joint[60:, :, 2] = 1e300
    log.joint[80:] = np.nan
    page = page_text(report_data(**sample_words(robot, log, outcome="left the joint range")))
    assert "NaN" not in page[page.index('id="report"') : page.index('id="arrays"')]
    assert document(page)["panels"]


def test_one_sample_makes_a_page(robot):
    log = replace(sample_log(duration=0.0, dt=0.01), t_objects=np.zeros(0), objects={}, clearance=np.zeros(0))
    assert document(page_text(report_data(**sample_words(robot, log, steps=()))))["duration"] == 0.0


def test_a_missing_mesh_is_said_and_the_rest_is_drawn(data):
    broken = Body("crate", "static", (Solid("mesh", (1, 1, 1), "no/such.obj"), Solid("box", (1, 1, 1))), np.eye(1, 7))
    page = page_text(replace(data, bodies=(*data.bodies, broken)))
    assert "crate is drawn without a part: mesh no/such.obj: cannot be read" in page
    assert [s["shape"] for s in document(page)["bodies"][-1]["solids"]] == ["box"]


def test_joints_of_two_kinds_get_their_own_plots(data):
    position, linear = data.panel("position"), data.panel("position_linear")
    assert position.unit == "rad"
    assert linear.unit == "m"
    assert linear.labels == ("panda_finger_joint1", "panda_finger_joint2")
    assert data.panel("torque_linear").unit == "N"
    assert data.panel("error").values.shape[1] == 7


def test_work_and_jerk_are_those_of_the_log(data):
    from sims.metrics_formulas import mechanical_energy

    log = sample_log()
    assert data.panel("energy").values[-1, 0] == pytest.approx(mechanical_energy(log.tau, log.v, log.dt), rel=1e-12)
    jerk = (log.a_ref[51] - log.a_ref[50]) / log.dt
    assert data.panel("jerk").values[50].tolist() == jerk[:7].tolist()


def test_bounds_are_words():
    assert bound_text({"min": None, "max": 0.5}) == "≤ 0.5"
    assert bound_text({"bound": {"min": 1, "max": 2}}) == "≥ 1, ≤ 2"
    assert bound_text({"bound": "at most 3"}) == "at most 3"


def test_wrong_shapes_are_refused():
    with pytest.raises(InvalidInput, match=r"values must have shape \(3, 2\)"):
        Panel("x", "X", "m", ("a", "b"), np.arange(3.0), np.zeros((3, 1)))
    with pytest.raises(InvalidInput, match="poses must have shape"):
        Body("x", "static", (), np.zeros((2, 6)))
    with pytest.raises(InvalidInput, match="cannot be drawn"):
        Solid("teapot")


# meshes -------------------------------------------------------------------------------------------------------------

CUBE_OBJ = """mtllib cube.mtl
v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0 0 1\nv 1 0 1\nv 1 1 1\nv 0 1 1
usemtl red
f 1 4 3 2\nf 5 6 7 8
usemtl blue
f -8 -7 -3 -4\nf 2/1 3/1 7/1 6/1\nf 3//1 4//1 8//1 7//1\nf 4 1 5 8
"""


def area(mesh):
    p = mesh.points[mesh.faces].astype(float)
    return np.linalg.norm(np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]), axis=1).sum() / 2


def volume(mesh):
    """Σ p₀ · (p₁ × p₂) / 6: the divergence theorem."""
    p = mesh.points[mesh.faces].astype(float)
    return np.einsum("ij,ij->i", p[:, 0], np.cross(p[:, 1], p[:, 2])).sum() / 6


def test_an_obj_with_every_kind_of_face_is_a_cube(tmp_path):
    (tmp_path / "cube.obj").write_text(CUBE_OBJ)
    (tmp_path / "cube.mtl").write_text("newmtl red\nKd 1 0 0\nnewmtl blue\nKd 0 0 1\n")
    mesh = read_mesh(tmp_path / "cube.obj")
    assert len(mesh.faces) == 12
    assert area(mesh) == pytest.approx(6.0)
    assert volume(mesh) == pytest.approx(1.0)
    assert mesh.colours[mesh.faces[:4]].reshape(-1, 3).tolist() == [[1, 0, 0]] * 12
    assert mesh.colours[mesh.faces[4:]].reshape(-1, 3).tolist() == [[0, 0, 1]] * 24
    assert np.abs(np.abs(mesh.normals).max(axis=1) - 1).max() < 1e-6  # edges of a cube stay sharp


def stl_text(mesh):
    rows = []
    for face in mesh.points[mesh.faces]:
        rows += [
            "facet normal 0 0 0",
            "outer loop",
            *("vertex {} {} {}".format(*p) for p in face),
            "endloop",
            "endfacet",
        ]
    return "solid cube\n" + "\n".join(rows) + "\nendsolid\n"


def stl_bytes(mesh):
    table = np.zeros(len(mesh.faces), np.dtype([("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")]))
    table["p"] = mesh.points[mesh.faces]
    return b"solid is no sign of text".ljust(80) + np.uint32(len(table)).tobytes() + table.tobytes()


DAE = """<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema">
<asset><unit meter="0.5"/><up_axis>Y_UP</up_axis></asset>
<library_effects><effect id="e"><profile_COMMON><technique sid="c"><lambert><diffuse><color>0.1 0.2 0.3 1</color>
</diffuse></lambert></technique></profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh><source id="p"><float_array>{points}</float_array></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<polylist material="s"><input semantic="VERTEX" source="#v" offset="0"/><vcount>{counts}</vcount><p>{index}</p>
</polylist></mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene><node><translate>0 0 10</translate><instance_geometry url="#g"><bind_material>
<technique_common><instance_material symbol="s" target="#m"/></technique_common></bind_material></instance_geometry>
</node></visual_scene></library_visual_scenes></COLLADA>"""


def test_stl_and_dae_hold_the_same_cube(tmp_path):
    (tmp_path / "cube.obj").write_text(CUBE_OBJ)
    cube = read_mesh(tmp_path / "cube.obj")
    (tmp_path / "text.stl").write_text(stl_text(cube))
    (tmp_path / "binary.STL").write_bytes(stl_bytes(cube))
    for name in ("text.stl", "binary.STL"):
        mesh = read_mesh(tmp_path / name)
        assert area(mesh) == pytest.approx(6.0)
        assert volume(mesh) == pytest.approx(1.0)
    corners = [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    text = DAE.format(
        points=" ".join(str(x) for corner in corners for x in corner),
        counts="4 4 4 4 4 4",
        index=" ".join(str(i) for quad in quads for i in quad),
    )
    (tmp_path / "cube.dae").write_text(text)
    mesh = read_mesh(tmp_path / "cube.dae")
    assert area(mesh) == pytest.approx(6.0 / 4)  # half a metre a unit
    assert abs(volume(mesh)) == pytest.approx(1.0 / 8)
    assert mesh.points.min(axis=0) == pytest.approx([0, -5.5, 0])  # y up: what was z is -y now
    assert mesh.colours[0] == pytest.approx([0.1, 0.2, 0.3])


def test_simplifying_keeps_shape_and_size(robot):
    for link, _, _, geometry in robot.visuals():
        mesh = read_mesh(geometry.path)
        small = simplify(mesh, 0.0025, 7000)
        assert len(small.faces) <= 7000
        assert np.abs(small.points.min(axis=0) - mesh.points.min(axis=0)).max() < 0.0075, link
        assert np.abs(small.points.max(axis=0) - mesh.points.max(axis=0)).max() < 0.0075, link
        assert area(small) == pytest.approx(area(mesh), rel=0.25), link
        assert np.abs(np.linalg.norm(small.normals, axis=1) - 1).max() < 1e-3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.obj", b"v 0 0 0\nv 1 0 0\nf 1 2 9\n"),
        ("words.obj", b"v a b c\nf 1 1 1\n"),
        ("nan.obj", b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"),
        ("empty.obj", b""),
        ("cut.stl", b"x" * 80 + b"\x09\0\0\0" + b"y" * 60),
        ("broken.dae", b"<COLLADA><library"),
        ("none.dae", b"<COLLADA><asset/></COLLADA>"),
        ("kind.step", b""),
    ],
)
def test_a_damaged_mesh_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=re.escape(name)):
        read_mesh(tmp_path / name)


# plots --------------------------------------------------------------------------------------------------------------


def test_plots_are_pictures_with_curves(data, tmp_path):
    from matplotlib.image import imread

    written = write_plots(tmp_path / "plots", data)
    assert [path.name for path in written] == [
        f"{name}.png" for name in ("position", "velocity", "torque", "error", "tool", "clearance")
    ]
    for path in written:
        picture = imread(path)
        assert picture.shape[1] == 990
        assert (picture[..., :3] < 0.9).any(axis=2).mean() > 0.01  # more than paper


def test_plots_are_chosen_by_name_and_come_out_alike(data, tmp_path):
    (first,) = write_plots(tmp_path / "a", data, "torque", "svg")
    (again,) = write_plots(tmp_path / "b", data, ["torque"], "svg")
    assert first.read_bytes() == again.read_bytes()
    assert b"joint1" in first.read_bytes() or b"<path" in first.read_bytes()
    with pytest.raises(UnknownName, match="did you mean 'torque'"):
        write_plots(tmp_path, data, "torqe")


def test_a_name_with_a_dollar_is_no_formula(data, tmp_path):
    evil = replace(data, name=r"$\frac{$ <b> \undefined")
    assert write_plots(tmp_path, evil, "tool")[0].stat().st_size > 1000


def test_plots_of_a_run_that_diverged(robot, tmp_path):
    log = sample_log(duration=1.0)
    log.joint[60:, :, 2] = 1e300
    log.joint[80:] = np.nan
    assert len(write_plots(tmp_path, report_data(**sample_words(robot, log)))) == 6
