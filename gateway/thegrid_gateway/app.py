"""The wiring of one worker: settings, the link to the exchange, routes, health.

How processes are started and stopped is in `__main__.py`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from thegrid.frames import open_channel
from thegrid.session import SessionPool
from thegrid.settings import Settings, load_settings
from thegrid_gateway.aliases import load_aliases
from thegrid_gateway.chat import ChatCompletions
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, no_route, wrong_method
from thegrid_gateway.inference import Link
from thegrid_gateway.limits import OutputLimits
from thegrid_gateway.messages import Messages, message_counting
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.reads import Reads
from thegrid_gateway.repeats import Repeats
from thegrid_gateway.response_store import open_store
from thegrid_gateway.responses import KeptResponses, Responses, response_counting
from thegrid_gateway.traces import open_traces

_CHAT = "/v1/chat/completions"
_MESSAGES = "/v1/messages"
_COUNT = "/v1/messages/count_tokens"
_RESPONSES = "/v1/responses"
_READ = ["GET", "HEAD"]


class Gateway:
    """One worker's gateway, as an ASGI application."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.metrics = Metrics()
        self.is_draining = False
        self.pool: SessionPool | None = None
        self._posts: dict[str, ASGIApp] = {}
        self._aliases = load_aliases(config)
        self._store = open_store(config.responses_store, config.responses_store_s)
        self._traces = open_traces(config)
        self._app = Starlette(lifespan=self._live)
        self._app.router.redirect_slashes = False
        self._app.add_exception_handler(HTTPException, _refuse_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the hot path is found without a router."""
        if scope["type"] == "http" and scope["method"] == "POST":
            endpoint = self._posts.get(scope["path"]) or self._app
            await endpoint(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _live(self, app: Starlette) -> AsyncIterator[None]:
        settings = exchange_settings(self.config)
        pool = SessionPool(
            settings,
            sessions=self.config.sessions,
            connect_wait_s=self.config.connect_wait_s,
        )
        channel = open_channel(settings)
        self.pool = pool
        link = Link(pool, OutputLimits(channel), Repeats(channel), self._traces)
        shared = (self.config, link, self.metrics, self._aliases)
        kept = KeptResponses(self._store, channel)
        self._posts = {
            _RESPONSES: Responses(*shared, kept),
            f"{_RESPONSES}/input_tokens": response_counting(
                self.config, channel, self.metrics, self._aliases
            ),
            _CHAT: ChatCompletions(*shared),
            _MESSAGES: Messages(*shared),
            _COUNT: message_counting(self.config, channel, self.metrics, self._aliases),
        }
        reads = Reads(self.config, channel, self.metrics, self._aliases)
        app.router.routes.extend([*self._routes(reads), *_kept_routes(reads, kept)])
        pool.start()
        watching = asyncio.ensure_future(self.metrics.watch(pool))
        try:
            yield
        finally:
            watching.cancel()
            await pool.close(self.config.grace_s)
            await channel.close()
            if self._traces is not None:
                await asyncio.to_thread(self._traces.telemetry.close)
            if self._store is not None:
                self._store.close()

    def _routes(self, reads: Reads) -> list[Route]:
        return [
            *(Route(path, _post_only, methods=["POST"]) for path in self._posts),
            _read("/v1/models", reads.endpoint("models", reads.list_models)),
            _read("/v1/models/{model:path}", reads.endpoint("models", reads.get_model)),
            _read("/v1/usage", reads.endpoint("usage", reads.list_usage)),
            _read("/v1/usage/{id}", reads.endpoint("usage", reads.get_usage)),
            Route("/healthz", self._healthz, methods=_READ),
            Route("/readyz", self._readyz, methods=_READ),
            Route("/metrics", self._metrics, methods=_READ),
        ]

    async def _healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, request: Request) -> Response:
        if self.is_draining:
            return JSONResponse({"status": "draining"}, 503)
        if self.pool is None or not self.pool.is_ready:
            error = self.pool.last_error if self.pool is not None else None
            reason = str(error) if error is not None else "dialling the exchange"
            return JSONResponse({"status": "not ready", "reason": reason}, 503)
        return JSONResponse({"status": "ready"})

    async def _metrics(self, request: Request) -> Response:
        page, content_type = self.metrics.page()
        return Response(page, media_type=content_type)


def _kept_routes(reads: Reads, kept: KeptResponses) -> list[Route]:
    one = _RESPONSES + "/{id}"
    return [
        _read(one, reads.endpoint("responses", kept.get)),
        Route(one, reads.endpoint("responses", kept.delete), methods=["DELETE"]),
        _read(f"{one}/input_items", reads.endpoint("responses", kept.input_items)),
        Route(f"{one}/cancel", reads.endpoint("responses", kept.cancel), methods=["POST"]),
    ]


def _read(path: str, endpoint: Any) -> Route:
    return Route(path, endpoint, methods=_READ)


async def _post_only(request: Request) -> Response:
    return _answer(wrong_method(request.method, request.url.path))


async def _refuse_route(request: Request, fault: Exception) -> Response:
    method, path = request.method, request.url.path
    is_known = isinstance(fault, HTTPException) and fault.status_code == 405
    return _answer(wrong_method(method, path) if is_known else no_route(path))


def _answer(error: ApiError) -> Response:
    headers = {name.decode(): value.decode() for name, value in error.retry_headers()}
    return JSONResponse(error.body(), error.status, headers)


def exchange_settings(config: Config) -> Settings:
    """Answer how this gateway reaches the exchange, with its own key."""
    return load_settings(
        config.grpc or None,
        config.secret(),
        tls=config.grpc_tls or None,
        user_agent="thegrid-gateway",
    )
