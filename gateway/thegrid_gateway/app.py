"""The wiring of one worker: settings, the link to the exchange, routes, health.

How processes are started and stopped is in `__main__.py`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from thegrid.frames import open_channel
from thegrid.session import SessionPool
from thegrid.settings import Settings, load_settings
from thegrid_gateway import json_text
from thegrid_gateway.aliases import load_aliases
from thegrid_gateway.catalogue import Catalogue, ModelReads
from thegrid_gateway.chat import ChatCompletions
from thegrid_gateway.completions import Completions
from thegrid_gateway.config import Config
from thegrid_gateway.embeddings import Embeddings
from thegrid_gateway.errors import ApiError, no_route, wrong_method
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Link
from thegrid_gateway.limits import OutputLimits
from thegrid_gateway.messages import Messages, message_counting
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.openapi import document
from thegrid_gateway.reads import Endpoint
from thegrid_gateway.repeats import Repeats
from thegrid_gateway.response_store import open_store
from thegrid_gateway.responses import KeptResponses, Responses, response_counting
from thegrid_gateway.routes import JSON, operations
from thegrid_gateway.traces import open_traces
from thegrid_gateway.usage import UsageReads


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
        self._operations = operations(config)
        self._written = json_text.write(document(self._operations))
        self._app = Starlette(lifespan=self._live)
        self._app.router.redirect_slashes = False
        self._app.router.default = self._no_route

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
        self._serve(app, self._handlers(pool, channel))
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

    def _handlers(self, pool: SessionPool, channel: grpc.aio.Channel) -> dict[str, Any]:
        """Answer what serves each operation of the table, by its name."""
        config, metrics, aliases = self.config, self.metrics, self._aliases
        link = Link(pool, OutputLimits(channel), Repeats(channel), self._traces)
        shared = (config, link, metrics, aliases)
        counted = (config, channel, metrics, aliases)
        kept = KeptResponses(self._store, channel)
        models = ModelReads(Catalogue(config, channel, aliases), channel, aliases)
        usage = UsageReads(channel)
        return {
            "createChatCompletion": ChatCompletions(*shared),
            "createCompletion": Completions(*shared),
            "createEmbedding": Embeddings(*shared),
            "createResponse": Responses(*shared, kept),
            "countResponseTokens": response_counting(*counted),
            "createMessage": Messages(*shared),
            "countMessageTokens": message_counting(*counted),
            "getResponse": kept.get,
            "deleteResponse": kept.delete,
            "listInputItems": kept.input_items,
            "cancelResponse": kept.cancel,
            "listModels": models.list_models,
            "getModel": models.get_model,
            "listUsage": usage.list,
            "summarizeUsage": usage.summarize,
            "getUsage": usage.get,
            "getHealth": self._healthz,
            "getReadiness": self._readyz,
            "getMetrics": self._metrics,
            "getDocument": self._document,
        }

    def _serve(self, app: Starlette, handlers: dict[str, Any]) -> None:
        """Make the routes of the table."""
        by_path: dict[str, dict[str, ASGIApp]] = {}
        for operation in self._operations:
            handler = handlers.pop(operation.name)
            if operation.counted_as:
                handler = Endpoint(self.config, self.metrics, operation, handler)
            elif operation.key == "none":
                handler = request_response(handler)
            by_path.setdefault(operation.path, {})[operation.method] = handler
        assert not handlers, handlers
        for path, methods in by_path.items():
            if "POST" in methods and "{" not in path:
                self._posts[path] = methods["POST"]
            # Names of models may have slashes.
            path = path.replace("{model}", "{model:path}")
            app.router.routes.append(Route(path, ByMethod(self.config, methods)))

    async def _no_route(self, scope: Scope, receive: Receive, send: Send) -> None:
        await refuse(scope, receive, send, self.config, no_route(scope["path"]))

    async def _document(self, request: Request) -> Response:
        return Response(self._written, media_type=JSON)

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


class ByMethod:
    """One path: the handler of each method that it is served with."""

    def __init__(self, config: Config, methods: dict[str, ASGIApp]) -> None:
        self._config = config
        self._methods = dict(methods)
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]
        self._allowed = ", ".join(sorted(self._methods)).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say with which methods the path is served."""
        handler = self._methods.get(scope["method"])
        if handler is not None:
            await handler(scope, receive, send)
            return
        refused = wrong_method(scope["method"], scope["path"])
        refused.headers += ((b"allow", self._allowed),)
        await refuse(scope, receive, send, self._config, refused)


async def refuse(
    scope: Scope, receive: Receive, send: Send, config: Config, error: ApiError
) -> None:
    """Answer a request that no operation serves, in the shape of its surface."""
    http = Http(scope, receive, send, config)
    http.is_messages = scope["path"].startswith("/v1/messages")
    await http.refuse(error)


def exchange_settings(config: Config) -> Settings:
    """Answer how this gateway reaches the exchange, with its own key."""
    return load_settings(
        config.grpc or None,
        config.secret(),
        tls=config.grpc_tls or None,
        user_agent="thegrid-gateway",
    )
