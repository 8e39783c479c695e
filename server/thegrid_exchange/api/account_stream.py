"""StreamAccount: the member's one private stream; every event, in order, none merged.

What belongs to other members never reaches its log.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from thegrid.v1 import accounts_pb2
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.accounts import (
    cash_message,
    lot_message,
    transfer_message,
    units_message,
)
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.api.convert.notices import notice_message
from thegrid_exchange.api.convert.trading import fill_message, order_message
from thegrid_exchange.api.convert.usage import dispute_message, late_message
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.stream_guard import StreamGuard
from thegrid_exchange.replay import OutOfReach, Past, Place
from thegrid_exchange.views.feed import Entry, Log
from thegrid_exchange.views.live import account_picture
from thegrid_exchange.views.lots import LotWithParcels

FRAME_EVENTS: Final = 256


class AccountStreamMixin(Handler):
    """The stream of AccountService."""

    async def StreamAccount(  # noqa: N802
        self, request: accounts_pb2.StreamAccountRequest, context: Any
    ) -> AsyncIterator[accounts_pb2.StreamAccountResponse]:
        asking, sent = caller(), self.services.metrics.events.labels("account")
        reader = _Reader(self.services, asking.member_id)
        with StreamGuard(self.services, asking) as guard:
            reader.enter(guard)
            try:
                if request.resume_token:
                    await reader.resume(request.resume_token)
                else:
                    yield _frame([reader.snapshot()])
                is_quiet = False
                while not guard.reason:
                    events = reader.ready()
                    if events:
                        sent.inc(len(events))
                        is_quiet = False
                        yield _frame(events)
                        continue
                    if reader.is_lost:
                        guard.reason = "READER_TOO_SLOW"
                        self.services.metrics.slow_readers.inc()
                        break
                    if guard.took_beat():
                        if is_quiet:
                            yield _frame([reader.heartbeat()])
                        is_quiet = True
                    await guard.wait()
                yield _frame([reader.end(guard)])
            finally:
                reader.leave(guard)


def _frame(events: list[accounts_pb2.AccountEvent]) -> accounts_pb2.StreamAccountResponse:
    return accounts_pb2.StreamAccountResponse(events=events)


def _invalid_token(why: str) -> Exception:
    return refused(
        "RESUME_TOKEN_INVALID",
        "resume_token",
        f"{why}; begin without a token, and list what was missed",
    )


class _Reader:
    """One stream's place in the member's log."""

    def __init__(self, services: Services, member_id: str) -> None:
        self._services, self._member_id = services, member_id
        self._purpose = f"account\0{member_id}"
        self._log: Log = services.live.account_log(member_id)
        self._place = self._log.end
        self._stands_at = Place(self._log.last_sequence, services.live.durable.seq)
        self._past: Past | None = None
        """What came before the log, when the reader was away for longer than the log goes back."""

    async def resume(self, token: str) -> None:
        """Stand after the event that the token was given out with. Refused if it cannot be."""
        place = self._place_of(token)
        kept = self._log.place_after(place.sequence)
        self._stands_at = place
        if kept is not None:
            self._place = kept
            return
        try:
            self._past = await self._services.replayer.after(self._member_id, place)
        except OutOfReach as error:
            raise _invalid_token(str(error)) from error

    def _place_of(self, token: str) -> Place:
        payload = self._services.vault.unseal(self._purpose, token)
        words = payload.split(b"/") if payload is not None else []
        if len(words) != len(Place._fields):
            raise _invalid_token("this exchange gave no such token to this member")
        return Place(*map(int, words))

    def enter(self, guard: StreamGuard) -> None:
        """Be woken by new events."""
        self._log.readers += 1
        self._log.waiting.add(guard.wake)

    def leave(self, guard: StreamGuard) -> None:
        """Be woken no more."""
        self._log.readers -= 1
        self._log.waiting.discard(guard.wake)
        if self._past is not None:
            self._past.close()
        self._services.live.leave_account(self._member_id, self._log)

    @property
    def is_lost(self) -> bool:
        """Whether events that were not read yet have left the log."""
        return not self._past and self._place < self._log.base

    def ready(self) -> list[accounts_pb2.AccountEvent]:
        """The next events, as many as a frame holds."""
        if self._past:
            return [self._event_of(entry) for entry in self._past.take(FRAME_EVENTS)]
        if self.is_lost:
            return []
        end = min(self._log.end, self._place + FRAME_EVENTS)
        entries = [self._log.at(place) for place in range(self._place, end)]
        self._place = end
        return [self._event_of(entry) for entry in entries]

    def snapshot(self) -> accounts_pb2.AccountEvent:
        """Everything open now."""
        orders, cash, units, lots = account_picture(self._services.live, self._member_id)
        event = self._event(self._services.live.state.now_us)
        event.snapshot.CopyFrom(
            accounts_pb2.AccountSnapshot(
                orders=[order_message(order) for order in orders],
                cash=cash_message(cash),
                units=[units_message(each, self._symbol(each.instrument_id)) for each in units],
                lots=[self._lot(lot) for lot in lots],
            )
        )
        return event

    def heartbeat(self) -> accounts_pb2.AccountEvent:
        """Nothing happened; the sequence is the last one, and all rows by now are known."""
        self._stands_at = self._stands_at._replace(row_seq=self._services.live.durable.seq)
        event = self._event(self._services.live.state.now_us)
        event.heartbeat.SetInParent()
        return event

    def end(self, guard: StreamGuard) -> accounts_pb2.AccountEvent:
        """The last event."""
        event = self._event(self._services.live.state.now_us)
        event.stream_end.status.CopyFrom(guard.status())
        return event

    def _event(self, at_us: int) -> accounts_pb2.AccountEvent:
        sequence, row_seq = self._stands_at
        token = self._services.vault.seal(self._purpose, b"%d/%d" % (sequence, row_seq))
        return accounts_pb2.AccountEvent(
            sequence=sequence, resume_token=token, event_time=time_of(at_us)
        )

    def _event_of(self, entry: Entry) -> accounts_pb2.AccountEvent:
        row_seq, kind, record = entry.content
        self._stands_at = Place(entry.sequence, row_seq)
        event = self._event(entry.at_us)
        if kind == "order":
            event.order.CopyFrom(order_message(record))
        elif kind == "fill":
            event.fill.CopyFrom(fill_message(*record))
        elif kind == "cash":
            event.cash.CopyFrom(cash_message(record))
        elif kind == "units":
            event.units.CopyFrom(units_message(record, self._symbol(record.instrument_id)))
        elif kind == "transfer":
            event.transfer.CopyFrom(transfer_message(*record))
        elif kind == "lot":
            (lot, parcels), outage_us = record
            event.lot.CopyFrom(lot_message(lot, parcels, outage_us, entry.at_us))
        elif kind == "notice":
            event.notice.CopyFrom(notice_message(record))
        elif kind == "dispute":
            event.dispute.CopyFrom(dispute_message(record))
        elif kind == "late_report":
            event.late_report.CopyFrom(late_message(*record))
        else:
            event.usage.CopyFrom(self._services.records.message(record))
        return event

    def _lot(self, found: LotWithParcels) -> Any:
        state = self._services.live.state
        now_us = max(self._services.clock.now_us(), state.now_us)
        return lot_message(found.lot, found.parcels, state.outage_us, now_us)

    def _symbol(self, instrument_id: str) -> str:
        return self._services.live.catalogue.symbol(instrument_id)
