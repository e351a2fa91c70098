"""The same map over Dask: a cluster on this machine, or the scheduler of another.

open_pool   Pool or DaskPool
DaskPool    `.map` as of Pool; every Dask worker has one process of ours for each of its tasks

Dask carries items and results; each is worked on in a process of a Pool on the machine where Dask puts it. So time
limits, crashes and bits are those of the local pool, and Dask's own workers never die of a task.
"""

import contextlib
import logging
import socket
import threading
import uuid
from urllib.parse import urlsplit

from robocalc.errors import EngineUnavailable, InvalidInput, RobocalcError
from sims.batch.frames import packed
from sims.batch.outcome import Done, NotSent, WorkerDied, brief
from sims.batch.pool import AHEAD, Pool, check_count, check_timeout, cpus

PATIENCE = 5.0  # [s] for a scheduler to answer
LOCAL = "dask"


def open_pool(*, workers=None, cluster=None, timeout=None, retries=1):
    """A Pool, or a DaskPool for cluster "dask" (on this machine) or "tcp://host:port" (a scheduler that runs)."""
    if cluster is None:
        return Pool(workers, timeout, retries)
    return DaskPool(cluster, workers, timeout, retries)


class SchedulerLost(RobocalcError):
    """The scheduler went away while it was at work."""

    exit_code = 4


class DaskPool:
    """Use it with `with`; what is running is cancelled at its end.

    cluster   "dask": scheduler and workers in this process; else the address of a scheduler
    workers   of "dask", by default one a processor; how many tasks an existing cluster does at once, by default all
    raises    EngineUnavailable without Dask; InvalidInput for an address where nothing answers, within seconds
    """

    def __init__(self, cluster=LOCAL, workers=None, timeout=None, retries=1):
        self.workers = None if workers is None else check_count("workers", workers, 1)
        self.timeout, self.retries = check_timeout(timeout), check_count("retries", retries, 0)
        self.address, self._own, self._client = None, None, None
        if cluster != LOCAL:
            self.address = _answering(cluster)
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise EngineUnavailable("a cluster needs Dask: pip install 'robocalc[cluster]'") from None

    def map(self, function, items, *, ordered=True, setup=None):
        """As of Pool."""
        job = packed(function), packed(setup)
        found = self._run(job, items, AHEAD if ordered else None)
        return _in_order(found) if ordered else found

    def close(self):
        """Leave the scheduler; end a cluster of our own."""
        for thing in (self._client, self._own):
            if thing is not None:
                with contextlib.suppress(Exception):
                    thing.close()
        self._client = self._own = None
        if self.address is None:
            _end_slots()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _connect(self):
        """The client, connected when first needed; InvalidInput where no scheduler or no worker answers."""
        if self._client is not None:
            return self._client
        from distributed import Client, LocalCluster

        for name in ("distributed", "distributed.client"):  # a scheduler that goes away is a sentence of ours
            logging.getLogger(name).setLevel(logging.CRITICAL)
        if self.address is None:
            self._own = LocalCluster(
                n_workers=self.workers or cpus(),
                threads_per_worker=1,
                processes=False,  # the processes are ours: they do not run the user's script again
                dashboard_address=None,
                memory_limit=0,
            )
        try:
            self._client = Client(self._own or self.address, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise InvalidInput(f"no Dask scheduler answers at {self.address}: {error}") from None
        if not self._client.nthreads():
            with contextlib.suppress(TimeoutError):
                self._client.wait_for_workers(1, timeout=PATIENCE)
        if not self._client.nthreads():
            self.close()
            raise InvalidInput(f"the Dask scheduler at {self.address} has no workers; start some: dask worker ADDRESS")
        return self._client

    def _run(self, job, items, ahead):
        from distributed import as_completed

        client = self._connect()
        room = 2 * (self.workers or sum(client.nthreads().values()))  # one in work and one on its way to each
        (shared,) = client.scatter([job], broadcast=True, hash=False)
        todo, found, open_ = enumerate(items), as_completed(loop=client.loop), {}
        settings, name = (self.timeout, self.retries), uuid.uuid4().hex
        more = True
        try:
            while True:
                while more and len(open_) < room and not (ahead and open_ and _spread(open_) >= ahead):
                    index, item = next(todo, (None, None))
                    more = index is not None
                    if more:
                        future = self._submit(client, shared, settings, index, item, name)
                        if isinstance(future, Done):
                            yield future
                        else:
                            open_[future.key] = index, item
                            found.add(future)
                if not open_:
                    return
                future = next(found)
                index, item = open_.pop(future.key)
                yield self._done(future, index, item)
        finally:
            if self._client is not None and open_:
                with contextlib.suppress(Exception):
                    client.cancel(list(found.futures), force=True)

    def _submit(self, client, shared, settings, index, item, name):
        """The future, or a Done where the item cannot be sent."""
        try:
            frame = packed(item)
        except InvalidInput as error:
            return Done(index, item, error=NotSent(brief(item), str(error)))
        return client.submit(_work, shared, frame, settings, pure=False, key=f"robocalc-{name}-{index}")

    def _done(self, future, index, item) -> Done:
        if future.status == "finished":
            value, error, seconds, attempts = future.result()
            return Done(index, item, value, error, seconds, attempts)
        if future.status == "error":
            error = future.exception()
            if type(error).__name__ == "KilledWorker":
                error = WorkerDied(brief(item), "its Dask worker died")
            return Done(index, item, error=error)
        raise SchedulerLost(f"the Dask scheduler at {self.address} went away; a sweep goes on with --resume")


def _spread(open_) -> int:
    """How far the items under way are apart."""
    places = [index for index, _ in open_.values()]
    return max(places) - min(places)


def _in_order(found):
    waiting, due = {}, 0
    with contextlib.closing(found):
        for done in found:
            waiting[done.index] = done
            while due in waiting:
                yield waiting.pop(due)
                due += 1


def _answering(address: str) -> str:
    """The address, if something listens there."""
    parts = urlsplit(address if "://" in str(address) else "")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme not in ("tcp", "tls", "ws", "wss", "ucx") or host is None or port is None:
        raise InvalidInput(f"a cluster is dask, or the address of a Dask scheduler as tcp://host:8786; got {address!r}")
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "start one: dask scheduler (or use --cluster dask for this machine alone)"
        raise InvalidInput(f"no Dask scheduler answers at {address}: {reason}; {hint}") from None
    return address


# in the Dask worker ---------------------------------------------------------------------------------------------------

_SLOTS, _GUARD = {}, threading.Lock()  # thread -> its Pool of one process


def _work(job, item, settings):
    """(value, error, seconds, attempts) of one item, in this thread's own process."""
    import pickle

    with _GUARD:
        key = threading.get_ident()
        pool = _SLOTS.get(key)
        if pool is None or (pool.timeout, pool.retries) != settings:
            pool = _SLOTS[key] = Pool(1, *settings)
    (done,) = pool.map_packed(*job, [pickle.loads(item)])
    return done.value, done.error, done.seconds, done.attempts


def _end_slots():
    """The processes of Dask workers that ran in this process."""
    with _GUARD:
        while _SLOTS:
            _SLOTS.popitem()[1].close()
