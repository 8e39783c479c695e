"""What every read shares: one GET becomes questions to the exchange, with the caller's own key.

What is asked is in `catalogue.py`, `usage.py` and `responses.py`.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from thegrid import errors
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, from_refusal, internal
from thegrid_gateway.http import ClientLeft, Http
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.queries import read_query
from thegrid_gateway.routes import Operation

_log = logging.getLogger("thegrid_gateway")
TIMEOUT_S: Final = 10.0
"""Time that the exchange has for one question."""

PAGE_MAX: Final = 1_000

Metadata = tuple[tuple[str, str], ...]


class ReadRequest(NamedTuple):
    """One request to read; its query is checked."""

    path: Mapping[str, str]
    query: Mapping[str, Any]
    metadata: Metadata
    """Carries the caller's key; empty when it gave none and none is needed."""
    is_anthropic: bool
    """Whether a client of Anthropic's asks."""


Read = Callable[[ReadRequest], Awaitable[dict[str, Any]]]


class Endpoint:
    """One read as an ASGI application."""

    def __init__(self, config: Config, metrics: Metrics, operation: Operation, read: Read) -> None:
        self._config = config
        self._metrics = metrics
        self._operation = operation
        self._read = read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        http = Http(scope, receive, send, self._config)
        try:
            await http.answer(200, await self._read(self._asked(scope, http)))
        except ClientLeft:
            pass
        except ApiError as refused:
            await http.refuse(refused)
        except grpc.RpcError as failure:
            await http.refuse(from_refusal(errors.from_rpc(failure)))
        except Exception:
            _log.exception("%s: unexpected fault", http.request_id)
            await http.refuse(internal())
        finally:
            self._metrics.count(self._operation.counted_as, http.status)

    def _asked(self, scope: Scope, http: Http) -> ReadRequest:
        operation = self._operation
        metadata: Metadata = ()
        if operation.key == "required" or http.has_credential:
            metadata = (
                ("authorization", f"Bearer {http.credential()}"),
                ("x-request-id", http.request_id),
            )
        query = QueryParams(scope["query_string"])
        return ReadRequest(
            scope["path_params"],
            read_query(operation.query, query, closed=operation.closed_query),
            metadata,
            bool(http.header(b"anthropic-version")),
        )
