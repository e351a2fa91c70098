# %% [markdown]
# # Swing a pole up, and know what it costs
# Optimal control by collocation, from equations to a plan that shows itself.

# %%
from pathlib import Path

import numpy as np

import robocalc as rc


def swing_up(duration):
    problem = rc.optimize.Problem(
        rc.dynamics.systems.cart_pole(),
        duration=duration,
        initial=[0, np.pi, 0, 0],
        final=[0, 0, 0, 0],
        running=lambda t, x, u: u[0] ** 2,
        input_bounds=(-40, 40),
    )
    return rc.optimize.solve(problem, nodes=40, starts=1).raise_for_status()


plan = swing_up(2.0)
plan  # noqa: B018

# %% [markdown]
# Does it hold? The plan's inputs, integrated tightly from the first state to the last:

# %%
print(f"cost {plan.cost:.4g}, simulated end within {plan.error['simulated']:.2g}")
assert plan.error["simulated"] < 1e-2

# %% [markdown]
# What does haste cost?

# %%
hasty = swing_up(1.6)
print(f"1.6 s instead of 2 s: {hasty.cost / plan.cost:.2f} times the effort")
assert hasty.cost > plan.cost

# %%
Path("cart_pole_swing_up.html").write_text(plan._repr_html_(), encoding="utf-8")
