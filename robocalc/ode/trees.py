"""Rooted trees, and the order conditions of Runge-Kutta methods that they stand for.

A tree is the sorted tuple of its root's subtrees: () is the single node, ((),) two nodes in a row.

Source: Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section II.2.
"""

from functools import cache
from itertools import combinations_with_replacement

import numpy as np


@cache
def trees_of(nodes: int) -> tuple:
    """All rooted trees with that many nodes: 1, 1, 2, 4, 9, 20, 48, 115, 286 of them."""
    if nodes == 1:
        return ((),)
    return tuple(dict.fromkeys(tuple(sorted(forest)) for forest in _forests(nodes - 1, nodes - 1)))


def _forests(nodes: int, largest: int):
    """Multisets of trees with `nodes` nodes in all, none larger than `largest`."""
    if nodes == 0:
        yield ()
    for size in range(min(nodes, largest), 0, -1):
        for count in range(1, nodes // size + 1):
            for rest in _forests(nodes - count * size, size - 1):
                for same in combinations_with_replacement(trees_of(size), count):
                    yield same + rest


def rooted_trees(order: int) -> list:
    """All trees with at most `order` nodes: one order condition each."""
    return [tree for nodes in range(1, order + 1) for tree in trees_of(nodes)]


@cache
def size(tree) -> int:
    return 1 + sum(map(size, tree))


@cache
def density(tree) -> int:
    """γ(τ): the number of nodes times the densities of the subtrees."""
    product = size(tree)
    for child in tree:
        product *= density(child)
    return product


def elementary_weight(tree, a) -> tuple[np.ndarray, int]:
    """(Φ(τ) (s,), γ(τ)): the stages' weights of a tree, Φᵢ = Π over subtrees of Σⱼ aᵢⱼ Φⱼ."""
    phi = np.ones(len(a))
    for child in tree:
        phi = phi * (a @ elementary_weight(child, a)[0])
    return phi, density(tree)
