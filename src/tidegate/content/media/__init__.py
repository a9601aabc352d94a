"""Decoding of untrusted media: bytes go in, fingerprints and problems come out.

All of it happens in sandboxed processes; `pool.py` is the door, `docs/decoding.md` the definition.
"""
