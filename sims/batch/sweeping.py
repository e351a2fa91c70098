"""A scenario over designs of its keys: many runs, one table.

    sweep(scenario, {"controller.wn": [10, 20, 40], "seed": range(100)}) -> Table

Each run is the scenario with the point's values, and nothing else decides it: the table is the same, bit for bit, with
one worker, many, or a Dask cluster. Robots and plans are made once where they do not change (sims.batch.quick).
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from robocalc.errors import InvalidInput, UnknownName
from sims.batch.attempt import WALL_CLOCK, Attempt
from sims.batch.axes import resolved
from sims.batch.cluster import open_pool
from sims.batch.design import Design
from sims.batch.journal import Journal
from sims.batch.pool import check_count
from sims.batch.progress import Meter
from sims.batch.table import Builder, Table
from sims.scenario import Scenario
from sims.scenario.check import did_you_mean_metric
from sims.scenario.metric_names import metric_names

KEEP = ("all", "failed", "none")
RETRIES = 3  # of a run whose worker died: it may be the machine's fault


def sweep(
    scenario,
    over,
    *,
    design=None,
    samples=None,
    repeat=1,
    out=None,
    resume=False,
    workers=None,
    cluster=None,
    timeout=None,
    keep="none",
    engine=None,
    seed=None,
    pareto=(),
    plots=True,
    progress=None,
) -> Table:
    """Run a scenario at each point of a design.

    scenario   Scenario, or the path of its file
    over       key -> values: a list, a Range, or text as on the command line ("300..600:7", "seed": "0..99")
    design     grid | random | sobol | halton | lhs; all but the grid take `samples` points, drawn by the seed.
               By default the grid; sobol where a number of samples is given
    repeat     runs of each point, with seeds from the scenario's own on
    out        folder: journal.jsonl, table.csv, table.parquet (where pyarrow is), plots/; None: nothing is written
    resume     go on in `out`: runs in its journal are not done again, except those that failed
    workers    processes, by default one a processor;  cluster  "dask", or "tcp://..." of a Dask scheduler
    timeout    [s] for a run, by the clock on the wall
    keep       run folders in `out`/runs: all | failed (all that were not accepted) | none
    engine, seed   override the scenario's
    pareto     names of metrics, "-name" for the more the better: a column says which runs no other beats in all
    progress   called with (share of the work done, sentence)
    returns    Table. A run that crashes or takes too long is a row with verdict `failed`; its scenario goes to
               `out`/failed
    raises     InvalidInput, UnknownName, ScenarioError before anything runs; JournalNotSaved when the disk is full
    """
    job = prepared(scenario, over, design, samples, repeat, engine, seed)
    _check(job, out, resume, keep, pareto)
    pool = open_pool(workers=workers, cluster=cluster, timeout=timeout, retries=RETRIES)
    table = _kept(job, Path(out), resume, keep, pool, progress) if out is not None else _passing(job, pool, progress)
    if pareto:
        table = marked(table, pareto)
    if out is not None:
        table = write_tables(table, plots, progress, job.scenario.name)
    return table


@dataclass(frozen=True)
class Job:
    """A scenario and the points at which it runs."""

    scenario: Scenario
    design: Design

    @property
    def keys(self) -> tuple:
        """What varies."""
        return (*self.design.axes, *(("seed",) if self.design.repeat > 1 else ()))

    def items(self):
        """(run, label, values) for each point. A label is of the values alone, so that every machine gives the same."""
        for run, values in enumerate(self.design):
            yield run, hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16], values


def prepared(scenario, over, design=None, samples=None, repeat=1, engine=None, seed=None) -> Job:
    """The job, with every key and value tried."""
    if isinstance(scenario, str | Path):
        scenario = Scenario.load(scenario)
    if not isinstance(scenario, Scenario):
        raise InvalidInput(f"sweep takes a Scenario or the path of its file, got {scenario!r:.60}")
    changes = {"sim.engine": engine, "seed": seed}
    changes = {key: value for key, value in changes.items() if value is not None}
    scenario = scenario.with_(changes) if changes else scenario
    repeat = check_count("repeat", repeat, 1)
    if samples is not None:
        samples = check_count("samples", samples, 1)
    design = design or ("grid" if samples is None else "sobol")
    axes = resolved(scenario, over)
    if repeat > 1 and "seed" in axes:
        raise InvalidInput("give either the key seed or a number of repeats, not both")
    return Job(scenario, Design(axes, design, samples, scenario.seed, repeat, scenario.seed))


def _check(job, out, resume, keep, pareto):
    if keep not in KEEP:
        raise UnknownName("choice of run folders", keep, KEEP)
    if out is None and (resume or keep != "none"):
        raise InvalidInput(f"{'resume' if resume else f'keep={keep}'} needs the folder of the sweep: out=...")
    known = set(metric_names(thing.name for thing in job.scenario.world if thing.dynamic)) - set(WALL_CLOCK)
    for name in pareto:
        if (metric := name.removeprefix("-")) not in known:
            raise InvalidInput(f"pareto: unknown metric {metric!r}{did_you_mean_metric(metric, sorted(known))}")


def _records(job, pool, progress, keep="none", folder=None, finished=frozenset()):
    """A record for each run as it is done, but those whose labels are in `finished`."""
    attempt = Attempt(job.scenario, keep, None if folder is None else folder.absolute() / "runs")
    before = sum(label in finished for _, label, _ in job.items()) if finished else 0
    meter = Meter(progress, len(job.design), before)
    todo = (item for item in job.items() if item[1] not in finished)
    with pool, contextlib.closing(pool.map(attempt, todo, ordered=False, setup=attempt.prepare)) as found:
        for done in found:
            run, label, values = done.item
            record = done.value
            if not done.ok:
                why = _why(done.error)
                record = {"run": run, "item": label, "values": values, "verdict": "failed", "why": why, "metrics": {}}
            yield record
            meter.step(failed=record["verdict"] == "failed")


def _why(error) -> str:
    args = getattr(error, "args", ())
    if type(error).__module__ == "sims.batch.outcome" and len(args) == 2:
        return str(args[1])  # the item is in the row
    kind = "" if isinstance(error, InvalidInput) or getattr(error, "problems", None) else f"{type(error).__name__}: "
    return f"{kind}{error}"


def _passing(job, pool, progress) -> Table:
    """In memory only."""
    builder = Builder(job.keys, len(job.design))
    for record in _records(job, pool, progress):
        builder.put(record["run"], *_row(record))
    return builder.table(metric_names())


def _row(record):
    return record["values"], record["verdict"], record["why"], record["metrics"]


def _kept(job, folder, resume, keep, pool, progress) -> Table:
    """Through the journal, from which the table is made."""
    with Journal(folder / "journal.jsonl", job.scenario, resume=resume) as journal:
        finished = {r["item"] for r in journal.records() if r["verdict"] != "failed"} if resume else frozenset()
        for record in _records(job, pool, progress, keep, folder, finished):
            journal.append(record)
            if record["verdict"] == "failed":
                _save_scenario(job, folder, record)
    return _table(job, journal, folder)


def _table(job, journal, folder) -> Table:
    """The last record of each point of this design; points that are the same share it."""
    places, again = {}, {}
    for run, label, _ in job.items():
        if places.setdefault(label, run) != run:
            again.setdefault(label, []).append(run)
    builder = Builder(job.keys, len(job.design))
    for record in journal.records():
        if (label := record["item"]) in places:
            for run in (places[label], *again.get(label, ())):
                builder.put(run, *_row(record))
    return builder.table(metric_names(), folder, journal.warnings)


def _page(table, name) -> list:
    """report.html of the sweep; sentences about what went wrong."""
    from sims.report import write_sweep

    try:
        write_sweep(table.folder / "report.html", table, name)
    except (InvalidInput, OSError) as error:
        return [f"page not made: {error}"]
    return []


def _save_scenario(job, folder, record):
    """The scenario of a run that failed, to be looked at alone."""
    with contextlib.suppress(Exception):  # its values may be what is wrong
        (folder / "failed").mkdir(exist_ok=True)
        job.scenario.with_(record["values"]).save(folder / "failed" / f"{record['run']:06d}.yaml")


def marked(table, pareto) -> Table:
    """The table with the column `pareto`: whether no other run beats this one in all of these metrics."""
    try:
        if not table.metrics:
            raise InvalidInput("no run has any figure")
        front = set(table.pareto(*pareto)["run"].tolist())
    except (InvalidInput, UnknownName) as error:  # nothing to compare, but the runs are there
        return replace(table, warnings=(*table.warnings, f"no Pareto front: {error}"))
    columns = {"run": table["run"], "pareto": [run in front for run in table["run"].tolist()]}
    return replace(table, columns={**columns, **table.columns})


def write_tables(table, plots, progress=None, name="") -> Table:
    """CSV always; Parquet, plots and page where they can be made, else a sentence among the warnings."""
    table.to_csv(table.folder / "table.csv")
    notes = list(table.warnings)
    if find_spec("pyarrow"):
        table.to_parquet(table.folder / "table.parquet")
    if plots:
        if progress is not None:
            progress(1.0, "plots")
        from sims.batch.pictures import write_plots

        notes += write_plots(table, table.folder / "plots")
        notes += _page(table, name)
    return replace(table, warnings=tuple(notes))
