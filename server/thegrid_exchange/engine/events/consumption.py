"""Events of Lots, transfers, sweeps and deliveries.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import (
    Draw,
    Lot,
    LotParcel,
    LotParcelChange,
    Reservation,
    Sweep,
    Transfer,
    UsageRecord,
)


class UnitsTransferred(NamedTuple):
    """Units went from a Trading account into a Lot."""

    transfer: Transfer


class LotMinted(NamedTuple):
    """A new Lot with its parcels, all tokens free."""

    lot: Lot
    parcels: tuple[LotParcel, ...]


class LotChanged(NamedTuple):
    """New figures of a Lot and of those of its parcels that changed."""

    lot_id: str
    free_tokens: int
    reserved_tokens: int
    consumed_tokens: int
    expired_tokens: int
    refunded_tokens: int
    parcels: tuple[LotParcelChange, ...]
    cause: str
    """`reserve`, `settle` or `expire`."""


class LotClosed(NamedTuple):
    """Every token of the Lot has ended; `lot` is its last state."""

    lot: Lot


class SweepStarted(NamedTuple):
    """A market's slot has come; the market takes no orders until `SweepFinished`."""

    sweep: Sweep
    next_sweep_us: int


class MemberSwept(NamedTuple):
    """One member's Units of a market went into a Lot, or an issuer's unsold ones were retired.

    `sweep` carries the totals so far.
    """

    sweep: Sweep
    member_id: str
    lot_id: str
    swept_units: int
    retired_units: int


class SweepFinished(NamedTuple):
    """The market takes orders again; the next slot is at `next_sweep_us`."""

    sweep: Sweep
    next_sweep_us: int


class ReservationOpened(NamedTuple):
    """Tokens are set aside for a delivery."""

    reservation: Reservation


class ReservationExtended(NamedTuple):
    """More tokens are set aside; `draws` are all of them in order of use."""

    delivery_id: str
    reserved_tokens: int
    draws: tuple[Draw, ...]
    spend_held_micros: int = 0


class DeliveryMarked(NamedTuple):
    """A delivery has come this far; `extension_refused` names why no more is set aside."""

    delivery_id: str
    marked_tokens: int
    deadline_us: int
    extension_refused: str = ""


class UsageRecorded(NamedTuple):
    """A delivery is settled: its reservation is closed and this is what is known of it."""

    usage: UsageRecord
