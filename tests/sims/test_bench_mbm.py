"""`robocalc bench mbm`: problems solved, executed in PyBullet, refused by name; the same rows however it is run."""

import gzip
import json

import pytest

from robocalc.errors import InvalidInput, UnknownName
from sims.bench.mbm import Options, all_well, bench, summary
from sims.bench.problems import read_problems
from sims.cli.guard import exit_code
from tests.optimize.test_paths import FREE, TOUCHING


def rows(problems):
    keys = ("start", "goal", "obstacles")
    return [{"id": p["id"], "fingers": [0.065, 0.065], **{k: p[k] for k in keys}} for p in problems]


@pytest.fixture
def file(tmp_path):
    data = {"families": {"shelf": rows(FREE[:2]), "cage": rows([TOUCHING])}}
    path = tmp_path / "problems.json.gz"
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    return path


def same(found):
    return [{k: v for k, v in row.items() if not k.endswith("_ms")} for row in found]


def test_each_motion_is_executed_and_ends_in_contact_are_named(file):
    found = bench(read_problems(file), workers=0)
    assert [row["status"] for row in found] == ["solved", "solved", "refused"]
    for row in found[:2]:
        assert row["finished"]
        assert row["limits"]
        assert row["contact"] == 0
        assert row["clearance_mm"] >= row["wanted_mm"] - 0.1
    assert "overlap by" in found[2]["why"]
    assert all_well(found)
    figures = summary(found)
    assert [f["family"] for f in figures] == ["shelf", "cage", "all"]
    assert (figures[-1]["problems"], figures[-1]["refused"], figures[-1]["solved"]) == (3, 1, 2)


def test_a_bench_goes_on_where_it_stopped_with_the_same_rows(file, tmp_path):
    problems, options = read_problems(file), Options(execute=False)
    whole = bench(problems, options, workers=2, journal=tmp_path / "whole.jsonl")
    half = tmp_path / "half.jsonl"
    lines = (tmp_path / "whole.jsonl").read_text().splitlines()
    half.write_text("\n".join([*lines[:2], '{"key": "cut off']))
    again = bench(problems, options, workers=0, journal=half, resume=True)
    assert same(again) == same(whole)
    assert len(half.read_text().splitlines()) == len(lines)
    with pytest.raises(InvalidInput, match="other options"):
        bench(problems, Options(seed=5), workers=0, journal=half, resume=True)


def test_the_command_line_says_it_family_by_family(file, tmp_path, capsys):
    code = exit_code(["bench", "mbm", str(file), "--no-execute", "--workers", "0", "--out", str(tmp_path / "o")])
    said = capsys.readouterr().out
    assert code == 0
    assert "ends refused" in said
    assert [line.split()[0] for line in said.splitlines()[1:4]] == ["shelf", "cage", "all"]
    assert exit_code(["bench", "mbm", str(file), "--family", "shelf", "--limit", "1", "--json", "--workers", "0",
                      "--no-execute", "--out", str(tmp_path / "p")]) == 0  # fmt: skip
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "no JSON"),
        (b"\x1f\x8b\x08broken", "broken gzip"),
        (b"[1, 2]", "no planning problems"),
        (b'{"families": {"a": 3}}', "must be a list"),
        (b'{"families": {"a": []}}', "no problems in it"),
        (b'{"families": {"a": [{"start": [0]}]}}', r"a\[0\].start must be 7"),
        (b'{"problems": [{"start": [0,0,0,0,0,0,0]}]}', r"problems\[0\] has no goal"),
        (b'{"problems": [{"start": [0,0,0,0,0,0,0], "goal": [0,0,0,0,0,0,NaN]}]}', "finite"),
        (b'{"problems": [{"obstacles": [{"name": "b", "type": "box"}]}]}', r"obstacles\[0\].*'b' needs size"),
    ],
)
def test_a_bad_file_is_told_by_place_and_reason(text, why, tmp_path):
    path = tmp_path / "bad.json"
    path.write_bytes(text)
    with pytest.raises(InvalidInput, match=why):
        read_problems(path)


def test_what_is_not_there_is_told(file, tmp_path):
    with pytest.raises(InvalidInput, match="No such file"):
        read_problems(tmp_path / "none.json")
    with pytest.raises(UnknownName, match="did you mean 'shelf'"):
        read_problems(file, ["shelff"])
    assert exit_code(["bench", "mbm", str(tmp_path / "none.json")]) == 2
