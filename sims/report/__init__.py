"""Showing a run: the page with the 3D replay, and plots as files.

report_data    a run as plain data for both; unsolved_data of a plan that failed
error_budget   how much of the tracking error comes from what
stored_data    a run folder as that data again, as far as it can be read
compare_runs   what differs between runs; write_comparison: their page
write_sweep    the page of a sweep; write_tuning: of a tuning; write_video: a run as MP4 or GIF
write_page     report.html, complete in itself
write_plots    PNG and SVG by matplotlib
"""

from importlib import import_module

_HOME = {
    "ReportData": "data",
    "report_data": "gather",
    "unsolved_data": "unsolved",
    "error_budget": "budget",
    "write_page": "page",
    "stored_data": "stored",
    "open_run": "stored",
    "compare_runs": "compare",
    "write_comparison": "compare_page",
    "write_sweep": "sweep_page",
    "write_tuning": "tuning_page",
    "write_video": "video",
    "write_plots": "plots",
}
__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"sims.report.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sims.report' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
