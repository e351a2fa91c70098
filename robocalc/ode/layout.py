"""Where things lie in the arrays that kernels and Python share: names of indices, statuses of the kernel."""

# ctl: float64
T, H, ERR_OLD, T_END, MAX_STEP, MIN_STEP, LO, HI, T_BAD, FIXED, T_START, BETA, EXPO, H_CAP, RTOL = range(15)
CTL_SIZE = 15

# cnt: int64
(
    NFEV,
    ACCEPTED,
    REJECTED,
    MAX_STEPS,
    ROW,
    NEXT_EVAL,
    STAGES,
    ROWS,
    NEW_RHS_IN_STEP,
    CONTROLLED,
    KNOWN,
    SAVE,
    DENSE,
    BAD,
    ABORT,
    HITS,
    REJECTED_LAST,
    AT_START,
    N,
    FIXED_INDEX,
    NONFINITE_LAST,
    BUDGET,
) = range(22)
CNT_SIZE = 22

# addr: int64
A_STEP, A_EXTRA, A_RHS, A_EVENT = range(4)

# events, one row each: float64
E_DIRECTION, E_LIMIT, E_COUNT, E_MUTE = range(4)
SAMPLES = 10  # of each event function between the ends of a step
PROBE = 1e-3  # of a step: where the slope of an event function at the ends is taken
MOST_HITS = 64  # of one step: room that is kept free in the list of hits

# what the kernel returns
DONE, FULL, STOPPED = 0, 1, 2
TOO_SMALL, NONFINITE, TOO_MANY, ABORTED = -1, -2, -3, -4


def work_size(n: int, rows: int, degree: int, events: int) -> int:
    """Floats that `advance` needs: y, new, tmp, point (n each), error (2 n), stages, interpolant, event samples."""
    return n * (6 + rows + degree) + events * (SAMPLES + 5)
