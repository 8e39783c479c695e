"""Benchmarks: each module measures one thing and prints its own table.

Nothing here is a test, and no test depends on a figure; `make bench` runs them one after another.
"""
