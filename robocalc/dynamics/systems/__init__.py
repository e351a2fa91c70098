"""Classic plants: functions of parameters that return a `System`; SYSTEMS maps names to them. SI units, rad."""

from robocalc.dynamics.system import System
from robocalc.dynamics.systems.cart_poles import cart_pole
from robocalc.dynamics.systems.oscillators import double_integrator, mass_spring_damper, van_der_pol
from robocalc.dynamics.systems.pendulums import acrobot, double_pendulum, pendulum
from robocalc.dynamics.systems.quadrotors import quadrotor, quadrotor_2d
from robocalc.dynamics.systems.wheels import bicycle, unicycle

__all__ = [
    "SYSTEMS",
    "System",
    "acrobot",
    "bicycle",
    "cart_pole",
    "double_integrator",
    "double_pendulum",
    "mass_spring_damper",
    "pendulum",
    "quadrotor",
    "quadrotor_2d",
    "unicycle",
    "van_der_pol",
]

SYSTEMS = {
    "pendulum": pendulum,
    "double_pendulum": double_pendulum,
    "acrobot": acrobot,
    "cart_pole": cart_pole,
    "quadrotor_2d": quadrotor_2d,
    "quadrotor": quadrotor,
    "unicycle": unicycle,
    "bicycle": bicycle,
    "van_der_pol": van_der_pol,
    "mass_spring_damper": mass_spring_damper,
    "double_integrator": double_integrator,
}
