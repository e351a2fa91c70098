"""Showing a run: the page with the 3D replay, and plots as files.

report_data    a run as plain data for both; unsolved_data of a plan that failed
error_budget   how much of the tracking error comes from what
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
    "write_plots": "plots",
}
__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"sims.report.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sims.report' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
