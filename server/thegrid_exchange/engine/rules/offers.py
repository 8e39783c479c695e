"""Offers: what a supplier promises, compared with the contract when made and when it changes.

Who may serve is told by admissions, in `supply`; an offer alone brings no calls.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.records import (
    Evidence,
    Finding,
    InstrumentSpec,
    Offer,
    SpecReview,
    SpecVersion,
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.availability import note_ability
from thegrid_exchange.engine.rules.embeddings import check_space
from thegrid_exchange.engine.rules.lookups import active_member, spec_in_force, the_instrument
from thegrid_exchange.engine.rules.reviews import begin_probation, warn
from thegrid_exchange.engine.rules.standing import move, standing_of
from thegrid_exchange.engine.state import State


def register_offer(state: State, command: commands.RegisterOffer) -> Rule[replies.OfferReply]:
    """Take a supplier's offer when it meets the contract in force, admitted or not.

    Before its admission an offer brings no calls but those of a benchmark.
    """
    member = active_member(state, command.member_id, "supplier")
    instrument = the_instrument(state, command.instrument_id)
    version = spec_in_force(state, instrument)
    offer = Offer(registered_at_us=state.now_us, spec_version=version.version, **command._asdict())
    check_space(offer, version.spec)
    _check_offer(offer, version.spec)
    yield events.OfferRegistered(offer)
    yield from note_ability(state, member.member_id)
    yield from _mended(state, (member.member_id, instrument.instrument_id))
    return replies.OfferReply(offer)


def withdraw_offer(
    state: State, command: commands.WithdrawOffer
) -> Rule[replies.OfferWithdrawnReply]:
    """End an offer; Units already sold stay owed."""
    if (command.member_id, command.instrument_id) not in state.offers:
        refuse("OFFER_NOT_FOUND", "instrument_id", "the supplier offers nothing for it")
    yield events.OfferWithdrawn(command.member_id, command.instrument_id)
    yield from note_ability(state, command.member_id)
    return replies.OfferWithdrawnReply(command.member_id, command.instrument_id)


def require_offer(state: State, member_id: str, instrument_id: str) -> Offer:
    """The supplier's offer, which must meet the contract in force."""
    offer = state.offers.get((member_id, instrument_id))
    if offer is None:
        refuse("OFFER_NOT_FOUND", "instrument_id", "register an offer for it first")
    if offer.shortfalls:
        fields = ", ".join(offer.shortfalls)
        refuse(
            "OFFER_BELOW_SPEC",
            offer.shortfalls[0],
            f"the contract now in force asks for more ({fields}); register a better offer",
        )
    return offer


def shortfalls(offer: Offer, spec: InstrumentSpec) -> list[Finding]:
    """The figures of an offer that fall short of a contract, each with the limit it misses."""
    floors = (
        ("quality_score", offer.quality_score, spec.quality_score_min),
        ("context_tokens", offer.context_tokens, spec.context_tokens_min),
        ("output_tokens", offer.output_tokens, spec.output_tokens_min),
        ("tokens_per_second", offer.tokens_per_second, spec.tokens_per_second_min),
        ("concurrent_deliveries", offer.concurrent_deliveries, 1),
    )
    found = [Finding(field, value, least) for field, value, least in floors if value < least]
    slowest_us = spec.first_token_bands[0].first_token_us_max
    if offer.first_token_us > slowest_us:
        found.append(Finding("first_token_us", offer.first_token_us, slowest_us))
    missing = set(spec.capabilities) - set(offer.capabilities)
    if missing:
        held = len(spec.capabilities) - len(missing)
        found.append(Finding("capabilities", held, len(spec.capabilities)))
    return found


def _check_offer(offer: Offer, spec: InstrumentSpec) -> None:
    found = shortfalls(offer, spec)
    if not found:
        return
    field, value, limit = found[0]
    also = ", ".join(each.figure for each in found[1:])
    rest = f"; so does `{also}`" if also else ""
    if field == "capabilities":
        missing = ", ".join(sorted(set(spec.capabilities) - set(offer.capabilities)))
        refuse("OFFER_BELOW_SPEC", field, f"must include {missing}{rest}", limit=limit, value=value)
    bound = "most" if value > limit else "least"
    message = f"must be at {bound} {limit}, or it falls short of the contract{rest}"
    refuse("OFFER_BELOW_SPEC", field, message, limit=limit, value=value)


def _mended(state: State, pair: tuple[str, str]) -> Rule[None]:
    """A new offer that meets the contract ends what was done about the old one."""
    standing = standing_of(state, pair)
    if standing.cause != "offer":
        return
    reason = "a new offer meets the contract"
    if standing.status == "warned":
        yield from move(state, pair, "admitted", "offer", reason=reason)
    elif standing.status == "suspended":
        yield from begin_probation(state, pair, "offer", reason)


# ---- a new contract comes into force -----------------------------------------------------------


def specs_due(state: State) -> bool:
    """Whether a contract has come into force that offers were not all compared with."""
    first = state.indices.spec_deadlines.first()
    return first is not None and first[0] <= state.now_us


def run_spec_reviews(state: State) -> Rule[int]:
    """Compare offers with contracts that have come into force; mark and warn what falls short."""
    done = 0
    while specs_due(state) and state.work_left() >= WORK_MARGIN:
        first = state.indices.spec_deadlines.first()
        assert first is not None
        instrument = state.instruments[first[1].rpartition("/")[0]]
        done += yield from _compare_offers(state, spec_in_force(state, instrument))
    return done


def _compare_offers(state: State, version: SpecVersion) -> Rule[int]:
    instrument_id = version.instrument_id
    review = state.spec_reviews.get(instrument_id) or SpecReview(instrument_id, 1)
    done, after_id = 1, review.after_member_id
    while member_id := state.indices.offers_of[instrument_id].first_from(after_id + "\0"):
        if state.work_left() < WORK_MARGIN:
            yield events.SpecReviewed(review._replace(after_member_id=after_id))
            return done
        yield from _compare(state, state.offers[(member_id, instrument_id)], version)
        done, after_id = done + 1, member_id
    yield events.SpecReviewed(SpecReview(instrument_id, version.version))
    return done


def _compare(state: State, offer: Offer, version: SpecVersion) -> Rule[None]:
    found = shortfalls(offer, version.spec)
    fields = tuple(each.figure for each in found)
    if (offer.spec_version, offer.shortfalls) != (version.version, fields):
        compared = offer._replace(spec_version=version.version, shortfalls=fields)
        yield events.OfferRegistered(compared)
    pair = (offer.member_id, offer.instrument_id)
    if not found:
        yield from _mended(state, pair)
    elif standing_of(state, pair).status in ("admitted", "warned"):
        findings = tuple(each._replace(figure=f"offer.{each.figure}") for each in found)
        evidence = Evidence(version.version, findings)
        yield from warn(state, pair, "offer", evidence, state.term("offer_warning_us"))
