"""Receipts: usage records that the exchange has signed, and how anybody checks one.
Getting receipts and keys is the client's; checking asks for `cryptography`, nothing else does.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import timedelta

from google.protobuf.message import DecodeError

from thegrid.times import instant
from thegrid.v1 import usage_pb2

SIGNED_PREFIX = b"thegrid.v1.Receipt\0\0"
CLOCK_SLACK = timedelta(seconds=60)
"""By so much a receipt may lie outside the time in which its key was in use."""


class ReceiptInvalid(ValueError):
    """A receipt that proves nothing; the message says why."""


def read(content: bytes | str) -> usage_pb2.Receipt:
    """Return the receipt in serialised bytes, or in base64 as a gateway sends it.

    Raises ReceiptInvalid when there is none.
    """
    try:
        if isinstance(content, bytes):
            return usage_pb2.Receipt.FromString(content)
        text = content.strip().replace("-", "+").replace("_", "/")
        padded = text + "=" * (-len(text) % 4)
        return usage_pb2.Receipt.FromString(base64.b64decode(padded, validate=True))
    except (DecodeError, binascii.Error, ValueError) as error:
        raise ReceiptInvalid("this is no receipt") from error


def verify(
    receipt: usage_pb2.Receipt | bytes | str, keys: Iterable[usage_pb2.ReceiptKey]
) -> usage_pb2.ReceiptBody:
    """Return what a receipt says, once it is sure that the holder of one of `keys` said it.

    `keys` come from `client.usage.receipt_keys()`, best asked for long before and kept. Raises
    ReceiptInvalid, and ImportError without the package `cryptography`.
    """
    made = receipt if isinstance(receipt, usage_pb2.Receipt) else read(receipt)
    key = next((each for each in keys if each.key_id == made.key_id), None)
    if key is None:
        raise ReceiptInvalid(f"it was signed with the key {made.key_id!r}, which is not known")
    if made.key_id != key_id_of(key.public_key):
        raise ReceiptInvalid(f"the public key {made.key_id!r} does not belong to its id")
    if not _is_signed(made, key.public_key):
        raise ReceiptInvalid("its signature does not fit; it was changed, or never given")
    try:
        body = usage_pb2.ReceiptBody.FromString(made.body)
    except DecodeError as error:
        raise ReceiptInvalid("its body cannot be read") from error
    issued = instant(body.issue_time)
    if issued < instant(key.start_time) - CLOCK_SLACK or (
        key.HasField("end_time") and issued >= instant(key.end_time) + CLOCK_SLACK
    ):
        raise ReceiptInvalid(f"the key {made.key_id!r} was not in use when it was given")
    return body


def key_id_of(public_key: bytes) -> str:
    """Return the id of a public key."""
    return "rck_" + hashlib.sha256(public_key).hexdigest()[:32]


def _is_signed(receipt: usage_pb2.Receipt, public_key: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ImportError(
            "checking receipts needs cryptography; install it with: pip install 'thegrid[receipts]'"
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            receipt.signature, SIGNED_PREFIX + receipt.body
        )
    except (InvalidSignature, ValueError):
        return False
    return True
