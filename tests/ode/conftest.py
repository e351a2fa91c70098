"""Marks that scipy's own tests carry."""


def pytest_configure(config):
    for mark in ("thread_unsafe", "fail_slow", "slow", "parallel_threads", "parallel_threads_limit", "xslow"):
        config.addinivalue_line("markers", f"{mark}: scipy's own")
