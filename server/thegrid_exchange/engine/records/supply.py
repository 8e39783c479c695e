"""Records of suppliers, their admissions, offers and links.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple


class Supplier(NamedTuple):
    """A member's capacity pool, shared by all instruments it is admitted to."""

    member_id: str
    verified_tokens_per_second: int
    suspended: bool
    suspension_reason: str
    admitted_at_us: int


class Admission(NamedTuple):
    """A supplier's right to issue and deliver one instrument."""

    member_id: str
    instrument_id: str
    admitted_at_us: int
    suspended: bool = False
    renews_unsold: bool = False
    """Whether sweeps leave its unsold Units and its asks for them as they are."""


class Offer(NamedTuple):
    """The model a supplier answers an instrument with, and what it can do."""

    member_id: str
    instrument_id: str
    model: str
    quality_score: int
    """On the instrument's index, in thousandths."""
    context_tokens: int
    output_tokens: int
    tokens_per_second: int
    first_token_us: int
    concurrent_deliveries: int
    capabilities: tuple[str, ...]
    honoured_fields: tuple[str, ...]
    registered_at_us: int
    region: str = ""
    data_policy: str = ""
    spec_version: int = 0
    """The version of the contract that it was last compared with; 0 in the oldest ones."""
    shortfalls: tuple[str, ...] = ()
    """Fields that fall below that version, which came into force after the offer was made."""
    embedding_space: str = ""
    """Of a model that makes embeddings; see `EmbeddingSpec`."""


class SupplierLink(NamedTuple):
    """A supplier's connection to one relay, and how long it has been up in all."""

    member_id: str
    relay_id: str
    instrument_ids: tuple[str, ...]
    connected: bool
    changed_at_us: int
    connected_us: int
    """Time connected up to `changed_at_us`."""


class AbleHistory(NamedTuple):
    """When a supplier was able to serve an instrument, on the up-time clock."""

    member_id: str
    instrument_id: str
    is_able: bool
    """Since the last sample."""
    samples: tuple[tuple[int, int], ...]
    """Instants at which it turned, with the time able in all up to each, oldest first."""


class CollateralMark(NamedTuple):
    """How a supplier's collateral stood when it was marked last."""

    member_id: str
    required_micros: int
    posted_micros: int
    missing_micros: int
    """What must be posted before it may issue again; 0 for a supplier in good standing."""
    marked_at_us: int


class Loss(NamedTuple):
    """What an issuer failed to cover for an owner's tokens."""

    issuer_id: str
    owner_id: str
    guarantee_micros: int
    """What the guarantee paid for it."""
    uncovered_micros: int
    """What nobody paid."""


class Shortfall(NamedTuple):
    """What an issuer failed to cover in all."""

    issuer_id: str
    guarantee_micros: int = 0
    """What it still owes the guarantee."""
    uncovered_micros: int = 0
    """What nobody paid, ever."""
