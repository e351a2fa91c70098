"""`controller:`. The models are made from the designs of robocalc.control.CONTROLLERS.

A design's fields are the keys: adding a design to the registry adds it here, to the JSON schema and to the checks.

    Controller    the union over the registry
"""

import dataclasses
import typing
from typing import Annotated, Literal

from pydantic import Field, create_model, model_validator

from robocalc.control import CONTROLLERS
from robocalc.errors import RobocalcError
from sims.scenario.base import Part, tagged
from sims.scenario.units import not_negative, per_joint


class ControllerPart(Part):
    """Base of the controllers' models; `design()` is the frozen design of robocalc.control."""

    def design(self):
        """The design with these gains; raises InvalidInput when they make no sense."""
        return CONTROLLERS[self.type](**self.gains())

    def gains(self) -> dict:
        """The design's fields, by name."""
        return {key: value for key, value in self if key != "type"}

    @model_validator(mode="after")
    def _design_agrees(self):
        try:
            self.design()
        except RobocalcError as error:
            raise ValueError(str(error)) from None
        return self


def _gain_type(annotation, field):
    """Pydantic type for a design's field: bool, int, Literal and str stay, float is one number; a Gain is one for all
    joints or one a joint."""
    if annotation is int:
        return Annotated[int, Field(ge=1)]
    if annotation in (bool, str) or typing.get_origin(annotation) is Literal:
        return annotation
    optional = type(None) in typing.get_args(annotation)
    one = annotation is float or annotation == float | None
    number = not_negative(field.metadata.get("unit", "number")) if one else per_joint("number", ge=0)
    return number | None if optional else number


def controller_model(tag: str, design: type, base=ControllerPart, module=__name__) -> type[ControllerPart]:
    """The pydantic model of one design: key `type`, then the design's fields with their defaults."""
    hints = typing.get_type_hints(design)
    fields = {"type": (Literal[tag], ...)}
    for field in dataclasses.fields(design):
        default = ... if field.default is dataclasses.MISSING else field.default
        about = field.metadata.get("description")
        fields[field.name] = (_gain_type(hints[field.name], field), Field(default, description=about))
    about = {"__base__": base, "__doc__": design.__doc__, "__module__": module}
    return create_model(design.__name__, **about, **fields)


CONTROLLER_MODELS = {tag: controller_model(tag, design) for tag, design in CONTROLLERS.items()}
globals().update({model.__name__: model for model in CONTROLLER_MODELS.values()})  # where pickle looks for them
Controller = tagged("type", CONTROLLER_MODELS)
