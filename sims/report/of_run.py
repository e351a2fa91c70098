"""What a report shows of a run that was just made.

data_of   sims.result.Run -> ReportData, of its log or of the plan that failed
"""

from sims.build import motion_limits
from sims.report.data import ReportData
from sims.report.gather import report_data
from sims.report.stored import pushes
from sims.report.unsolved import unsolved_data


def data_of(made, *, scenario_text="", versions=None, budget=None) -> ReportData:
    """ReportData of a run, or of a plan that failed; arguments as of report_data."""
    if made.log is None:
        words = {"versions": versions, "notes": made.warnings}
        return unsolved_data(made.scenario, made.robot, made.world, made.plan, **words)
    return report_data(
        name=made.scenario.name,
        description=made.scenario.description,
        robot=made.robot,
        log=made.log,
        outcome=made.why,
        accepted=made.accepted,
        shapes=made.world,
        steps=made.paced or made.plan.steps,
        disturbances=pushes(made.scenario),
        metrics=made.metrics,
        acceptance=made.acceptance,
        scenario_text=scenario_text,
        versions=versions,
        limits=motion_limits(made.scenario, made.robot),
        planned_clearance=None if made.plan.clearance is None else made.plan.clearance[:2],
        notes=made.warnings,
        budget=budget,
    )
