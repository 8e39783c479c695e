"""Notices as they are listed, and as the outbox takes them.

Webhooks lie in the durable state in memory.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from thegrid_exchange.engine.events import NoticeRaised
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.engine.records import Notice
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

NOTICES = sql.table(
    "notices",
    [sql.text("member_id"), sql.number("number")],
    sql.text("kind"),
    sql.number("at_us"),
    sql.record(),
)
_PUT_NOTICE = sql.insert(NOTICES)

_notice = msgspec.msgpack.Decoder(Notice).decode


class Collector:
    """Gathers the notices of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._rows: list[tuple[Any, ...]] = []

    def collect(self) -> None:
        """Find the notices."""
        for row in self._batch.rows:
            for event in row.events:
                if type(event) is NoticeRaised:
                    self._add(event.notice)

    def _add(self, notice: Notice) -> None:
        number = number_of(notice.notice_id)
        packed = sql.pack(notice)
        self._rows.append(
            (
                self._partition,
                notice.member_id,
                number,
                notice.kind,
                notice.raised_at_us,
                packed,
            )
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._rows:
            yield _PUT_NOTICE, self._rows


class NoticesReader:
    """Notices of a member."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def newest(
        self,
        member_id: str,
        *,
        kind: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[Notice]:
        """Notices numbered below `before`, newest first."""
        query = (
            sql.Query("record", NOTICES, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number < ?", before)
            .when(kind, "kind = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [_notice(row[0]) for row in await self._reader.select(query)]

    async def after(self, member_id: str, number: int, limit: int) -> list[Notice]:
        """Notices numbered above `number`, oldest first."""
        query = (
            sql.Query("record", NOTICES, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number > ?", number)
            .order("number", limit)
        )
        return [_notice(row[0]) for row in await self._reader.select(query)]
