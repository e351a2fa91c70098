"""Several laws in one, compiled; importing this loads numba.

Everything that a law takes lies in the composite's rows of numbers; a call makes views of it, and no copies but of the
columns of ref. Models lie in the gains, with their scratch (each run has gains of its own): memory is what the laws
remember and nothing else. Whole numbers of a model's tree are kept as the bits that they are.
"""

import numpy as np

from robocalc.control.signature import LAW_SIGNATURE, law_address, law_at
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.model import COLUMNS, Model
from robocalc.jit import njit

# entries of gains[0] for each law, after their number: its address, first joint, joints; where its gains begin, rows,
# columns; where its memory begins, rows, columns; where its model begins, columns of the model's scratch
ADDRESS, FIRST, JOINTS, GAINS, G_ROWS, G_COLUMNS, MEMORY, M_ROWS, M_COLUMNS, MODEL, WORK = range(11)
HEAD = 11


def packed(team, laws):
    """(gains (1, G), memory (1, M)) of together_law."""
    head, gains, m = np.zeros(1 + HEAD * len(laws)), [], 0
    g = len(head)
    head[0] = len(laws)
    for i, (member, law) in enumerate(zip(team.members, laws, strict=True)):
        model = law.robot.model()
        numbers = [np.ascontiguousarray(model.tree).view(float), *model[1:], np.zeros((6, law.robot.n))]
        numbers = np.concatenate([np.ravel(x) for x in numbers])
        row = (law_address(law.step), member.columns.start, law.robot.n, g, *law.gains.shape)
        row += (m, *law.memory.shape, g + law.gains.size, model.work.shape[1])
        head[1 + HEAD * i : 1 + HEAD * (i + 1)] = row
        gains += [law.gains.ravel(), numbers]
        g, m = g + law.gains.size + len(numbers), m + law.memory.size
    return np.concatenate([head, *gains])[None], np.concatenate([law.memory.ravel() for law in laws])[None]


def memory_of(gains, memory, i):
    """The memory of law i, as a copy of its own shape."""
    row = gains[0, 1 + HEAD * i : 1 + HEAD * (i + 1)].astype(int)
    size = row[M_ROWS] * row[M_COLUMNS]
    return memory[0, row[MEMORY] : row[MEMORY] + size].reshape(row[M_ROWS], row[M_COLUMNS]).copy()


@njit(forceinline=True)
def model_at(x, n, columns):
    """(Model, ref (6, n)) in the numbers x; `columns` of scratch."""
    a, b = 2 * n, (2 + COLUMNS) * n
    c = b + 3
    d = c + (n + 1) * columns
    e = d + n * n
    model = Model(
        x[:a].view(np.int64).reshape((n, 2)),
        x[a:b].reshape((n, COLUMNS)),
        x[b:c],
        x[c:d].reshape((n + 1, columns)),
        x[d:e].reshape((n, n)),
    )
    return model, x[e : e + 6 * n].reshape((6, n))


@njit(LAW_SIGNATURE)
def together_law(model, gains, memory, t, q, v, ref, tau):
    """τᵢ = lawᵢ(qᵢ, vᵢ, refᵢ) for each robot i of a team; gains and memory of `packed`."""
    g, m, q, v, tau = borrowed(gains)[0], borrowed(memory)[0], borrowed(q), borrowed(v), borrowed(tau)
    for i in range(int(g[0])):
        h = g[1 + HEAD * i : 1 + HEAD * (i + 1)]
        first, n, at, begins = int(h[FIRST]), int(h[JOINTS]), int(h[GAINS]), int(h[MEMORY])
        last, rows, columns = first + n, int(h[G_ROWS]), int(h[G_COLUMNS])
        m_rows, m_columns = int(h[M_ROWS]), int(h[M_COLUMNS])
        own, wanted = model_at(g[int(h[MODEL]) :], n, int(h[WORK]))
        for r in range(6):
            for j in range(n):
                wanted[r, j] = ref[r, first + j]
        law_at(int(h[ADDRESS]))(
            own,
            g[at : at + rows * columns].reshape((rows, columns)),
            m[begins : begins + m_rows * m_columns].reshape((m_rows, m_columns)),
            t,
            q[first:last],
            v[first:last],
            wanted,
            tau[first:last],
        )
