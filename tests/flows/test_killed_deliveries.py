"""kill -9 of the exchange at every stage of a delivery: nothing is lost, nothing is billed twice.

Each life is killed at one stage; the next one, whose clock stands a little later, recovers, settles
what is overdue, and is proved by the checker of the fault suite before it is killed in its turn.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace
from tests.flows.proof import Made, prove
from tests.support.dying_exchange import PROGRAM, STAGES
from tests.support.exchange import Participant
from tests.support.load import verify
from tests.support.remote_exchange import RemoteExchange
from tests.support.supplier import ScriptedSupplier, chat, chunk, delivery_id, serving, session
from tests.support.until import until
from tests.support.whole import SERVE, Whole
from thegrid.v1 import admin_pb2

STEP_S = 60
"""By so much the clock of each life stands after that of the one before: deadlines are over."""
POLICY = {
    "outage_gap_us": 0,
    "reservation_window_us": 20_000_000,
    "reservation_grace_us": 20_000_000,
    "reserve_step_tokens": 64,
}
SAID = " word" * 100
"""Long enough for a mark."""

Scene = Callable[["Life", Made], Awaitable[None]]


@dataclass
class Life:
    """One life of the exchange, with a supplier and a gateway connected."""

    whole: Whole
    market: Marketplace
    supplier: ScriptedSupplier

    async def call(self, identifier: str = "") -> Made:
        identifier = identifier or delivery_id()
        request = chat(max_tokens=1_000)
        secret = self.market.consumer.secret
        _, call = await self.market.session.open(secret, request, delivery_id=identifier)
        return Made(identifier, call, PROMPT_TOKENS)

    async def handed(self, made: Made) -> int:
        """The supplier's number of the call, once it has it."""
        opened = self.supplier.opened
        await self.supplier.until(lambda: self._number_of(made) in opened)
        return self._number_of(made)

    def _number_of(self, made: Made) -> int:
        opened, wanted = self.supplier.opened, made.delivery_id
        return next((number for number in opened if opened[number].delivery_id == wanted), 0)

    async def stream(self, made: Made, text: str = SAID) -> int:
        """Bring the call so far that its client has read a text."""
        number = await self.handed(made)
        await self.supplier.say(number, chunk(text))
        await made.call.until(lambda: made.call.text == text)
        return number

    async def serve(self, made: Made) -> None:
        """Bring the call to its end, which the exchange may not live to see."""
        number = await self.stream(made)
        await self.supplier.say(number, chunk(finish="stop"))
        await self.supplier.end(number)


async def nothing(life: Life, made: Made) -> None:
    """It dies by itself before any supplier has the call."""


async def offered(life: Life, made: Made) -> None:
    await life.handed(made)
    await life.whole.kill()


async def first_token(life: Life, made: Made) -> None:
    await life.stream(made, "one")
    await life.whole.kill()


async def marked(life: Life, made: Made) -> None:
    """In mid-stream: the mark of the first part is durable before the second part is admitted."""
    number = await life.stream(made)
    await life.supplier.say(number, chunk(" more" * 100))
    await made.call.until(lambda: len(made.call.text) > len(SAID))
    await life.whole.kill()


async def served(life: Life, made: Made) -> None:
    await life.serve(made)


async def answered(life: Life, made: Made) -> None:
    await life.serve(made)
    await made.call.done()
    await life.whole.kill()


class Death(NamedTuple):
    """Where a life ends: how far the call gets, what its record says, and what a repeat is told."""

    stage: str
    scene: Scene
    cause: str
    """Of the record; empty when the exchange never knew of the call, so that a repeat is served."""


DEATHS = (
    Death("before_reserve", nothing, ""),
    Death("reserve_not_durable", nothing, ""),
    Death("reserved", nothing, "report_lost"),
    Death("offered", offered, "report_lost"),
    Death("first_token", first_token, "report_lost"),
    Death("marked", marked, "report_lost"),
    Death("before_report", served, "report_lost"),
    Death("report_not_durable", served, "report_lost"),
    Death("settled", served, "completed"),
    Death("answered", answered, "completed"),
)


