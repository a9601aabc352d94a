"""The whole check of the ledger: its chain, and that the tables of all slices agree with it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tidegate.infra.db import Tx
from tidegate.ledger import verify as chain
from tidegate.ledger.model import Head
from tidegate.pipeline.house import SLICES


def verify(
    tx: Tx, public_key: Ed25519PublicKey, exported: Head | None = None
) -> chain.Verification:
    """As `ledger.verify` does, and with what no entry explains: keys, people's roles, packs, confirmed
    entries of banks, restrictions. The caller has frozen `tx`, for a change and its entry are one."""
    witnesses = [make(tx) for one in SLICES for make in one.verbs().witnesses]
    return chain.verify(tx, public_key, exported, witnesses)
