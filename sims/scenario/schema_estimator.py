"""`estimator:`. The models are made from the designs of robocalc.control.ESTIMATORS, as those of `controller:`.

ESTIMATOR_MODELS   tag -> model
Estimator          the union over the registry
FROM_NOISE         estimators that weigh measurements by their noise
"""

from robocalc.control import ESTIMATORS
from sims.scenario.base import tagged
from sims.scenario.schema_control import ControllerPart, controller_model

FROM_NOISE = ("kalman", "ekf", "ukf")
WHOLE_STATE = ("ekf", "ukf")  # which also see joints without encoder


class EstimatorPart(ControllerPart):
    """Base of the estimators' models."""

    def design(self):
        """The frozen design of robocalc.control with these numbers; raises InvalidInput when they make no sense."""
        return ESTIMATORS[self.type](**self.gains())


ESTIMATOR_MODELS = {
    tag: controller_model(tag, design, base=EstimatorPart, module=__name__) for tag, design in ESTIMATORS.items()
}
globals().update({model.__name__: model for model in ESTIMATOR_MODELS.values()})  # where pickle looks for them
Estimator = tagged("type", ESTIMATOR_MODELS)
