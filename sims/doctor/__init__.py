"""What this installation has and lacks, each with its remedy.

examine        all findings (findings.py)
KernelCache    where compiled kernels are kept, and whether they are up to date (kernels.py)
"""
