"""What one page has changed: a scenario with undo, run in the twin after each change.

Session     `.do(message)` -> what the page shows then; RobocalcError: cannot be done, nothing changed
OPERATIONS  what a message may ask for
"""

import json
import threading
from collections import deque
from pathlib import Path
from time import perf_counter

from robocalc.errors import InvalidInput, UnknownName
from sims.batch.quick import Quick
from sims.build import believed_robot, piloted
from sims.scenario.arms import arm_of
from sims.scenario.solo import only_one
from sims.studio.checkers import Checkers
from sims.studio.child import Child
from sims.studio.controls import controls, keys
from sims.studio.edits import added, chosen, removed
from sims.studio.job import Job
from sims.studio.picture import view

DEPTH = 200  # changes that can be undone
LONGEST_NAME = 100
BUDGET, MOST_BUDGET = 40, 1000  # evaluations of a tuning
ONE_AT_A_TIME = threading.RLock()  # two cores serve several pages best one after the other, and PyBullet demands it


class Session:
    """A page's scenario. first: as loaded; folder: where `save` writes; tell: called with news of jobs."""

    def __init__(self, scenario, folder=".", tell=None):
        only_one(scenario, "the studio")
        self.first = self.scenario = scenario
        self.folder, self.tell = Path(folder), tell or (lambda news: None)
        self.past, self.future, self.gesture = deque(maxlen=DEPTH), [], None
        self.checkers = Checkers()
        self.quick, self.seen, self.before, self.saved = Quick(self.checkers), None, {}, set()
        self.lock, self.planner, self.job = threading.RLock(), Child(), None

    def copy(self, tell=None) -> "Session":
        """Another session with the same scenario and history."""
        other = Session(self.first, self.folder, tell)
        with self.lock:
            other.scenario, other.past, other.future = self.scenario, self.past.copy(), list(self.future)
            other.seen, other.before = self.seen, dict(self.before)
        return other

    def do(self, message) -> dict:
        """What to show after {"do": one of OPERATIONS, ...}."""
        if not isinstance(message, dict):
            raise InvalidInput(f"a message is a mapping with `do`, got {message!r:.60}")
        name = message.get("do")
        if not isinstance(name, str) or name not in OPERATIONS:
            raise UnknownName("operation", str(name)[:40], OPERATIONS)
        with self.lock:
            return OPERATIONS[name](self, message)

    def close(self):
        """End the processes that work for this page, for good."""
        self.planner.end()
        self.rest()
        with ONE_AT_A_TIME:
            self.checkers.close()

    def rest(self):
        """End them until there is work again."""
        self.planner.kill()
        if self.job is not None:
            self.job.stop()

    # what is shown

    def state(self) -> dict:
        """All that a page needs: the run's picture, the controls and handles, what can be undone."""
        began = perf_counter()
        seen = self.run()
        groups = controls(self.scenario, self.first, seen["durations"])
        self.allowed = keys(groups)
        can = {"undo": bool(self.past), "redo": bool(self.future)}
        return seen | {
            "controls": groups,
            "can": can,
            "engine": shown_in(self.scenario).sim.engine,
            "took": 1e3 * (perf_counter() - began),
        }

    def run(self) -> dict:
        """The view of the scenario's run in the twin; what takes long does so in a process of this page's own."""
        if self.seen is None:
            scenario = shown_in(self.scenario)
            if slow(scenario):
                self.seen = self.planner.ask({"job": "run", "scenario": scenario.to_dict()}, self._progress("planning"))
            else:
                with ONE_AT_A_TIME:
                    self.seen = view(self.quick(scenario))
        return self.seen

    def _progress(self, job):
        return lambda share, what: self.tell({"job": job, "share": share, "what": what})

    # changes

    def change(self, changes: dict, gesture=None) -> dict:
        """The state with other values; of one gesture (a slider's way), only the start is kept for undo."""
        scenario = self.scenario.with_(changes)
        kept = self.scenario, self.seen
        self.scenario, self.seen = scenario, None
        try:
            state = self.state()
        except Exception:
            self.scenario, self.seen = kept
            raise
        if gesture is None or gesture != self.gesture or not self.past:
            self.past.append(kept[0])
        self.gesture, self.future = gesture, []
        return state | {"can": {"undo": True, "redo": False}}

    def _set(self, message):
        changes = message.get("changes")
        if not isinstance(changes, dict) or not changes:
            raise InvalidInput(f"`changes` is a mapping from keys to values, got {changes!r:.60}")
        if not hasattr(self, "allowed"):
            self.allowed = keys(controls(self.scenario, self.first))
        for key in changes:
            if key not in self.allowed:
                raise UnknownName("control", str(key)[:80], sorted(self.allowed))
        gesture = message.get("gesture")
        if not isinstance(gesture, int | type(None)):
            raise InvalidInput(f"`gesture` is a whole number, got {gesture!r:.40}")
        parts = {
            key: value for key, value in changes.items() if key in ("controller.type", "planner.type", "estimator.type")
        }
        if parts:
            return self._choose(parts)
        return self.change(changes, gesture)

    def _choose(self, parts):
        changes = {}
        for key, tag in parts.items():
            name = key.partition(".")[0]
            part = getattr(self.scenario, name)
            self.before.setdefault(name, {})[part.type] = {k: v for k, v in part if k != "type" and v is not None}
            values = chosen(name, str(tag)[:40], self.scenario, believed_robot(self.scenario), self.before[name])
            changes[name] = values
        return self.change(changes)

    def _add(self, message):
        arm = arm_of(self.scenario.robot, grasps=self.scenario.grasps)
        duration = sum(self.run()["durations"])
        return self.change({"disturbances": added(str(message.get("kind"))[:40], self.scenario, arm, duration)})

    def _remove(self, message):
        return self.change({"disturbances": removed(message.get("number"), self.scenario)})

    def _step(self, source, target, what):
        if not source:
            raise InvalidInput(f"there is nothing to {what}")
        target.append(self.scenario)
        self.scenario, self.seen, self.gesture = source.pop(), None, None
        return self.state()

    def _undo(self, message):
        return self._step(self.past, self.future, "undo")

    def _redo(self, message):
        return self._step(self.future, self.past, "do again")

    def _reset(self, message):
        if self.scenario == self.first:
            return self.state()
        self.past.append(self.scenario)
        self.scenario, self.seen, self.gesture, self.future = self.first, None, None, []
        return self.state()

    # jobs

    def _verify(self, message):
        return self._begin("verify", {})

    def _tune(self, message):
        budget = message.get("budget", BUDGET)
        if isinstance(budget, bool) or not isinstance(budget, int) or not 1 <= budget <= MOST_BUDGET:
            raise InvalidInput(f"`budget` is a whole number from 1 to {MOST_BUDGET}, got {budget!r:.40}")
        return self._begin("tune", {"budget": budget, "seed": self.scenario.seed})

    def _begin(self, name, words):
        if self.job is not None and self.job.running:
            raise InvalidInput(f"{self.job.name} is still at work: stop it first")
        self.job = Job(name, {"job": name, "scenario": self.scenario.to_dict(), **words}, self.tell)
        return {"begun": name}

    def _stop(self, message):
        if self.job is None or not self.job.running:
            raise InvalidInput("nothing is at work")
        self.job.stop()
        return {"stopped": self.job.name}

    def _use(self, message):
        """Take the gains that tuning found."""
        found = self.job.result if self.job is not None and self.job.name == "tune" else None
        if found is None:
            raise InvalidInput("there are no tuned gains to use")
        return self.change({"controller": found["controller"]})

    # files

    def _save(self, message):
        """Write the scenario into the folder under a plain name; what is there stays unless `replace` is true."""
        path = self.folder / plain_name(message.get("name"))
        if path.exists() and path not in self.saved and message.get("replace") is not True:
            return {"exists": path.name}
        self.scenario.save(path)
        self.saved.add(path)
        return {"saved": path.name, "folder": str(self.folder.resolve())}


