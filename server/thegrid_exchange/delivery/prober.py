"""When the venue calls suppliers itself: at once for a benchmark, now and then for all that serve.
One such call is in `probe`; what follows from it is decided in the engine.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from thegrid_exchange.calls import SequencerError
from thegrid_exchange.delivery.admission import counted
from thegrid_exchange.delivery.catalogue import FoldedRow, Terms
from thegrid_exchange.delivery.eligibility import Wants
from thegrid_exchange.delivery.parts import CallRequest, Failure
from thegrid_exchange.delivery.probe import Probe
from thegrid_exchange.delivery.timers import Timer
from thegrid_exchange.engine.events import BenchmarkChanged
from thegrid_exchange.engine.records import Benchmark
from thegrid_exchange.engine.replies import ProbeReply

if TYPE_CHECKING:
    from thegrid_exchange.delivery.relay import Relay

log = logging.getLogger(__name__)

_LOOK_US: Final = 15_000_000
"""How often it is looked whose next probe is due."""
_AGAIN_US: Final = 1_000_000
"""Wait of a benchmark for a place at its supplier."""
_HOUR_US: Final = 3_600_000_000

Pair = tuple[str, str]
"""Supplier and instrument."""


class Drafts(Protocol):
    """Makes the requests of probes, at the edge, where their shape is known."""

    def draft(self, terms: Terms, prompt_tokens: int, output_tokens: int) -> CallRequest:
        """A request like a member's, with an id of its own and about so long a prompt."""
        ...


class Prober:
    """Makes probes as long as the relay takes calls; without `drafts`, none."""

    def __init__(self, relay: "Relay", drafts: Drafts | None) -> None:
        self._relay, self._drafts = relay, drafts
        self._tasks: dict[str | Pair, asyncio.Task[None]] = {}
        """Under way, by benchmark or by whom a single probe is for."""
        self._asked: Counter[str] = Counter()
        """Probes under way of each benchmark."""
        self._due_us: dict[Pair, int] = {}
        self._timer: Timer | None = None
        # Nobody shall be able to tell when the next one comes.
        self._random = random.SystemRandom()

    def start(self) -> None:
        """Go on with the benchmarks of an earlier life, and begin to look who is due."""
        for benchmark in self._relay.catalogue.running_benchmarks():
            self._begin(benchmark)
        self._look_later()

    async def stop(self) -> None:
        """Leave what is under way."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fold(self, rows: Sequence[FoldedRow]) -> None:
        """See benchmarks begin."""
        for row in rows:
            for event in row.events:
                if type(event) is BenchmarkChanged and event.benchmark.status == "running":
                    self._begin(event.benchmark)

    def _run(self, name: str | Pair, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SequencerError as error:
            log.warning("a probe could not be journaled: %s", error)
        except Exception:
            log.exception("a probe failed in the relay")

    # ---- benchmarks ----------------------------------------------------------------------------

    def _begin(self, benchmark: Benchmark) -> None:
        if self._drafts is None or self._relay.is_draining:
            return
        if benchmark.benchmark_id not in self._tasks:
            self._run(benchmark.benchmark_id, self._measure(benchmark))

    async def _measure(self, benchmark: Benchmark) -> None:
        lanes = [self._lane(benchmark) for _ in range(benchmark.concurrent_probes)]
        await asyncio.gather(*lanes)
        del self._asked[benchmark.benchmark_id]

    async def _lane(self, benchmark: Benchmark) -> None:
        """One probe after the other until all that the benchmark wants are made or under way."""
        identifier, pair = benchmark.benchmark_id, (benchmark.member_id, benchmark.instrument_id)
        while True:
            current = self._relay.catalogue.benchmark(*pair)
            if current is None or (current.benchmark_id, current.status) != (identifier, "running"):
                return
            if len(current.probes) + self._asked[identifier] >= current.probes_wanted:
                return
            self._asked[identifier] += 1
            try:
                is_made = await self._probe(pair, identifier)
            finally:
                self._asked[identifier] -= 1
            if not is_made:
                await self._relay.clock.sleep(_AGAIN_US)

    # ---- probes that go on ---------------------------------------------------------------------

    def _look_later(self) -> None:
        if self._drafts is not None:
            self._timer = self._relay.timers.after(_LOOK_US, self._look)

    def _look(self) -> None:
        if self._relay.is_draining:
            return
        per_hour = self._relay.catalogue.term("probes_per_hour")
        serving = self._serving() if per_hour else set()
        for gone in self._due_us.keys() - serving:
            del self._due_us[gone]
        now_us = self._relay.clock.steady_us()
        for pair in serving:
            due_us = self._due_us.setdefault(pair, now_us + self._span_us(per_hour))
            if due_us <= now_us and pair not in self._tasks:
                self._run(pair, self._probe_once(pair, now_us + self._span_us(per_hour)))
        self._look_later()

    def _serving(self) -> set[Pair]:
        """Who is connected here and able to serve what."""
        catalogue = self._relay.catalogue
        return {
            (link.supplier_id, instrument_id)
            for link in self._relay.suppliers.links()
            if not link.draining
            for instrument_id in link.instrument_ids
            if catalogue.offer(link.supplier_id, instrument_id) is not None
        }

    def _span_us(self, per_hour: int) -> int:
        """Half to one and a half of the mean distance between two probes."""
        mean_us = _HOUR_US // per_hour
        return self._random.randint(mean_us // 2, mean_us * 3 // 2)

    async def _probe_once(self, pair: Pair, next_due_us: int) -> None:
        if await self._probe(pair, ""):
            self._due_us[pair] = next_due_us

    # ---- one probe -----------------------------------------------------------------------------

    async def _probe(self, pair: Pair, benchmark_id: str) -> bool:
        """Make one probe and have it counted; whether it came to anything."""
        relay = self._relay
        terms = relay.catalogue.terms(pair[1], relay.clock.now_us())
        if terms is None or self._drafts is None:
            return False
        spec = terms.contract.spec
        half_tokens = spec.context_tokens_min // 2
        most_tokens = min(
            relay.catalogue.term("probe_prompt_tokens"),
            spec.first_token_bands[0].prompt_tokens_max,
            half_tokens,
        )
        prompt_tokens = self._random.randint(most_tokens // 8, most_tokens)
        output_tokens = min(
            relay.catalogue.term("probe_output_tokens"), spec.output_tokens_min, half_tokens
        )
        request = self._drafts.draft(terms, prompt_tokens, output_tokens)
        admitted = await counted(request, terms, Wants(pair[1], probed_id=pair[0]))
        if isinstance(admitted, Failure):
            log.warning("no probe of %s: %s", terms.instrument.symbol, admitted.message)
            return False
        report = await Probe(relay, request, admitted).run(benchmark_id)
        if report is None:
            return False
        reply = await relay.submitter.insist(report)
        return isinstance(reply, ProbeReply) and reply.probe.verdict != "venue_fault"
