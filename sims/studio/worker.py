"""A process of its own for what takes long: plans by search or optimal control, PyBullet, tuning.

One JSON message a line. In: {"job": name, "scenario": plain data, ...}. Out: {"share", "what"} as it goes on, then
{"done": result} or {"error": sentence}. When the studio is gone, so is the process, at once.

JOBS   name -> function(scenario, message, tell) -> result
main   serve until the pipe closes
"""

import json
import os
import signal
import sys
import threading
from queue import SimpleQueue

QUICK = []  # the memory of robots and plans, made with the first run


def run_in_twin(scenario, message, tell):
    from sims.batch.quick import Quick
    from sims.studio.picture import view

    if not QUICK:
        QUICK.append(Quick())
    return view(QUICK[0](scenario))


def verify(scenario, message, tell):
    """The run in PyBullet: its picture, and its figures beside the twin's."""
    import numpy as np

    from sims.run import run
    from sims.studio.picture import compared, view

    twin = run(scenario, engine="twin", progress=lambda share, what: tell(0.15 * share, f"twin: {what}"))
    made = run(scenario, engine="bullet", progress=lambda share, what: tell(0.15 + 0.85 * share, f"PyBullet: {what}"))
    apart = None
    if twin.log is not None and made.log is not None:
        n = min(len(twin.log.q), len(made.log.q))
        apart = float(np.abs(twin.log.q[:n] - made.log.q[:n]).max())
    return view(made) | {"compared": compared(twin, made), "apart": apart}


def tune(scenario, message, tell):
    """Gains found from here: {"controller", "verdict", "table", "cost"}."""
    from sims.studio.picture import table
    from sims.tune import tune as search

    study = search(scenario, budget=message["budget"], seed=message["seed"], validation=0, verify=False, progress=tell)
    rows = [(str(row.label), f"{row.before:.4g}", f"{row.after:.4g}", row.unit) for row in study.table()]
    found = study.scenario.controller.model_dump(mode="json", exclude_none=True)
    cost = [float(study.before.cost), float(study.best_value)]
    return {
        "controller": found,
        "verdict": study.verdict,
        "table": table(("gain", "before", "after", "unit"), rows),
        "cost": cost,
        "history": [float(entry.best) for entry in study.history],
    }


JOBS = {"run": run_in_twin, "verify": verify, "tune": tune}


def main():
    """Serve until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the studio to decide
    orders = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a library prints goes to stderr
    inbox = SimpleQueue()
    threading.Thread(target=_listen, args=(orders, inbox), daemon=True).start()

    def say(message):
        try:
            answers.write(json.dumps(message) + "\n")
            answers.flush()
        except OSError:
            os._exit(0)

    while True:
        say(_answer(inbox.get(), lambda share, what: say({"share": float(share), "what": str(what)})))


def _listen(stream, inbox):
    for line in stream:
        inbox.put(json.loads(line))
    os._exit(0)


def _answer(message, tell) -> dict:
    from robocalc.errors import RobocalcError
    from sims.scenario import Scenario

    try:
        scenario = Scenario.of(message["scenario"])
        return {"done": JOBS[message["job"]](scenario, message, tell)}
    except RobocalcError as error:
        return {"error": str(error)}
    except Exception as error:
        print(f"studio: {type(error).__name__}: {error}", file=sys.stderr)
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]}


if __name__ == "__main__":
    main()
