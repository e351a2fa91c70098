"""The world around the calculus: scenario files, engines, runs, metrics, reports."""
