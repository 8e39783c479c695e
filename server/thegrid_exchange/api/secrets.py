"""The exchange's own secrets: how API keys are made and hashed, and how tokens are signed.

Who may do what with a key is said elsewhere; a secret is never stored and never logged.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import NamedTuple

HASH_SECRET_BYTES = 32


class NewKey(NamedTuple):
    """A key just made: `secret` is shown once, `key_hash` is what the journal keeps."""

    key_id: str
    secret: str
    key_hash: str


class Vault:
    """Everything that is derived from the one hash secret of this exchange."""

    def __init__(self, hash_secret: bytes) -> None:
        if len(hash_secret) < HASH_SECRET_BYTES:
            raise ValueError(f"the hash secret must have {HASH_SECRET_BYTES} bytes or more")
        self._hash_secret = hash_secret
        self._token_secret = hmac.digest(hash_secret, b"tokens", "sha256")
        self._webhook_secret = hmac.digest(hash_secret, b"webhooks", "sha256")

    def hash_of(self, secret: str) -> str:
        """The keyed hash of an API key's secret, in hex."""
        return hmac.digest(self._hash_secret, secret.encode(), "sha256").hex()

    def new_key(self) -> NewKey:
        """A new key id and secret; the secret begins with the id, so that leaks can be traced."""
        return self.new_secret(f"key_{_letters()}")

    def new_secret(self, key_id: str) -> NewKey:
        """Another secret for a key that exists."""
        secret = f"{key_id}.{secrets.token_urlsafe(32)}"
        return NewKey(key_id, secret, self.hash_of(secret))

    def new_webhook_id(self) -> str:
        """A new id for a webhook, which nobody can guess."""
        return f"whk_{_letters()}"

    def webhook_secret(self, webhook_id: str) -> str:
        """The signing secret of a webhook; it follows from the id, so nothing need be stored."""
        mac = hmac.digest(self._webhook_secret, webhook_id.encode(), "sha256")
        return "whsec_" + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def probe_seed(self, delivery_id: str) -> int:
        """What a probe's request is made of; who does not hold the secret cannot foresee it."""
        return int.from_bytes(self._mac("probe", delivery_id.encode()))

    def seal(self, purpose: str, payload: bytes) -> str:
        """An opaque token that only this exchange can make, for one purpose."""
        mac = self._mac(purpose, payload)
        return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()

    def unseal(self, purpose: str, token: str) -> bytes | None:
        """The payload of a token made by `seal` for this purpose, or None."""
        try:
            sealed = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        except ValueError:
            return None
        mac, payload = sealed[:12], sealed[12:]
        return payload if hmac.compare_digest(mac, self._mac(purpose, payload)) else None

    def _mac(self, purpose: str, payload: bytes) -> bytes:
        sealed = purpose.encode() + b"\0" + payload
        return hmac.digest(self._token_secret, sealed, hashlib.sha256)[:12]


def _letters() -> str:
    return base64.b32encode(secrets.token_bytes(13)).decode().lower()[:20]


def key_id_of(secret: str) -> str:
    """The key id with which a secret begins; empty when it has another shape."""
    head, dot, _ = secret.partition(".")
    return head if dot and head.startswith("key_") else ""


def load_or_make_hash_secret(path: Path, *, is_needed: bool) -> bytes:
    """The hash secret of this data folder, made at the first start with mode 0600.

    `is_needed` when there are keys that it hashed. Raises ValueError naming the file when it is
    then gone, or too short to be one.
    """
    if not path.exists():
        if is_needed:
            raise ValueError(
                f"{path}: is gone, and no key of this journal works without it; restore it from a "
                "backup, or name it with --hash-secret-file (GRID_HASH_SECRET_FILE)"
            )
        write_private(path, secrets.token_bytes(HASH_SECRET_BYTES))
    secret = path.read_bytes()
    if len(secret) < HASH_SECRET_BYTES:
        raise ValueError(
            f"{path}: is no hash secret; restore it from a backup, since without it no key works"
        )
    return secret


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
