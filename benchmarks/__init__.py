"""Benchmarks: real servers, driven and measured from outside. `make bench` runs them all."""
