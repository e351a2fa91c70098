"""A network of two tanh layers trained by Adam, in numpy.

    train   weights from rows, the epoch that does best on rows set aside

Source: Kingma & Ba (2015); decoupled weight decay as Loshchilov & Hutter (2019).
"""

import numpy as np

HIDDEN, EPOCHS, BATCH = 24, 60, 128
RATE, DECAY, BETA, BETA2, TINY = 3e-3, 1e-3, 0.9, 0.999, 1e-8


def train(x, y, weight, aside, seed=0) -> list:
    """[W1, b1, W2, b2, W3, b3] for y (N, n) from x (N, m); weight (N, n) of each error; aside (N,) bool.

    The last layer begins at zero: a network that does not help on the rows set aside stays away.
    """
    rng = np.random.default_rng(seed)
    m, n = x.shape[1], y.shape[1]
    layers = [rng.normal(size=(m, HIDDEN)) / np.sqrt(m), np.zeros(HIDDEN)]
    layers += [
        rng.normal(size=(HIDDEN, HIDDEN)) / np.sqrt(HIDDEN),
        np.zeros(HIDDEN),
        np.zeros((HIDDEN, n)),
        np.zeros(n),
    ]
    first, second = ([np.zeros_like(p) for p in layers] for _ in range(2))
    rows, step = np.flatnonzero(~aside), 0
    best = (loss(layers, x[aside], y[aside], weight[aside]), [p.copy() for p in layers])
    for epoch in range(EPOCHS):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        for batch in np.array_split(rng.permutation(rows), max(1, len(rows) // BATCH)):
            step += 1
            slopes = backward(layers, x[batch], y[batch], weight[batch])
            for p, g, a, b in zip(layers, slopes, first, second, strict=True):
                a += (1 - BETA) * (g - a)
                b += (1 - BETA2) * (g * g - b)
                p -= rate * (a / (1 - BETA**step) / (np.sqrt(b / (1 - BETA2**step)) + TINY) + DECAY * p)
        found = loss(layers, x[aside], y[aside], weight[aside])
        if found < best[0]:
            best = (found, [p.copy() for p in layers])
    return best[1]


def forward(layers, x):
    """(first hidden layer, second, output) of rows."""
    W1, b1, W2, b2, W3, b3 = layers
    one = np.tanh(x @ W1 + b1)
    two = np.tanh(one @ W2 + b2)
    return one, two, two @ W3 + b3


def loss(layers, x, y, weight) -> float:
    """Half the weighted mean square error."""
    return float(0.5 * np.mean(weight * (forward(layers, x)[2] - y) ** 2)) if len(x) else np.inf


def backward(layers, x, y, weight) -> list:
    """Slopes of `loss` by every weight."""
    _, _, W2, _, W3, _ = layers
    one, two, out = forward(layers, x)
    d3 = weight * (out - y) / y.size
    d2 = (d3 @ W3.T) * (1 - two**2)
    d1 = (d2 @ W2.T) * (1 - one**2)
    return [x.T @ d1, d1.sum(axis=0), one.T @ d2, d2.sum(axis=0), two.T @ d3, d3.sum(axis=0)]
