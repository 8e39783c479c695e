"""Runs calls: deadline, request id, repeats under the shared rules, and the observer.
The connection itself is in `channel`; what is called stands with each noun.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from google.protobuf.message import Message

from thegrid.aio.channel import Channel, Incoming
from thegrid.errors import GridError
from thegrid.methods import Method, method_of, with_request_id
from thegrid.policy import Attempts, Budget, rules
from thegrid.settings import Call, Settings

Response = TypeVar("Response", bound=Message)
Page = TypeVar("Page", bound=Message)
Item = TypeVar("Item")


class Transport:
    """Everything the nouns need of a connection."""

    def __init__(self, settings: Settings, channel: Channel) -> None:
        self._settings = settings
        self._budget = Budget(rules().budget_tokens, rules().budget_ratio)
        self.channel = channel

    async def call(
        self, request: Message, response_type: type[Response], timeout_s: float | None = None
    ) -> Response:
        """Run a unary call to its answer, repeating it where the rules allow.

        The deadline, from the argument, else the client's settings, else the shared rules, spans
        all attempts. Raises GridError; for a write, `request_id` of the error is the id to repeat
        it with.
        """
        method = method_of(type(request))
        request, request_id = with_request_id(method, request)
        rule = rules().services[method.service]
        span_s = timeout_s or self.timeout_s(method.service)
        ends_at_s = self.channel.now_s() + span_s
        attempts = Attempts(method, rule, self._budget, ends_at_s)
        while True:
            try:
                return await self._attempt(attempts, request, request_id, response_type)
            except GridError as error:
                error.request_id = request_id or error.request_id
                pause_s = attempts.pause_s(error, self.channel.now_s())
                if pause_s is None:
                    raise
            await self.channel.sleep(pause_s)

    async def pages(
        self, request: Message, response_type: type[Page], items: Callable[[Page], Iterable[Item]]
    ) -> AsyncIterator[Item]:
        """Yield the items of all pages, asking for the next page only when it is needed."""
        asked = type(request)()
        asked.CopyFrom(request)
        while True:
            page = await self.call(asked, response_type)
            for item in items(page):
                yield item
            token: str = getattr(page, "next_page_token")  # noqa: B009
            if not token:
                return
            setattr(asked, "page_token", token)  # noqa: B010

    def stream(
        self, request: Message, response_type: type[Response], timeout_s: float | None = None
    ) -> Incoming[Response]:
        """Open a server stream; whoever opens it cancels it."""
        return self.channel.stream(request, response_type, timeout_s)

    def timeout_s(self, service: str) -> float:
        """Return the deadline of a call of a service that names none itself, in seconds."""
        return self._settings.timeout_s or rules().services[service].timeout_s

    async def _attempt(
        self, attempts: Attempts, request: Message, request_id: str, response_type: type[Response]
    ) -> Response:
        began_s = self.channel.now_s()
        code = "CANCELLED"
        try:
            remaining_s = attempts.remaining_s(began_s)
            response = await self.channel.once(attempts.method, request, response_type, remaining_s)
            code = "OK"
        except GridError as error:
            code = error.code
            raise
        finally:
            self._observe(attempts.method, request_id, attempts.failures + 1, code, began_s)
        self._budget.succeeded()
        return response

    def _observe(
        self, method: Method, request_id: str, attempt: int, code: str, began_s: float
    ) -> None:
        if self._settings.observer is not None:
            lasted_s = self.channel.now_s() - began_s
            self._settings.observer(Call(method.path, request_id, attempt, code, lasted_s))