def shown_in(scenario):
    """The scenario in the twin; in its own engine where things move freely, as the twin knows of no contact."""
    return scenario if any(item.dynamic for item in scenario.world) else in_twin(scenario)


def slow(scenario) -> bool:
    """Whether a run may take seconds: contacts, all plans but polynomials, and whatever is steered."""
    if scenario.sim.engine != "twin":
        return True
    planners = [scenario.planner, *(getattr(step, "planner", None) for step in scenario.task)]
    return piloted(scenario) or any(p is not None and p.type != "min_jerk" for p in planners)


def plain_name(name) -> str:
    """A file's name that leads into no other folder; `.yaml` is added. Raises InvalidInput."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput("a file to save needs a name")
    name = name.strip()
    strange = [c for c in name if not (c.isalnum() or c in "-_. ")]
    if strange or name.startswith(".") or len(name) > LONGEST_NAME:
        raise InvalidInput(
            f"{name[:60]!r} is no plain file name: letters, digits, - _ . and at most {LONGEST_NAME} of them"
        )
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


def in_twin(scenario):
    """The scenario in the compiled engine, whatever its own is."""
    return scenario.model_copy(update={"sim": scenario.sim.model_copy(update={"engine": "twin"})})


def parse(body: bytes) -> dict:
    """A message from JSON; raises InvalidInput for what is none."""

    def refuse(word):
        raise InvalidInput(f"a message has finite numbers only, got {word}")

    try:
        return json.loads(body.decode("utf-8"), parse_constant=refuse)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(f"the message is no JSON: {error!s:.120}") from None


OPERATIONS = {
    "show": lambda session, message: session.state(),
    "set": Session._set,
    "add": Session._add,
    "remove": Session._remove,
    "undo": Session._undo,
    "redo": Session._redo,
    "reset": Session._reset,
    "save": Session._save,
    "verify": Session._verify,
    "tune": Session._tune,
    "stop": Session._stop,
    "use": Session._use,
}
