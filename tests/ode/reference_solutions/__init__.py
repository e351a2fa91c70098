"""End states of classic problems: `problems.py` states them, `make.py` computes, `end_states.json` keeps."""
