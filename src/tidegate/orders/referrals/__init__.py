"""Referrals: an authority asks a provider for a look under its own terms. Nobody has to act by one."""
