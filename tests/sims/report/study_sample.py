"""A study.json that no tuning made: the keys that sims.tune.record describes."""

import math

KEYS = ("controller.kp", "controller.kd")


def study(evaluations=60, **changes):
    history, best = [], math.inf
    for n in range(1, evaluations + 1):
        kp, kd = 100 + 400 * ((n * 0.618) % 1), 5 + 40 * ((n * 0.382) % 1)
        cost = 0.1 + ((kp - 300) / 300) ** 2 + ((kd - 20) / 30) ** 2
        best = min(best, cost)
        x = dict(zip(KEYS, (kp, kd), strict=True))
        history.append({"n": n, "cost": cost, "best": best, "values": {"effort": kp / 10}, "x": x, "lost": n == 7})
    front = [
        {
            "n": n,
            "cost": 0.3,
            "goals": [0.1 * n, 1.0 / n],
            "values": {},
            "x": dict(zip(KEYS, (100.0 * n, 9.0), strict=True)),
        }
        for n in range(1, 6)
    ]
    costs = {"mean": 0.5, "worst": 0.9, "costs": [0.1, 0.9]}
    after = {"mean": 0.2, "worst": 0.3, "costs": [0.1, 0.3]}
    t = [0.01 * k for k in range(100)]
    rounds = {"engine": "twin", "scenarios": ["a", "b"], "before": costs, "after": after}
    return {
        "format": "robocalc-study-result/1",
        "name": "panda-gains",
        "scenario": "panda-payload",
        "method": "nelder_mead",
        "why": "few numbers",
        "seed": 0,
        "budget": evaluations,
        "evaluations": evaluations,
        "aggregate": "mean",
        "engine": "twin",
        "verdict": "better on scenarios it never saw",
        "parameters": [
            {
                "key": "controller.kp",
                "label": "kp",
                "unit": "N m/rad",
                "low": 100.0,
                "high": 500.0,
                "log": True,
                "choices": None,
                "before": 150.0,
                "after": 300.0,
            },
            {
                "key": "controller.kd",
                "label": "kd",
                "unit": "N m s/rad",
                "low": 5.0,
                "high": 45.0,
                "log": False,
                "choices": None,
                "before": 10.0,
                "after": 20.0,
            },
            {
                "key": "controller.type",
                "label": "law",
                "unit": "",
                "low": None,
                "high": None,
                "log": False,
                "choices": ["pd", "lqr"],
                "before": "pd",
                "after": "lqr",
            },
        ],
        "objectives": [
            {"name": "tracking.joint_rms_deg", "unit": "deg", "weight": 1.0, "before": 0.5, "after": 0.1},
            {"name": "effort.integral", "unit": "N² m² s", "weight": 0.1, "before": 10.0, "after": 12.0},
        ],
        "constraints": [
            {
                "name": "overshoot.max_percent",
                "unit": "%",
                "min": None,
                "max": 5.0,
                "before": 7.0,
                "after": 4.0,
                "ok": True,
            }
        ],
        "history": history,
        "front": front,
        "sensitivity": [
            {"key": "controller.kp", "less": 0.4, "more": 0.3, "share": 0.75},
            {"key": "controller.kd", "less": 0.2, "more": 0.2, "share": 0.25},
        ],
        "importances": {"controller.kp": 0.6, "controller.kd": 0.4},
        "training": rounds,
        "verified": rounds | {"engine": "bullet"},
        "validation": rounds | {"engine": "bullet", "scenarios": ["c", "d", "e"]},
        "margins": {"before": {"gain": 2.0, "latency_ms": 3.0}, "after": {"gain": 2.5, "latency_ms": 4.0}},
        "response": {
            "t": t,
            "joints": ["j1", "j2"],
            "before": [[math.sin(x) for x in t], [None] * 100],
            "after": [[0.2 * math.sin(x) for x in t], [0.0] * 100],
            "target": [[0.0] * 100] * 2,
        },
        "explain": ["Nelder-Mead was chosen, as there are few numbers.", "kp matters most."],
    } | changes
