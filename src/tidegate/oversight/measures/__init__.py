"""Measures: what an authority asks of a provider, from a dialogue to a penalty, each step signed by two persons and
answered by the provider before it is concluded."""
