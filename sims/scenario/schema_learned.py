"""`learned:` torque that was learned from runs, added to the feed-forward of any controller."""

from pydantic import Field

from sims.scenario.base import Name, Part


class Learned(Part):
    """A file of `robocalc learn` or `robocalc repeat`, relative to the scenario file."""

    file: Name = Field(description="learned from runs of the same robot")
