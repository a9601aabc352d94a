"""The key by which this organisation signs: `secrets/organisation.key`, which never leaves its file."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange.model import thumbprint, unpadded
from tidegate.infra.secrets import InstanceSecrets


class OwnKey:
    """Signs with Ed25519. `x` is its public part, `kid` its fingerprint."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.x = unpadded(private.public_key().public_bytes_raw())
        self.kid = thumbprint(self.x)

    @classmethod
    def of(cls, secrets: InstanceSecrets) -> "OwnKey":
        """The instance's. Raises SettingsError where it is lost."""
        return cls(secrets.organisation_key)

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)
