"""Counting a prompt before it is sent: the exchange counts, by the instrument's metering policy.

Which dialect the request is in is told by whoever makes the endpoint.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import grpc
import grpc.aio
from starlette.types import Receive, Scope, Send

from thegrid import errors
from thegrid.v1 import delivery_pb2, delivery_pb2_grpc
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, from_refusal, internal
from thegrid_gateway.fields import Check
from thegrid_gateway.http import ClientLeft, Http
from thegrid_gateway.inference import chat_request, parse_body, translated
from thegrid_gateway.metrics import Metrics

_log = logging.getLogger("thegrid_gateway")
_TIMEOUT_S = 10.0


class Counting:
    """One endpoint that counts, as an ASGI application."""

    def __init__(
        self,
        config: Config,
        channel: grpc.aio.Channel,
        metrics: Metrics,
        aliases: Aliases,
        *,
        check: Check,
        translate: Callable[[Mapping[str, Any]], dict[str, Any]],
        answer: Callable[[int], dict[str, Any]],
        is_messages: bool = False,
    ) -> None:
        self._config = config
        self._deliveries = delivery_pb2_grpc.DeliveryServiceStub(channel)
        self._metrics = metrics
        self._aliases = aliases
        self._check = check
        self._translate = translate
        self._answer = answer
        self._is_messages = is_messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        http = Http(scope, receive, send, self._config)
        http.is_messages = self._is_messages
        try:
            await http.answer(200, self._answer(await self._count(http)))
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
            self._metrics.count("count_tokens", http.status)

    async def _count(self, http: Http) -> int:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        chat = translated(self._translate, body)
        chat.pop("grid", None)
        asked = delivery_pb2.CountTokensRequest(
            instrument=self._aliases.instrument(chat["model"]), request=chat_request(chat)
        )
        metadata = (
            ("authorization", f"Bearer {credential}"),
            ("x-request-id", http.request_id),
        )
        counted = await self._deliveries.CountTokens(asked, metadata=metadata, timeout=_TIMEOUT_S)
        return int(counted.prompt_tokens)
