"""What all servicers share: asking the sequencer, waiting for a position, finding things by name.

A handler built on it is four lines of thought: check, convert, ask, answer.
"""

from typing import Any

from thegrid.v1 import common_pb2, members_pb2
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import position_of
from thegrid_exchange.api.convert.members import key_message, member_message
from thegrid_exchange.api.errors import invalid, refused
from thegrid_exchange.api.services import Services
from thegrid_exchange.calls import Committed
from thegrid_exchange.engine.records import Instrument, Key, Market, Member, Spend
from thegrid_exchange.engine.refusals import Refusal, Refused
from thegrid_exchange.engine.rules.spending import spend_at


class Handler:
    """The base of every servicer."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def ask(self, command: Any, request_id: str, request_hash: bytes = b"") -> Committed:
        """Have a command carried out; raises the refusal when it is refused."""
        answer = await self.services.sequencer.submit(
            command,
            actor=caller().member_id,
            request_id=request_id,
            request_hash=request_hash,
        )
        if isinstance(answer.reply, Refusal):
            raise Refused(answer.reply)
        return answer

    async def reach(self, request: Any) -> None:
        """Wait until the views stand at the position that the request asks for, or later."""
        position = request.min_position
        if not position.seq:
            return
        partition = self.services.config.partition
        if position.partition not in (0, partition):
            raise invalid("min_position.partition", f"must be {partition}", "position.partition")
        if position.seq < 0:
            raise invalid("min_position.seq", "must not be negative", "position.seq")
        await self.services.live.reach(position.seq)

    def position(self, seq: int) -> common_pb2.Position:
        """Where a write is durable."""
        return position_of(self.services.config.partition, seq)

    def instrument(self, name: str, field: str = "instrument") -> Instrument:
        """The instrument of an id or symbol. Refused with INSTRUMENT_NOT_FOUND."""
        found = self.services.live.catalogue.instrument(name)
        if found is None:
            raise refused(
                "INSTRUMENT_NOT_FOUND",
                field,
                f"there is no instrument {name[:64]!r}; ListInstruments names those there are",
            )
        return found

    def optional_instrument_id(self, name: str) -> str:
        """The instrument id of a filter; empty stays empty."""
        return self.instrument(name).instrument_id if name else ""

    def market(self, name: str, field: str = "market") -> Market:
        """The market of an id or symbol. Refused with MARKET_NOT_FOUND."""
        found = self.services.live.catalogue.market(name)
        if found is None:
            raise refused(
                "MARKET_NOT_FOUND",
                field,
                f"there is no market {name[:64]!r}; ListMarkets names those there are",
            )
        return found

    def market_id(self, name: str, field: str = "market") -> str:
        """As `market`, the id alone."""
        return self.market(name, field).market_id

    def optional_market_id(self, name: str) -> str:
        """The market id of a filter; empty stays empty."""
        return self.market_id(name) if name else ""

    def symbol(self, instrument_id: str) -> str:
        """The symbol of an instrument id."""
        return self.services.live.catalogue.symbol(instrument_id)

    def now_us(self) -> int:
        """The present, never before what is already journaled."""
        return max(self.services.clock.now_us(), self.services.live.state.now_us)

    def spend(self, owner_id: str) -> Spend:
        """What a key, or a member's auto mode, has spent, as it counts now."""
        spend = self.services.live.state.spends.get(owner_id) or Spend(owner_id)
        return spend_at(spend, self.now_us())

    def member_shown(self, member: Member) -> members_pb2.Member:
        """A member with what its auto mode has spent."""
        return member_message(member, self.spend(member.member_id))

    def key_shown(self, key: Key) -> members_pb2.Key:
        """A key with what it has used."""
        return key_message(key, self.spend(key.key_id), self.now_us())
