"""End states of classic test problems. `problems.py` states them, `make.py` computes them, `end_states.json` keeps them."""
