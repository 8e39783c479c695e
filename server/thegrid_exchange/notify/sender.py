"""One POST to one address: guarded, timed, without redirects, and what came of it.

When it is tried again is the outbox's business.
"""

from typing import NamedTuple, Protocol

import aiohttp

from thegrid_exchange.clock import Clock
from thegrid_exchange.notify.addresses import AddressRefused, Guard
from thegrid_exchange.notify.events import SIGNATURE_HEADER, signature


class Posted(NamedTuple):
    """What came of one attempt; `failure` is empty when the address took the event."""

    http_status: int
    failure: str
    duration_us: int


class Sends(Protocol):
    """A sender, as the outbox sees it."""

    async def post(self, url: str, body: bytes, secret: str) -> Posted:
        """Post a signed body; never raises for what the network or the address does."""
        ...


class Sender:
    """Posts signed bodies; each with a connection of its own, so that none outlives its check."""

    def __init__(self, guard: Guard, clock: Clock, *, timeout_us: int) -> None:
        self._guard, self._clock = guard, clock
        self._timeout_us = timeout_us

    async def post(self, url: str, body: bytes, secret: str) -> Posted:
        """Post a signed body; never raises for what the network or the address does."""
        started_us = self._clock.steady_us()
        status, failure = await self._attempt(url, body, secret)
        return Posted(status, failure, self._clock.steady_us() - started_us)

    async def _attempt(self, url: str, body: bytes, secret: str) -> tuple[int, str]:
        try:
            self._guard.check_url(url)
            status = await self._status(url, body, secret)
        except AddressRefused as error:
            return 0, str(error)
        except TimeoutError:
            return 0, f"no answer within {self._timeout_us // 1_000} ms"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return 0, _words(error)
        return status, "" if 200 <= status < 300 else f"the address answered {status}"

    async def _status(self, url: str, body: bytes, secret: str) -> int:
        headers = {
            "content-type": "application/json",
            "user-agent": "thegrid-webhooks/1",
            SIGNATURE_HEADER: signature(secret, body, self._clock.now_us()),
        }
        connector = aiohttp.TCPConnector(
            socket_factory=self._guard.open_socket, force_close=True, use_dns_cache=False
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._timeout_us / 1_000_000),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            ) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            # The body of the answer is nobody's business, so it is not read.
            return response.status


def _words(error: BaseException) -> str:
    """Why, without what the address may have said."""
    refused = error.__cause__ or getattr(error, "os_error", None)
    if isinstance(refused, AddressRefused):
        return str(refused)
    return f"{type(error).__name__}: {error}"[:200]
