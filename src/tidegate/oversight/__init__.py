"""Oversight: who does enough, said fairly, from what orders and referrals record and from what was seen."""
