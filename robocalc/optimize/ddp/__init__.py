"""Differential dynamic programming with gaps (Box-FDDP), constraints by an augmented Lagrangian; compiled.

riccati     the Riccati pass of a time-varying linear system: tvlqr_gains
"""
