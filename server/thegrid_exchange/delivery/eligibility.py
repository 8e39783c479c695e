"""What a call asks of the supplier that serves it, and whether an offer meets that.
Who is connected and in which order suppliers are asked is in `suppliers`.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from thegrid_exchange.delivery.parts import NO_PREFERENCES, Failure, Preferences
from thegrid_exchange.engine.records import Offer

ALL_FIELDS = "*"
"""In an offer's honoured fields: every field there is."""

CAPABILITY_OF_FIELD = {
    "tools": "tools",
    "tool_choice": "tools",
    "parallel_tool_calls": "tools",
    "response_format": "json_schema",
    "reasoning_effort": "reasoning",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "prompt": "completions",
}
"""Fields that a capability covers, so that an offer need not name them."""


class Wants(NamedTuple):
    """What a call asks of the supplier that serves it."""

    instrument_id: str
    fields: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    preferences: Preferences = NO_PREFERENCES
    issuers: tuple[str, ...] = ()
    """Who owes the reserved tokens, largest share first; empty before they are reserved."""
    probed_id: str = ""
    """The supplier that a probe is for, admitted or not; empty for a member's call."""

    @property
    def needed(self) -> frozenset[str]:
        """Names that an offer must honour."""
        return self.fields | self.capabilities

    @property
    def kind(self) -> "Wants":
        """The same less what never decides who may serve: alike for all calls that suit alike."""
        if self.preferences is NO_PREFERENCES:
            return self._replace(issuers=())
        preferences = self.preferences._replace(max_price_micros=None, hedge_after_percent=None)
        issuers = () if preferences.allow_fallbacks else self.issuers[:1]
        return self._replace(issuers=issuers, preferences=preferences)


_Test = Callable[[Wants, Offer], bool]


def _is_ordered(wants: Wants, offer: Offer) -> bool:
    preferences = wants.preferences
    order = preferences.order_supplier_ids
    return preferences.allow_fallbacks or not order or offer.member_id in order


def _is_owing(wants: Wants, offer: Offer) -> bool:
    """Whether it owes most of the call, where nobody else may serve; unknown before reserving."""
    preferences, issuers = wants.preferences, wants.issuers
    if preferences.allow_fallbacks or preferences.order_supplier_ids or not issuers:
        return True
    return offer.member_id == issuers[0]


_TESTS: Final[tuple[tuple[str, _Test], ...]] = (
    (
        "only_supplier_ids",
        lambda wants, offer: (
            not wants.preferences.only_supplier_ids
            or offer.member_id in wants.preferences.only_supplier_ids
        ),
    ),
    (
        "ignore_supplier_ids",
        lambda wants, offer: offer.member_id not in wants.preferences.ignore_supplier_ids,
    ),
    ("order_supplier_ids", _is_ordered),
    ("allow_fallbacks", _is_owing),
    (
        "data_policies",
        lambda wants, offer: (
            not wants.preferences.data_policies
            or offer.data_policy in wants.preferences.data_policies
        ),
    ),
    (
        "regions",
        lambda wants, offer: (
            not wants.preferences.regions or offer.region in wants.preferences.regions
        ),
    ),
    (
        "models",
        lambda wants, offer: (
            not wants.preferences.models or offer.model in wants.preferences.models
        ),
    ),
)
"""Each preference by its name in the contract, in the order in which refusals name them."""


def is_wanted(wants: Wants, offer: Offer) -> bool:
    """Whether the caller's preferences admit the offer."""
    if wants.preferences is NO_PREFERENCES:
        return True
    return all(test(wants, offer) for _, test in _TESTS)


def honours(offer: Offer, needed: Iterable[str]) -> bool:
    """Whether the offer honours every one of these fields and capabilities."""
    return all(
        name in offer.honoured_fields
        or CAPABILITY_OF_FIELD.get(name, name) in offer.capabilities
        or ALL_FIELDS in offer.honoured_fields
        for name in needed
    )


def why_none(
    wants: Wants, registered: list[Offer], connected: list[Offer], retry_us: int
) -> Failure:
    """Why no offer serves a call: of those registered, and of those whose supplier takes calls."""
    never = _excluding(wants, registered)
    if registered and never:
        return Failure(
            "FIELD_NOT_HONOURED",
            f"no offer for this instrument is left by `{never}`; widen it or leave it out",
            f"preferences.{never}",
        )
    wanted = [offer for offer in connected if is_wanted(wants, offer)]
    if wanted:
        return _not_honoured(wants, wanted)
    absent = _excluding(wants, connected) if connected else ""
    if absent:
        return Failure(
            "NO_SUPPLIER",
            f"no supplier that `{absent}` leaves takes calls now; widen it or try again soon",
            f"preferences.{absent}",
            retry_after_us=retry_us,
        )
    return Failure(
        "NO_SUPPLIER",
        "no supplier of this instrument is connected now; try again in a moment",
        retry_after_us=retry_us,
    )


def contradiction(preferences: Preferences) -> Failure | None:
    """The refusal of preferences that cannot hold together."""
    lone = not preferences.allow_fallbacks and len(preferences.order_supplier_ids) < 2
    if preferences.hedge_after_percent is None or not lone:
        return None
    return Failure(
        "FIELD_NOT_HONOURED",
        "a hedge needs a second supplier, and `allow_fallbacks` leaves none;"
        " allow others or leave the hedge out",
        "preferences.hedge_after_percent",
    )


def _excluding(wants: Wants, offers: list[Offer]) -> str:
    """The first preference after which no offer is left, or an empty string."""
    for name, test in _TESTS:
        offers = [offer for offer in offers if test(wants, offer)]
        if not offers:
            return name
    return ""


def _not_honoured(wants: Wants, offers: list[Offer]) -> Failure:
    for name in sorted(wants.needed):
        if not any(honours(offer, (name,)) for offer in offers):
            return Failure(
                "FIELD_NOT_HONOURED",
                f"no connected supplier of this instrument honours `{name}`; leave it out",
                name,
            )
    names = ", ".join(sorted(wants.needed))
    return Failure(
        "FIELD_NOT_HONOURED",
        f"no connected supplier honours all of {names} together; leave some out",
        min(wants.needed, default=""),
    )
