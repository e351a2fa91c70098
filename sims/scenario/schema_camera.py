"""`output.camera:` pictures of a run: from a view with a name, from a place, or from a link of the robot.

Camera    one of them
Cameras   one, or a list of several
"""

import re
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from sims.scenario.base import Name, Part, list_of
from sims.scenario.units import positive, quantity, vector


class Camera(Part):
    """Pictures that a camera takes during the run, as PNG files in the folder `frames` of the run; needs PyBullet."""

    name: Name | None = Field(None, description="of its folder within `frames`, where there are several")
    rate: positive("frequency") = Field(5.0, description="[Hz]")
    width: Annotated[int, Field(ge=32, le=2048)] = Field(320, description="in pixels")
    height: Annotated[int, Field(ge=32, le=2048)] = Field(240, description="in pixels")
    view: Literal["iso", "front", "side", "top", "follow"] = Field(
        "iso", description="where no place is given; follow: the tool in the middle"
    )
    position: vector("length", 3) | None = Field(None, description="where it stands, in world or on `link` [m]")
    target: vector("length", 3) | None = Field(None, description="what it looks at, likewise [m]")
    rpy_deg: vector("degrees", 3) | None = Field(
        None, description="instead of target: it looks along its z axis, x to the right [deg]"
    )
    link: Name | None = Field(None, description="link that carries it; it looks along the link's z axis if not told")
    fov_deg: quantity("degrees", ge=1, le=150) = Field(45.0, description="from the upper to the lower edge [deg]")
    std: quantity("number", ge=0, le=255) = Field(
        0.0, description="noise of each pixel and colour, standard deviation in steps of 0 to 255"
    )
    depth: Annotated[bool, Field(strict=True)] = Field(
        False, description="distances along the view as well: PNG of 16 bits in mm, 0 where nothing is"
    )
    depth_std: quantity("length", ge=0, le=1) = Field(0.0, description="noise of each distance [m]")
    segmentation: Annotated[bool, Field(strict=True)] = Field(
        False, description="which link or thing each pixel shows as well: PNG of 16 bits, named in segmentation.csv"
    )

    @property
    def placed(self) -> bool:
        """Whether it has a place of its own."""
        return self.position is not None or self.link is not None

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name):
        if name is not None and not re.fullmatch(r"\w[\w .-]*", name):
            raise ValueError(f"names a folder: letters, digits, - and _ , got {name!r}")
        return name

    @model_validator(mode="after")
    def _stands_somewhere(self):
        if self.target is not None and self.rpy_deg is not None:
            raise ValueError("target excludes rpy_deg: give one of them")
        if not self.placed:
            given = next((key for key in ("target", "rpy_deg") if getattr(self, key) is not None), None)
            if given:
                raise ValueError(f"{given} is for a camera with a position or a link")
        elif self.link is None and self.target is None and self.rpy_deg is None:
            raise ValueError("position needs target or rpy_deg: where does it look?")
        if self.target is not None and self.target == (self.position or (0.0, 0.0, 0.0)):
            raise ValueError("target is where the camera stands: it must look somewhere")
        return self


Cameras = Annotated[
    Annotated[Camera, Tag("one")] | Annotated[list_of(Camera, least=1), Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, (list, tuple)) else "one"),
]
