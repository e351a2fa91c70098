"""The pool: every item gets its outcome, whatever tasks and workers do."""

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from itertools import count, islice

import pytest

from robocalc.errors import InvalidInput, RobocalcError
from sims.batch import Pool, TookTooLong, WorkerDied
from sims.batch.frames import packed
from sims.batch.outcome import NotSent
from tests.sims.batch import tasks


@pytest.fixture(scope="module")
def pool():
    with Pool(workers=2, timeout=20) as pool:
        yield pool


def test_results_come_in_the_order_of_the_items(pool):
    assert [done.get() for done in pool.map(tasks.backwards, range(4))] == [0, 1, 2, 3]


def test_or_as_they_are_finished(pool):
    found = [done.get() for done in pool.map(tasks.backwards, range(4), ordered=False)]
    assert sorted(found) == [0, 1, 2, 3]
    assert found[0] == 1  # 0 takes longest


def test_one_worker_two_and_none_give_the_same_bits(pool):
    with Pool(workers=1) as one, Pool(workers=0) as none:
        found = [[done.get() for done in p.map(tasks.sum_of_draws, range(20))] for p in (one, pool, none)]
    assert found[0] == found[1] == found[2]


def test_a_task_that_raises_dies_hangs_or_cannot_be_sent_costs_only_itself():
    items = [1, "raise", 2, "die", 3, "exit", 4, "hang", 5, "unsent", (i for i in ()), 6]
    with Pool(workers=2, timeout=2.0) as pool:
        found = {str(d.item)[:8]: d for d in pool.map(tasks.fragile, items)}
    assert [d.value for d in found.values() if d.ok] == [1, 2, 3, 4, 5, 6]
    assert isinstance(found["raise"].error, ValueError)
    assert "no such thing" in str(found["raise"].error)
    assert "fragile" in found["raise"].error.__notes__[0]  # its traceback
    assert isinstance(found["die"].error, WorkerDied)
    assert str(found["die"].error) == "its worker died 2 times (SIGKILL): 'die'"
    assert found["die"].attempts == 2
    assert isinstance(found["hang"].error, TookTooLong)
    assert str(found["hang"].error) == "stopped after 2 s, its time limit: 'hang'"
    assert "SystemExit" in str(found["exit"].error)
    assert isinstance(found["unsent"].error, NotSent)
    assert isinstance(found["<generat"].error, NotSent)


def test_a_task_whose_worker_died_is_tried_again(pool, tmp_path):
    (done,) = pool.map(tasks.dies_once, [tmp_path / "marker"])
    assert done.get() == "second"
    assert done.attempts == 2


def test_no_item_is_lost_while_workers_are_killed_at_random():
    rng, found = random.Random(0), []
    with Pool(workers=2, retries=10) as pool:
        for done in pool.map(tasks.slowly, range(100)):
            found.append(done.get()[1])
            if len(found) % 15 == 0:
                os.kill(rng.choice(pool._slots).process.pid, signal.SIGKILL)
    assert found == list(range(100))


def test_a_million_items_are_only_taken_as_they_are_needed(pool):
    taken = []

    def items():
        for i in range(1_000_000):
            taken.append(i)
            yield i

    found = pool.map(tasks.square, items())
    assert [done.get() for done in islice(found, 50)] == [i * i for i in range(50)]
    assert len(taken) < 50 + 300
    found.close()
    assert [done.get() for done in pool.map(tasks.square, [3])] == [9]  # and the pool goes on


def test_an_endless_first_task_holds_back_what_would_pile_up_behind_it(pool):
    taken = []
    items = (taken.append(i) or ("hang" if i == 0 else i) for i in count())
    with Pool(workers=2, timeout=1.0) as pool:
        first = next(pool.map(tasks.fragile, items))
    assert isinstance(first.error, TookTooLong)
    assert len(taken) <= 256 + 4


def test_functions_of_a_script_without_guard_run_in_workers_that_do_not_run_the_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('ran')\n"
        "from sims.batch import Pool\n"
        "def cube(x):\n    return x**3\n"
        "with Pool(workers=2) as pool:\n    print([d.get() for d in pool.map(cube, range(4))])\n"
    )
    pytest.importorskip("cloudpickle")
    out = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert out.stdout == "ran\n[0, 1, 8, 27]\n", out.stderr


def test_items_that_only_speak_of_a_script_are_plain_data(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    assert pickle.loads(packed(["if __name__ == '__main__':"])) == ["if __name__ == '__main__':"]
    monkeypatch.setattr(tasks.square, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "square", tasks.square, raising=False)
    with pytest.raises(
        InvalidInput, match="it is defined in the script itself; define it in a module of its own, or: pip"
    ):
        packed(tasks.square)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_its_pool(how, tmp_path):
    code = (
        "from sims.batch import Pool\nfrom tests.sims.batch import tasks\n"
        "pool = Pool(workers=2)\n"
        "for done in pool.map(tasks.slowly, range(10_000), ordered=False):\n    print(done.get()[0], flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    workers = {int(process.stdout.readline()) for _ in range(12)}
    process.send_signal(how)
    process.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def test_what_cannot_begin_is_said_once():
    with Pool(workers=1) as pool:
        with pytest.raises(InvalidInput, match="workers cannot begin: RuntimeError: no licence"):
            list(pool.map(tasks.square, [1], setup=tasks.broken_setup))
        with pytest.raises(RobocalcError, match=r"workers die before their first task \(exit code 5\)"):
            list(pool.map(tasks.square, [1], setup=tasks.cannot_start))
        assert [done.get() for done in pool.map(tasks.square, [1])] == [1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"workers": -1}, "workers must be a whole number from 0, got -1"),
        ({"workers": 1.5}, "workers must be a whole number from 0, got 1.5"),
        ({"timeout": 0}, "a time limit must be a number of seconds above 0, or None, got 0"),
        ({"retries": True}, "retries must be a whole number from 0, got True"),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    with pytest.raises(InvalidInput) as error:
        Pool(**arguments)
    assert str(error.value) == words
