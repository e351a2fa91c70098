"""Differential dynamic programming with gaps (Box-FDDP), constraints by an augmented Lagrangian; compiled.

    solving      a Problem -> Plan: starts, statuses                reach         ReachCost: a frame to its goal
    lagrangian   multipliers of bounds and constraints              riccati       tvlqr_gains, the linear case
    descent      steps for fixed multipliers                        emit          expressions -> machine code

One iteration is three compiled passes over all nodes: derivatives (`rigid_passes` for robots, `function_passes` for
equations), `backward` with `box` for the bounds of the inputs, and the forward pass, which keeps gaps or closes them.
"""
