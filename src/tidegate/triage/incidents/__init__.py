"""Incidents: a surge or a crisis with an opened protocol, from what was counted to what was learnt."""