@dataclass
class Lives:
    """The lives of one data folder, and every call that was made in them."""

    folder: Path
    market: Marketplace | None = None
    calls: list[Made] = field(default_factory=list)
    begun: int = 0

    @property
    def armed(self) -> Path:
        """The file that lets a life die."""
        return self.folder.parent / "armed"

    @asynccontextmanager
    async def life(self, stage: str) -> AsyncIterator[Life]:
        """Begin the next life; it dies at the stage, if that is one that cannot be seen outside."""
        self.armed.unlink(missing_ok=True)
        program = (*PROGRAM, stage, str(self.armed), "serve") if stage in STAGES else SERVE
        whole = await Whole.start(
            self.folder,
            program=program,
            clock_offset_s=self.begun * STEP_S,
            requests_per_second_per_key=100_000,
        )
        self.begun += 1
        first_number = self.begun * 1_000
        exchange = RemoteExchange(whole.target, whole.operator_key, first_number)
        consumer, house, acme = await self._people(exchange)
        async with session(exchange, house) as gateway:
            market = Marketplace(exchange, consumer, house, gateway, [acme])
            if self.market is None:
                await exchange.sell_issuance(acme, 5, UNIT)
                await market.lot(5)
            self.market = market
            async with serving(exchange, acme) as supplier:
                yield Life(whole, market, supplier)
        await exchange.channel.close()

    async def _people(self, exchange: RemoteExchange) -> tuple[Participant, str, Participant]:
        known = self.market
        if known is not None:
            (acme,) = [replace(each, exchange=exchange) for each in known.suppliers]
            return replace(known.consumer, exchange=exchange), known.gateway_secret, acme
        await exchange.admin.SetPolicy(
            admin_pb2.SetPolicyRequest(
                request_id=exchange.request_id(),
                changes=[admin_pb2.PolicyValue(name=n, value=v) for n, v in POLICY.items()],
            )
        )
        await exchange.define_instrument()
        consumer = await exchange.create_member("consumer", deposit_micros=1_000 * UNIT)
        house = await exchange.create_member("house", scopes=("GATEWAY",))
        acme = await exchange.create_supplier("acme", issue_units=5)
        return consumer, house.secret, acme

    async def die(self, life: Life, death: Death) -> None:
        """Make a call in which the exchange dies."""
        self.armed.touch()
        made = await life.call()
        made.was_cut = death.stage != "answered"
        self.calls.append(made)
        await death.scene(life, made)
        assert await life.whole.exited() == -signal.SIGKILL, death.stage
        await until(lambda: life.market.session.is_over)

    async def repeat(self, life: Life, death: Death) -> None:
        """The client asks again by the same id: it is served now if it never was, else refused."""
        made = self.calls[-1]
        again = await life.call(made.delivery_id)
        if not death.cause:
            self.calls[-1] = again
            await life.serve(again)
            assert (await again.call.done()).WhichOneof("event") == "ended"
            return
        await again.call.done()
        assert again.reason == "DELIVERY_EXISTS", death.stage
        record = await life.market.usage(made.delivery_id)
        assert record.cause == death.cause, death.stage
        if death.stage in ("marked", "before_report", "report_not_durable"):
            assert record.billed_tokens > PROMPT_TOKENS, "what was marked is billed"
        elif death.cause == "report_lost":
            assert record.billed_tokens == 0, death.stage

    async def prove(self, life: Life) -> None:
        """A call of this life is served whole, and every call of all lives is billed once."""
        good = await life.call()
        self.calls.append(good)
        await life.serve(good)
        await good.call.done()
        await prove(life.market, self.calls)


async def test_a_server_killed_at_any_stage_loses_nothing_and_bills_once(tmp_path: Path) -> None:
    lives = Lives(tmp_path / "data")
    before: Death | None = None
    for death in DEATHS:
        async with lives.life(death.stage) as life:
            if before is not None:
                await lives.repeat(life, before)
            await lives.prove(life)
            await lives.die(life, death)
        before = death
    async with lives.life("none") as last:
        await lives.repeat(last, DEATHS[-1])
        await lives.prove(last)
        assert await last.whole.stop() == 0
    assert len(lives.calls) == 2 * len(DEATHS) + 1
    await verify(last.whole)
