"""What all parts of a scenario share: frozen and strict, unknown keys refused; and tagged unions of them."""

from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from sims.scenario.units import vector


class Part(BaseModel):
    """One mapping of a scenario file. Frozen; keys that it does not know are errors."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Placement(Part):
    """Where something stands: position [m], and rotation about fixed x, y, z, in this order [deg]."""

    position: vector("length", 3) = Field((0.0, 0.0, 0.0), description="[m] in world")
    rpy_deg: vector("degrees", 3) = Field((0.0, 0.0, 0.0), description="rotation about fixed x, y, z [deg]")


Name = Annotated[str, Field(min_length=1, max_length=120)]


def list_of(kind: Any, least: int = 0):
    """A tuple of `kind`, given as a list."""
    return Annotated[tuple[kind, ...], Field(strict=False, min_length=least)]


def tag_of(value: Any, key: str) -> Any:
    """The tag of a mapping or of a model; None when it has none."""
    tag = value.get(key) if isinstance(value, dict) else getattr(value, key, None)
    return tag if isinstance(tag, str) else None


def tagged(key: str, kinds: dict[str, type]):
    """One of several models, told apart by the text under `key`: errors then speak of one model only.

    A literal registry {tag: model}; each model has the field `key: Literal[tag]`.
    """
    if len(kinds) == 1:
        return next(iter(kinds.values()))
    members = tuple(Annotated[kind, Tag(tag)] for tag, kind in kinds.items())
    return Annotated[Union[members], Discriminator(lambda value: tag_of(value, key))]  # noqa: UP007
