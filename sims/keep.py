"""The run folder: what was computed, its plots, its page, written as far as `output.keep` asks for it.

keep_somewhere   `keep`, or among the temporary files where the disk refuses
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from sims.record import RunNotSaved, collect_versions, write_run
from sims.report.budget import error_budget
from sims.report.frames import write_frames
from sims.report.of_run import data_of
from sims.report.page import write_page
from sims.report.plots import write_plots
from sims.result import Run


def keep_somewhere(made: Run, folder, *, plots, report) -> Run:
    """`keep`; where the disk refuses, what was computed is kept among the temporary files, and RunNotSaved says so."""
    try:
        return keep(made, folder, plots=plots, report=report)
    except RunNotSaved as refused:
        instead = Path(mkdtemp(prefix="robocalc-"), folder.name)
        try:
            keep(made, instead, plots=False, report=False)
        except RunNotSaved:
            instead.parent.rmdir()
            raise refused from None
        raise RunNotSaved(f"{refused}; what was computed ({made.verdict}) is kept in {instead}") from None


def keep(made: Run, folder, *, plots, report) -> Run:
    """Write the run folder, as far as `output.keep` and the arguments ask for it; the run with its folder."""
    wanted, versions = made.scenario.output.keep, collect_versions(made.plant_robot, made.scenario)
    page = report and "replay" in wanted
    budget = error_budget(made.scenario, made.plan, made.log) if page else None

    @cache
    def shown():  # made when plots or page ask first
        return data_of(made, scenario_text=made.scenario.to_yaml(), versions=versions, budget=budget)

    written = write_run(
        folder,
        scenario=made.scenario,
        log=made.log if "log" in wanted else None,
        metrics=made.metrics,
        acceptance=made.acceptance,
        verdict=made.verdict,
        outcome=made.why,
        plan_info=_plan_info(made.plan),
        timings=made.timings,
        warnings=made.warnings,
        versions=versions,
        robot=made.robot,
        plots=(lambda path: write_plots(path, shown())) if plots and made.log and "plots" in wanted else None,
        report=(lambda path: write_page(path, shown())) if page else None,
        frames=(lambda path: write_frames(path, made)) if made.log and made.scenario.output.camera else None,
        error_budget=budget,
    )
    return replace(made, folder=written.folder, warnings=written.warnings)


def _plan_info(plan) -> dict:
    """What metrics.json says of the plan."""
    return {
        "status": plan.status.value,
        "violations": [str(violation) for violation in plan.violations],
        "duration": None if plan.trajectory is None else plan.trajectory.duration,
        "squared_jerk": plan.cost,
        "steps": [{"name": s.name, "do": s.do, "start": s.start, "end": s.end} for s in plan.steps],
    }
