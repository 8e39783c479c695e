"""Secrets in files that only their owner may read.
Nothing here knows what a secret opens.
"""

import os
from pathlib import Path


def write_secret(path: Path, secret: str) -> None:
    """Write a secret into a file of mode 0600, whole or not at all, in place of what was there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_secret(path: Path) -> str | None:
    """Return the secret in a file, or None when there is none."""
    try:
        return path.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
