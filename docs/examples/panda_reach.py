# %% [markdown]
# # A reach, planned and tracked
# A percent script: Jupytext, VS Code and PyCharm open it as a notebook.

# %%
from pathlib import Path

import numpy as np

import robocalc as rc
from sims import Scenario, run

robot = rc.dynamics.load("panda")
target = robot.pose(robot.home)
target[:3, 3] += [0.1, 0.2, -0.1]
goal = robot.solve_ik(target, start=robot.home).raise_for_status().q
motion = rc.trajectory.minimum_jerk(np.array([robot.home, goal]), limits=robot.limits)
motion  # noqa: B018

# %% [markdown]
# The torque that the motion needs, against what the drives give.

# %%
samples = motion.sample(0.01)
tau = robot.inverse_dynamics(samples.q, samples.v, samples.a)
share = abs(tau).max(axis=0) / robot.limits.torque
print("largest share of each drive's torque:", share.round(2))
assert (share < 1).all()

# %% [markdown]
# The same among disturbances, in the compiled twin.

# %%
scenario = Scenario.load("scenarios/disturbance/panda_pd_start.yaml")
result = run(scenario, engine="twin")
result  # noqa: B018

# %%
Path("panda_reach.html").write_text(motion._repr_html_() + result._repr_html_(), encoding="utf-8")
