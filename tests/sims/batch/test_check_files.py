"""`check --run` over a folder in which all sorts of things lie about: one line for each, and JUnit that CI takes."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from robocalc.errors import InvalidInput
from sims.batch import check_all, write_junit
from sims.batch.junit import check_place
from sims.batch.regression import Case
from sims.cli import main
from tests.sims.batch.scenarios import swing

# attributes that junit-10.xsd of Jenkins' xunit plugin knows, and no others; * required
KNOWN = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name*", "tests*", "failures*", "errors*", "time", "skipped", "timestamp", "hostname", "id", "file"},
    "testcase": {"name*", "time", "classname", "group"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
}


@pytest.fixture
def litter(tmp_path, monkeypatch):
    """A folder with two good scenarios of the same name and much that is none."""
    monkeypatch.chdir(tmp_path)
    swing().save("good.yaml")
    swing().save("twin.yaml")
    Path("bytes.yaml").write_bytes(b"\xff\xfe\x00")
    Path("blank.yaml").write_text("")
    Path("list.yml").write_text("- one\n")
    Path("study.yaml").write_text("format: robocalc-study/1\nbase: good.yaml\n")
    Path("nowhere.yaml").symlink_to("gone.yaml")
    os.mkfifo("pipe.yaml")
    Path("folder.yaml").mkdir()
    Path("text.txt").write_text("no scenario")
    return tmp_path


def test_each_file_is_one_line_and_junit_keeps_to_its_schema(litter, capfd):
    assert main(["check", ".", "good.yaml", "./good.yaml", "--run", "--junit", "out.xml", "--workers", "1"]) == 2
    *lines, total = capfd.readouterr().out.splitlines()
    told = {line.split()[1].split(":")[0]: line.split()[0] for line in lines}
    bad = dict.fromkeys(("blank.yaml", "bytes.yaml", "list.yml", "nowhere.yaml"), "invalid")
    assert told == {**bad, "good.yaml": "accepted", "twin.yaml": "accepted"}
    assert len(lines) == len(told)  # each once, however often it is named
    assert total == "2 of 6 accepted"
    assert any(line.endswith("nowhere.yaml: error: a link to gone.yaml, which is not there") for line in lines)
    root = ElementTree.parse("out.xml").getroot()
    for element in root.iter():
        known = KNOWN[element.tag]
        assert set(element.attrib) <= {name.rstrip("*") for name in known}
        assert {name.rstrip("*") for name in known if name.endswith("*")} <= set(element.attrib)
    (suite,) = root
    cases = list(suite)
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases) == int(suite.get("tests"))
    assert len(suite.findall("*/error")) == int(suite.get("errors")) == 4


def test_a_folder_without_scenarios_is_no_success(litter, capfd):
    Path("empty").mkdir()
    for more in ([], ["--run"]):
        assert main(["check", "empty", *more]) == 2
        assert capfd.readouterr().err == "robocalc: empty holds no scenario, which is a file *.yaml or *.yml\n"


def test_a_worker_that_is_killed_costs_only_its_file(litter):
    files = [Path("good.yaml"), Killer("killer.yaml"), Path("twin.yaml")]
    verdicts = [(case.verdict, case.why) for case in check_all(files, workers=1)]
    assert verdicts[0] == verdicts[2] == ("accepted", "")
    assert verdicts[1] == ("failed", "its worker died 2 times (SIGKILL)")


class Killer(type(Path())):
    """A path that kills the worker which is sent it, as the kernel does where memory ends."""

    def __reduce__(self):
        return exec, ("import os; os.kill(os.getpid(), 9)",)


@pytest.mark.parametrize("place", [".", "no/folder/out.xml", "good.yaml/out.xml"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(litter, place):
    with pytest.raises(InvalidInput, match=r"is a folder|no folder"):
        check_place(place)


def test_what_is_there_stays_until_there_is_more(litter):
    Path("old.xml").write_text("old")
    assert check_place("old.xml").read_text() == "old"
    check_place("new.xml")
    assert not Path("new.xml").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's full disk")
def test_a_full_disk_is_told_after_all_else(litter, capfd):
    assert main(["check", "good.yaml", "--run", "--junit", "/dev/full", "--workers", "0"]) == 2
    found = capfd.readouterr()
    assert found.out.endswith("1 of 1 accepted\n")
    assert found.err.endswith("robocalc: /dev/full cannot be written: No space left on device\n")


def test_characters_that_xml_forbids_are_replaced(tmp_path):
    case = Case(Path("a\x01.yaml"), "a\x00<b>&\ud800", "rejected", 'too "much"\x1b[31m')
    write_junit(tmp_path / "out.xml", [case])
    found = ElementTree.parse(tmp_path / "out.xml").getroot().find("testsuite/testcase")
    assert (found.get("classname"), found.get("name")) == ("a?", "a?<b>&?")
    assert found.find("failure").text == 'too "much"?[31m'
