"""Usage records as members see them, and receipts: the same records signed by the exchange.

What a record says is the engine's word; reading and listing them is in `usage`.
"""

import hashlib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from thegrid.v1 import usage_pb2
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.api.convert.usage import pending_message, usage_message
from thegrid_exchange.api.secrets import write_private
from thegrid_exchange.clock import Clock
from thegrid_exchange.engine.commands import RegisterReceiptKey
from thegrid_exchange.engine.records import Dispute, LateReport, Reservation, UsageRecord
from thegrid_exchange.sequencer import Sequencer
from thegrid_exchange.views.live import Live
from thegrid_exchange.views.usage import Used

KEY_FILE: Final = "receipt.key"
SIGNED_PREFIX: Final = b"thegrid.v1.Receipt\0\0"
"""Stands before every body that is signed, so that no signature can be taken for another's."""

_KEY_BYTES: Final = 32


class ReceiptSigner:
    """Signs with one Ed25519 key."""

    def __init__(self, private_key: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private_key)
        self.public_key = self._private.public_key().public_bytes_raw()
        self.key_id = "rck_" + hashlib.sha256(self.public_key).hexdigest()[:32]

    def sign(self, body: bytes) -> usage_pb2.Receipt:
        """The receipt with this body."""
        signature = self._private.sign(SIGNED_PREFIX + body)
        return usage_pb2.Receipt(body=body, key_id=self.key_id, signature=signature)


class UsageRecords:
    """Makes messages and receipts of records; `live` knows symbols and specifications."""

    def __init__(self, live: Live, signer: ReceiptSigner, clock: Clock) -> None:
        self._live, self._signer, self._clock = live, signer, clock

    def message(
        self,
        usage: UsageRecord,
        late_report: LateReport | None = None,
        dispute: Dispute | None = None,
    ) -> usage_pb2.UsageRecord:
        """A settled call."""
        version = self._live.state.spec_versions[(usage.instrument_id, usage.spec_version)]
        symbol = self._live.catalogue.symbol(usage.instrument_id)
        return usage_message(usage, symbol, version.spec, late_report, dispute)

    def of(self, used: Used) -> usage_pb2.UsageRecord:
        """A settled call with what came after."""
        return self.message(used.usage, used.late_report, used.dispute)

    def pending(self, reservation: Reservation) -> usage_pb2.UsageRecord:
        """A call that is not settled."""
        return pending_message(reservation, self._live.catalogue.symbol(reservation.instrument_id))

    def under_way(self, delivery_id: str) -> usage_pb2.UsageRecord:
        """A call whose settlement takes long; its reservation stands until then."""
        reservation = self._live.state.reservations.get(delivery_id)
        if reservation is not None:
            return self.pending(reservation)
        usage_id = "usg_" + delivery_id.removeprefix("dlv_")
        return usage_pb2.UsageRecord(
            usage_id=usage_id, delivery_id=delivery_id, status=usage_pb2.USAGE_STATUS_PENDING
        )

    def receipt(self, record: usage_pb2.UsageRecord) -> usage_pb2.Receipt:
        """The record, signed as it stands now."""
        body = usage_pb2.ReceiptBody(usage=record, issue_time=time_of(self._clock.now_us()))
        return self._signer.sign(body.SerializeToString())


def load_or_make_signer(data: Path) -> ReceiptSigner:
    """The signer of this data folder, whose key is made at the first start with mode 0600.

    Raises ValueError naming the file when it holds no key. Taking the file away makes a new key at
    the next start; receipts of the old one can still be checked: its public half is journaled.
    """
    path = data / KEY_FILE
    if not path.exists():
        write_private(path, Ed25519PrivateKey.generate().private_bytes_raw())
    private_key = path.read_bytes()
    if len(private_key) != _KEY_BYTES:
        raise ValueError(
            f"{path}: is no receipt key of {_KEY_BYTES} bytes; restore it from a backup, or take "
            "it away so that a new one is made"
        )
    return ReceiptSigner(private_key)


async def ensure_receipt_key(sequencer: Sequencer, live: Live, signer: ReceiptSigner) -> None:
    """Make the public key known before anything is signed with it."""
    known = live.state.receipt_keys.get(signer.key_id)
    if known is None or known.ended_at_us is not None:
        command = RegisterReceiptKey(signer.key_id, signer.public_key.hex())
        await sequencer.submit(command, actor="operator")
