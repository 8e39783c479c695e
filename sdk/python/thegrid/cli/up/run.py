"""Starts the processes of `grid up` in order, keeps them going, and stops them in order.
What is put into the market stands in `seed`, what is printed in `banner`.
"""

import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType

from thegrid.cli.catalogue import Entry, catalogue_text, read_catalogue
from thegrid.cli.secrets import read_secret
from thegrid.cli.up.banner import ready_json, ready_text
from thegrid.cli.up.children import Child, ChildDied, stop
from thegrid.cli.up.plan import Plan
from thegrid.cli.up.programs import (
    exchange_env,
    gateway_env,
    lowest_ask_micros,
    supplier_arguments,
    supplier_env,
)
from thegrid.cli.up.seed import CONSUMER, SUPPLIERS, Seeded, seed, top_up
from thegrid.errors import GridError
from thegrid.sync.client import Client
from thegrid.v1 import members_pb2

EXIT_DONE, EXIT_FAILED = 0, 1
_READY_WITHIN_S = 60.0
_DRAIN_S = 15.0
_LOOK_S = 0.2
_TOP_UP_S = 15.0


class Stopped(Exception):
    """The user asked for the end."""


def run(plan: Plan, *, as_json: bool = False) -> int:
    """Run the market until it is told to stop; return the exit status."""
    market = Market(plan, ready_json if as_json else ready_text)
    stopper = Stopper()
    try:
        market.begin(stopper)
        market.keep(stopper)
    except Stopped:
        _say("stopping; running calls may finish")
        return EXIT_DONE
    except (ChildDied, GridError, OSError) as problem:
        _say(f"grid up: {problem}")
        return EXIT_FAILED
    finally:
        market.end()
    return EXIT_DONE


class Stopper:
    """Turns Ctrl-C and SIGTERM into an end in good order; a second one ends at once."""

    def __init__(self) -> None:
        self._is_asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def check(self) -> None:
        """Raise Stopped when the end was asked for."""
        if self._is_asked:
            raise Stopped

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._is_asked:
            signal.signal(number, signal.SIG_DFL)
        self._is_asked = True


class Market:
    """The processes, and the operator's and consumer's clients."""

    def __init__(self, plan: Plan, ready: Callable[[Plan, str, list[Entry]], str]) -> None:
        self._plan = plan
        self._ready = ready
        self._catalogue = read_catalogue(catalogue_text())
        self._exchange = self._child("exchange", ["thegrid_exchange", "serve"], exchange_env(plan))
        self._gateway = self._child("gateway", ["thegrid_gateway"], gateway_env(plan))
        self._suppliers: list[Child] = []
        self._restart_at_s: dict[str, float] = {}
        self._operator: Client | None = None
        self._consumer: Client | None = None
        self._seeded: Seeded | None = None

    def begin(self, stopper: Stopper) -> None:
        """Start everything, in the order in which one needs the other, and say READY."""
        plan = self._plan
        plan.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._exchange.start()
        self._wait(stopper, "exchange", self._exchange_answers, [self._exchange])
        assert self._operator is not None
        self._seeded = seed(plan, self._operator, self._catalogue)
        api_key = self._seeded.secrets[CONSUMER]
        self._consumer = Client(plan.grpc, api_key, tls=False)
        self._top_up()
        self._gateway.start()
        self._start_suppliers()
        needed = [self._exchange, self._gateway]
        self._wait(stopper, "gateway", self._gateway_answers, needed)
        self._wait(stopper, "suppliers", self._has_asks, [*needed, *self._suppliers])
        print(self._ready(plan, api_key, self._catalogue), flush=True)

    def keep(self, stopper: Stopper) -> None:
        """Keep everything going until the end is asked for or something breaks for good."""
        next_top_up_s = time.monotonic() + _TOP_UP_S
        while True:
            stopper.check()
            self._exchange.require()
            self._gateway.require()
            self._restart_suppliers()
            if time.monotonic() >= next_top_up_s:
                next_top_up_s = time.monotonic() + _TOP_UP_S
                self._top_up()
            time.sleep(_LOOK_S)

    def end(self) -> None:
        """Stop everything: first who takes calls, then who serves them, then the exchange."""
        for client in (self._operator, self._consumer):
            if client is not None:
                client.close()
        for children in ([self._gateway], self._suppliers, [self._exchange]):
            for name in stop(children, _DRAIN_S):
                _say(f"the {name} did not stop within {_DRAIN_S:g} s and was killed")

    def _child(self, name: str, arguments: list[str], environment: dict[str, str]) -> Child:
        return Child(name, arguments, environment, self._plan.log_file(name))

    def _start_suppliers(self) -> None:
        assert self._seeded is not None
        for number, handle in enumerate(SUPPLIERS):
            child = self._child(
                handle,
                supplier_arguments(self._plan, self._catalogue, number),
                supplier_env(self._plan, self._seeded.secrets[handle]),
            )
            child.start()
            self._suppliers.append(child)

    def _restart_suppliers(self) -> None:
        """Start a supplier that ended again, ever more slowly: the market lives without it."""
        for child in self._suppliers:
            if child.is_running:
                continue
            due_s = self._restart_at_s.get(child.name)
            if due_s is None:
                pause_s = min(60.0, 2.0 ** min(child.starts, 6))
                self._restart_at_s[child.name] = time.monotonic() + pause_s
                _say(f"{child.name} ended and starts again in {pause_s:g} s:\n{child.last_words()}")
            elif time.monotonic() >= due_s:
                del self._restart_at_s[child.name]
                child.start()

    def _wait(
        self, stopper: Stopper, name: str, is_ready: Callable[[], bool], needed: list[Child]
    ) -> None:
        """Wait until something is ready. Raises ChildDied when it cannot be any more."""
        ends_at_s = time.monotonic() + _READY_WITHIN_S
        while not is_ready():
            stopper.check()
            for child in needed:
                child.require()
            if time.monotonic() > ends_at_s:
                raise ChildDied(
                    f"the {name} did not become ready within {_READY_WITHIN_S:g} s\n"
                    f"{needed[-1].last_words()}\nlogs: {self._plan.data / 'logs'}"
                )
            time.sleep(_LOOK_S)

    def _exchange_answers(self) -> bool:
        secret = read_secret(self._plan.operator_key_file)
        if secret is None:
            return False
        if self._operator is None:
            self._operator = Client(self._plan.grpc, secret, tls=False)
        try:
            self._operator.call(members_pb2.GetMemberRequest(), members_pb2.GetMemberResponse, 1.0)
        except GridError as error:
            if error.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                raise
            return False
        return True

    def _gateway_answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._plan.readiness_url, timeout=1.0) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _has_asks(self) -> bool:
        """Tell whether every instrument is on offer, from the cheapest supplier of ours too."""
        assert self._consumer is not None
        best = {
            market.symbol: market.best_ask_micros
            for market in self._consumer.market_data.list()
            if market.HasField("best_ask_micros")
        }
        return all(
            entry.symbol in best and best[entry.symbol] <= lowest_ask_micros(self._plan, entry)
            for entry in self._catalogue
        )

    def _top_up(self) -> None:
        assert self._operator is not None
        assert self._consumer is not None
        assert self._seeded is not None
        try:
            top_up(self._operator, self._consumer, self._seeded.member_ids[CONSUMER])
        except GridError as error:
            _say(f"the demo consumer was not given fresh money: {error}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
