"""The record of a study: every evaluated point, in order, as an Optuna study, or in memory alone.

    Journal    `answers` so far, `add(x, evaluation)`; a study of the same definition goes on, another is refused
    open_journal

The place is a file (JournalStorage, one JSON line an entry), or a URL: postgresql://..., mysql://..., sqlite:///... or
redis://..., for dashboards and many machines. A trial's parameters are the values, its user attribute `robocalc` the
exact point and its evaluation: what a method needs to go on. Floats are written so that they read back bit for bit.
"""

import contextlib
import json
import os
import re
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput
from sims.tune.methods.samplers import optuna
from sims.tune.problem import Evaluation

KEY = "robocalc"
LONGEST_CURVATURE = 64  # numbers above which curvatures would make the journal large: then lbfgs is chosen


def pack(x, e: Evaluation) -> dict:
    """Plain data of a point and its evaluation."""
    arrays = {k: None if a is None else np.asarray(a).tolist() for k, a in (("g", e.gradient), ("H", e.curvature))}
    plain = {"x": np.asarray(x, float).tolist(), "cost": e.cost, "goals": list(e.goals), "costs": list(e.costs)}
    return plain | arrays | {"values": e.values, "broken": e.broken, "lost": e.lost}


def unpack(data) -> tuple:
    """(x, Evaluation)."""
    g, H = (None if data[k] is None else np.array(data[k], float) for k in ("g", "H"))
    goals, costs = tuple(data["goals"]), tuple(data["costs"])
    found = Evaluation(data["cost"], g, H, goals, costs, data["values"], data["broken"], data["lost"])
    return np.array(data["x"], float), found


class Journal:
    """answers: [(x, Evaluation)] in order; study: Optuna's, or None in memory."""

    def __init__(self, space, goals, front, study=None, lock=None):
        self.space, self.goals, self.front, self.study, self._lock = space, goals, front, study, lock
        trials = [] if study is None else sorted(study.trials, key=lambda t: t.number)
        self.answers = [unpack(t.user_attrs[KEY]) for t in trials if KEY in t.user_attrs]

    def add(self, x, found: Evaluation):
        """Keep one evaluation, on the disk before it is used. Raises InvalidInput where it cannot be written."""
        self.answers.append((np.asarray(x, float), found))
        if self.study is None:
            return
        values = list(found.goals) if self.front else [found.cost]
        params, distributions = self._optuna(x)
        trial = optuna().trial.create_trial(
            params=params, distributions=distributions, values=values, user_attrs={KEY: pack(x, found)}
        )
        try:
            self.study.add_trial(trial)
        except Exception as error:  # a full disk, or a database that went away: drivers raise what they like
            why = f"the journal cannot be written: {_said(error)}"
            raise InvalidInput(f"{why}; what was evaluated so far is kept, --resume goes on") from None

    def _optuna(self, x):
        dist, params, kinds = optuna().distributions, {}, {}
        for knob, value in zip(self.space.knobs, self.space.values(x), strict=True):
            if knob.choices:
                labels = [label(choice) for choice in knob.choices]
                params[knob.key], kinds[knob.key] = label(value), dist.CategoricalDistribution(labels)
            else:
                params[knob.key] = value
                kinds[knob.key] = dist.FloatDistribution(knob.low, knob.high, log=knob.log)
        return params, kinds

    def close(self):
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def label(choice):
    """A choice as Optuna takes it: itself, or its JSON."""
    return choice if isinstance(choice, str | int | float | bool) else json.dumps(choice, sort_keys=True)


def open_journal(place, name, definition: dict, space, goals, front, resume=False) -> Journal:
    """A journal at a path or URL, None: in memory.

    raises    InvalidInput: it is there already and `resume` is not wanted; it is of another study (says what differs);
              it cannot be reached, or another process is at work on it
    """
    if place is None:
        return Journal(space, goals, front)
    package = optuna()
    storage, lock = _storage(package, str(place), resume)
    try:
        known = {s.study_name for s in package.get_all_study_summaries(storage, include_best_trial=False)}
        if name in known and not resume:
            raise InvalidInput(
                f"{place} has a study {name!r} already: --resume goes on with it, another --out starts anew"
            )
        goals_wanted = len(goals.objectives) if front else 1
        study = package.create_study(
            storage=storage, study_name=name, directions=["minimize"] * goals_wanted, load_if_exists=True
        )
        _same(study, definition, place)
        return Journal(space, goals, front, study, lock)
    except BaseException as error:
        if lock is not None:
            lock.close()
        if not isinstance(error, Exception) or isinstance(error, InvalidInput):
            raise
        if "://" in str(place):
            raise InvalidInput(_unreachable(str(place), error)) from None
        if isinstance(error, OSError):
            raise InvalidInput(f"{place}: cannot be written: {_said(error)}") from None
        if isinstance(error, ValueError | KeyError):
            raise InvalidInput(f"{place}: no journal of a study, or a damaged one: {_said(error)}") from None
        raise


def _same(study, definition, place):
    """The study is of this definition; a new one gets it."""
    told = study.user_attrs.get("definition")
    if told is None:
        study.set_user_attr("definition", definition)
        return
    other = [key for key in definition if told.get(key) != json.loads(json.dumps(definition[key]))]
    if other:
        raise InvalidInput(f"{place} is the journal of another study: {', '.join(other)} differ; give another --out")


def _storage(package, place, resume):
    if "://" in place:
        return _remote(package, place), None
    path = Path(place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(path)
        _whole_lines(path)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be written: {error.strerror or error}") from None
    for stale in path.parent.glob(f"{path.name}.lock*"):  # of a process that was killed: ours is the only one at work
        with contextlib.suppress(OSError):
            stale.unlink()
    try:
        backend = package.storages.journal.JournalFileBackend(str(path))
        return package.storages.JournalStorage(backend), lock
    except (ValueError, KeyError, OSError) as error:
        lock.close()
        raise InvalidInput(f"{path}: a damaged journal: {error}") from None


def _remote(package, url):
    try:
        if url.startswith("redis"):
            backend = package.storages.journal.JournalRedisBackend(url)
            return package.storages.JournalStorage(backend)
        return package.storages.RDBStorage(url)
    except Exception as error:  # drivers raise what they like
        raise InvalidInput(_unreachable(url, error)) from None


def _unreachable(url, error):
    shown = re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)  # passwords stay out of logs
    return f"{shown}: this storage cannot be reached: {type(error).__name__}: {_said(error)}"


def _said(error):
    """In one line."""
    return getattr(error, "strerror", None) or " ".join(str(error).split())[:200]


def _locked(path):
    """An open file that keeps other processes off until it is closed or we die."""
    lock = open(path.with_name(f"{path.name}.owner"), "a")  # noqa: SIM115
    try:
        import fcntl
    except ImportError:  # Windows: nothing to ask
        return lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise InvalidInput(f"{path}: another process is at work on this study") from None
    return lock


def _whole_lines(path):
    """Cut off a last line that was being written when the process was killed."""
    if not path.is_file():
        return
    raw = path.read_bytes()
    end = raw.rfind(b"\n") + 1
    if end < len(raw):
        os.truncate(path, end)
