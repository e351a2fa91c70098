"""`robot.motors:` and `prices:` what a motion takes from the mains, and what that costs."""

from pydantic import Field

from sims.scenario.base import Name, Part
from sims.scenario.units import not_negative, per_joint, quantity


class Motors(Part):
    """Drives, for the electrical energy: P = τ v + copper_loss τ² in each, idle_power besides."""

    copper_loss: per_joint("number", ge=0) | None = Field(
        None,
        description="R / (gear k_t)² [W/(N m)²], one or per joint; else full torque loses a tenth of the peak power",
    )
    idle_power: not_negative("number") = Field(0.0, description="of all drives and the controller together [W]")
    regeneration: quantity("number", ge=0, le=1) = Field(
        0.0, description="share of a braking joint's power that others, or the mains, can use; 0: all is burned"
    )


class Prices(Part):
    """What the figures cost; `cost.per_cycle` adds them up."""

    energy: not_negative("number") = Field(0.0, description="of a kWh")
    machine: not_negative("number") = Field(0.0, description="of an hour of the robot's time")
    wear: not_negative("number") = Field(0.0, description="of a radian, or metre, of travel at full torque")
    currency: Name = Field("EUR", description="shown as the unit")
