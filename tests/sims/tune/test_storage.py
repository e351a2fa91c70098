"""A full disk, and databases that are not there or go away: a sentence, nothing lost, and the same bits afterwards."""

import errno
import os

import pytest

from robocalc.errors import InvalidInput
from sims import tune
from tests.sims.tune.cases import EFFECTS, two_link

optuna = pytest.importorskip("optuna")


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    monkeypatch.setattr("sims.tune.pictures.PICTURES", {})


def study(**more):
    words = {"objectives": {"tracking": 1.0}, "randomise": {"scenarios": 2, "moves": 0.1}, "method": "nelder_mead"}
    return tune(two_link(**EFFECTS["noise"]), **words, budget=8, validation=1, verify=False, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sims.tune.pictures.PICTURES", {})
        return study(out=tmp_path_factory.mktemp("whole"))


def result(found):
    return (found.folder / "study.json").read_bytes()


@pytest.mark.parametrize(("writes", "kept"), [(0, 0), (1, 0), (2, 0), (5, 3)])
def test_a_full_disk_is_said_and_the_study_goes_on_when_there_is_room(writes, kept, whole, tmp_path, monkeypatch):
    """The journal's first writes are the study itself; each entry after them is on the disk before it counts."""
    fsync, left = os.fsync, [writes]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InvalidInput, match=f"cannot be written: {os.strerror(errno.ENOSPC)}"):
            study(out=tmp_path)
    assert (tmp_path / "journal.log").read_bytes().count(b'"robocalc"') >= kept
    assert result(study(out=tmp_path, resume=True)) == result(whole)


def test_a_result_that_does_not_fit_is_said_and_written_later(whole, tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr("sims.tune.record._write", full)
        with pytest.raises(InvalidInput, match="free some space, then --resume writes it again"):
            study(out=tmp_path)
    assert result(study(out=tmp_path, resume=True)) == result(whole)


def test_a_database_that_goes_away_keeps_what_it_has(whole, tmp_path, monkeypatch):
    url, add, left = f"sqlite:///{tmp_path / 'study.db'}", optuna.study.Study.add_trial, [3]

    def gone(self, trial):
        left[0] -= 1
        if left[0] < 0:
            raise optuna.exceptions.StorageInternalError("server closed\nthe connection")
        return add(self, trial)

    with monkeypatch.context() as patch:
        patch.setattr(optuna.study.Study, "add_trial", gone)
        with pytest.raises(InvalidInput, match="cannot be written: server closed the connection; what was evaluated"):
            study(storage=url, out=tmp_path)
    summaries = optuna.get_all_study_summaries(url)
    assert [s.n_trials for s in summaries] == [3]
    assert result(study(storage=url, out=tmp_path, resume=True)) == result(whole)


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:secret@127.0.0.1:1/x", "sqlite:////nowhere/at/all.db", "nothing://x", "redis://:secret@h:1"],
)
def test_a_database_that_is_not_there_is_said_without_its_password(url):
    with pytest.raises(InvalidInput, match="this storage cannot be reached") as error:
        study(storage=url)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
