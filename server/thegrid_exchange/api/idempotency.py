"""Secrets just made, kept for a while so that a repeat of CreateKey can show the same one again.

They live in memory alone and never outlive the process.
"""

from collections import OrderedDict

KEPT_SECRETS = 1_000


class NewSecrets:
    """The latest secrets by key id, the oldest leaving first."""

    def __init__(self) -> None:
        self._secrets: OrderedDict[str, str] = OrderedDict()

    def keep(self, key_id: str, secret: str) -> None:
        """Remember a secret that was just shown."""
        self._secrets[key_id] = secret
        if len(self._secrets) > KEPT_SECRETS:
            self._secrets.popitem(last=False)

    def find(self, key_id: str) -> str:
        """The secret of a key made by this process, or empty."""
        return self._secrets.get(key_id, "")
