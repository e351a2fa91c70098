"""The pages of sweeps and tunings: figures are those of the table, names harm nobody, bad data has a sentence."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from robocalc.errors import InvalidInput
from sims.report import sweep_page, write_sweep, write_tuning
from sims.report.paper import as_json
from sims.report.tuning_page import read_study
from tests.sims.report.study_sample import study

EVIL = "<script>document.title='caught'</script>"


def document(page):
    """The JSON of any page."""
    return json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.S)[1])


def table(rows=60, folder=None, **changes):
    """A sweep over a number, a choice and seeds, that nobody ran."""
    k = np.arange(rows)
    wn, error = 10.0 + k % 6, (k * 0.618) % 1
    verdict = ["diverged" if i % 20 == 7 else "rejected" if error[i] > 0.8 else "accepted" for i in range(rows)]
    columns = {
        "run": k,
        "controller.wn": wn.tolist(),
        "controller.type": ["pd" if i % 2 else "lqr" for i in range(rows)],
        "seed": (k // 12).tolist(),
        "verdict": verdict,
        "why": [""] * rows,
        "tracking.tcp_max_mm": np.where(k % 20 == 7, np.nan, error),
        "time.total_s": np.full(rows, 2.0),
    } | changes
    keys, metrics = ("controller.wn", "controller.type", "seed"), ("tracking.tcp_max_mm", "time.total_s")
    return SimpleNamespace(columns=columns, keys=keys, metrics=metrics, folder=folder, warnings=())


def page_of(tmp_path, sweep, name="small"):
    return write_sweep(tmp_path / "report.html", sweep, name).read_text(encoding="utf-8")


def test_the_worst_runs_are_the_worst(tmp_path):
    sweep = table()
    found = document(page_of(tmp_path, sweep))
    values = sweep.columns["tracking.tcp_max_mm"]
    largest = [(found["listed"][i]["run"], x) for i, x in found["worst"]["tracking.tcp_max_mm"]["largest"]]
    order = [k for k in np.argsort(-values) if np.isfinite(values[k])][:12]
    assert largest == [(int(k), pytest.approx(values[k])) for k in order]
    row = found["listed"][found["worst"]["tracking.tcp_max_mm"]["largest"][0][0]]
    assert row["keys"][1] == sweep.columns["controller.type"][row["run"]]


def test_distributions_count_every_run(tmp_path):
    sweep = table()
    found = document(page_of(tmp_path, sweep))["histograms"]["tracking.tcp_max_mm"]
    values = sweep.columns["tracking.tcp_max_mm"]
    values = values[np.isfinite(values)]
    assert found["counts"] == np.histogram(values, bins=24)[0].tolist()
    assert found["edges"] == [values.min(), values.max()]
    assert float(found["quantiles"][2]) == pytest.approx(np.median(values), rel=1e-3)


def test_verdicts_are_counted_and_choices_named(tmp_path):
    text = page_of(tmp_path, table())
    assert re.search(r"diverged</th><td class=\"number\">3</td><td class=\"number\">5.0 %", text)
    column = next(c for c in document(text)["columns"] if c["name"] == "controller.type")
    assert column["categories"] == ["lqr", "pd"]


def test_a_large_sweep_keeps_its_extremes(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_page, "MOST_ROWS", 100)
    error = np.zeros(5000)
    error[[1234, 4321]] = 7.0, -7.0
    text = page_of(tmp_path, table(5000, **{"tracking.tcp_max_mm": error}))
    described = document(text)["values"]
    assert described["n"] <= 100
    assert described["low"][3] == -7.0
    assert described["low"][3] + 65534 * described["step"][3] == pytest.approx(7.0)
    assert "100 of 5,000 runs" in text


def test_kept_runs_are_one_click_away(tmp_path, runs):
    import shutil

    for run in (3, 8):
        shutil.copytree(runs[0], tmp_path / "runs" / f"{run:06d}", ignore=shutil.ignore_patterns("report.html"))
    (tmp_path / "runs" / "000009").mkdir()  # a run that was killed: nothing in it
    found = document(page_of(tmp_path, table(12, folder=tmp_path)))
    links = {row["run"]: row["href"] for row in found["listed"] if row["href"]}
    assert links == {3: "runs/000003/report.html", 8: "runs/000008/report.html"}
    assert (tmp_path / links[3]).stat().st_size > 100_000


def test_a_table_without_runs_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="nothing to show"):
        write_sweep(tmp_path / "page.html", table(0))
    assert not (tmp_path / "page.html").exists()


def test_runs_without_any_figure_are_shown(tmp_path):
    nothing = np.full(5, np.nan)
    sweep = table(5, **{"tracking.tcp_max_mm": nothing, "time.total_s": nothing, "verdict": ["failed"] * 5})
    found = document(page_of(tmp_path, sweep))
    assert found["metric"] is None
    assert found["histograms"] == {}


def test_names_from_files_harm_nobody(tmp_path):
    sweep = table(6, **{"controller.type": [EVIL] * 6, "why": [EVIL] * 6})
    tuned = study(name=EVIL, verdict=EVIL, explain=[EVIL])
    tuned["parameters"][0]["label"] = EVIL
    for text in (page_of(tmp_path, sweep, EVIL), write_tuning(tmp_path / "t.html", tuned).read_text(encoding="utf-8")):
        assert EVIL not in text
        assert len(re.findall(r"<script\b", text)) == len(re.findall(r"</script>", text)) <= 3
    assert "<" not in as_json({"a": EVIL})


# tuning ---------------------------------------------------------------------------------------------------------------


def test_the_tables_of_a_tuning_are_the_study(tmp_path):
    text = write_tuning(tmp_path / "t.html", study()).read_text(encoding="utf-8")
    assert re.search(r"controller\.kp</small></th><td class=\"number\">150</td><td class=\"number\">300</td>", text)
    assert 'aria-label="60 %"' in text
    assert "3 scenarios it never saw, in bullet" in text
    assert "latency margin" in text
    assert len(document(text)["history"]) == 60


def test_a_long_history_is_thinned_and_keeps_the_best(tmp_path):
    found = study(12_000)
    text = write_tuning(tmp_path / "t.html", found).read_text(encoding="utf-8")
    drawn = document(text)["history"]
    assert len(drawn) <= 5000
    assert min(e["cost"] for e in drawn) == min(e["cost"] for e in found["history"])
    assert "12,000 evaluations" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"front": [], "margins": None, "response": None, "verified": None, "validation": None, "importances": {}},
        {"history": [], "sensitivity": [], "explain": [], "constraints": []},
        {"history": [{"n": 1, "cost": None, "best": None, "x": {}, "lost": True}], "objectives": [3, None]},
        {"format": "robocalc-study-result/9", "margins": 3, "training": [], "importances": [1]},
    ],
)
def test_what_a_study_lacks_is_left_out(tmp_path, changes):
    text = write_tuning(tmp_path / "t.html", study(**changes)).read_text(encoding="utf-8")
    assert "Gains" in text
    assert ("robocalc-study-result/9" in text) == ("format" in changes)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read"), ("{", "is damaged"), ("[1]", "lacks"), ('{"history": []}', "lacks")],
)
def test_a_study_that_cannot_be_read_has_a_sentence(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "study.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=sentence):
        read_study(tmp_path)
