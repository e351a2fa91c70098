"""The planned motions of several robots by the distances of the engine: each robot's to the world and to the others.

checked    what sims.plan checks of one robot, of all
"""

import numpy as np

from sims.plan import CHECK_EVERY, SELF_EVERY, carries, clearance_broken


def checked(trajectory, hands, checker):
    """((t, distance, pairs), (t, distance) between robots, violations), each robot by its own steps."""
    t = np.append(np.arange(0.0, trajectory.duration, CHECK_EVERY), trajectory.duration)
    held = [(hand, carry) for hand in hands for carry in carries(hand.spans)]
    meant = tuple({(hand.member.prefix + link, c.object) for hand, c in held for link in hand.member.robot.links})
    gaps, between, attached = {hand: [] for hand in hands}, [], set()
    for i, (q, time) in enumerate(zip(trajectory(t), t, strict=True)):
        exclude = _carry(checker, held, attached, q, time)
        for hand in hands:
            gap = checker.at(q, time, (*meant, *exclude), of=hand.member.name)
            if i % SELF_EVERY == 0:
                touching = checker.at(q, time, (*meant, *exclude), own=True, of=hand.member.name)
                gap = touching if touching.distance < 0 else gap
            gaps[hand].append(gap)
        between.append(checker.apart().distance)
    failures = []
    for hand, own in gaps.items():
        failures += clearance_broken(t, np.array([gap.distance for gap in own]), [gap.pair for gap in own], hand.spans)
    failures = list({(v.constraint, v.why): v for v in failures}.values())
    nearest = [min(row, key=lambda gap: gap.distance) for row in zip(*gaps.values(), strict=True)]
    clearance = t, np.array([gap.distance for gap in nearest]), tuple(gap.pair for gap in nearest)
    return clearance if np.isfinite(clearance[1]).any() else None, (t, np.array(between)), failures


def _carry(checker, held, attached, q, time) -> list:
    """Objects in hands move with them; the pairs that do not count meanwhile."""
    exclude = []
    for k, (hand, carry) in enumerate(held):
        if k not in attached and time >= carry.taken:
            checker.at(q, time)
            checker.attach(carry.object, checker.hand_in(hand.member), carry.pose)
            attached.add(k)
        elif k in attached and time >= carry.let_go:
            later = any(o.object == carry.object and carry.taken < o.taken <= time for _, o in held)
            if not later:
                checker.detach(carry.object)
        if not carry.counts_from <= time <= carry.counts_to:
            others = [h for h, c in held if c.object == carry.object and c.counts_from <= time <= c.counts_to]
            if not others:
                exclude += [(carry.object, other) for other in checker.names if other != carry.object]
    return exclude
