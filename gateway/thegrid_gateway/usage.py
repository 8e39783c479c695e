"""`/v1/usage`: the caller's usage records, one, a page, or added up, as the exchange tells them.

How a record is written is in `records.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from thegrid.v1 import usage_pb2, usage_pb2_grpc
from thegrid_gateway.errors import ApiError
from thegrid_gateway.queries import instant_of
from thegrid_gateway.reads import TIMEOUT_S, ReadRequest
from thegrid_gateway.records import record_to_json, signed, summary_row, totals_to_json

_ANSWER_PREFIXES: Final = ("chatcmpl-", "cmpl-", "msg_", "resp_")
_PAGE: Final = 100
_SAME: Final = ("key_id", "serving_model", "supplier_id")


class UsageReads:
    """The endpoints."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._usage = usage_pb2_grpc.UsageServiceStub(channel)

    async def get(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/usage/{request_id}: one record, by any id that the caller has seen."""
        wanted = asked.path["request_id"]
        prefix = next((each for each in _ANSWER_PREFIXES if wanted.startswith(each)), "")
        if prefix:
            wanted = "usg_" + wanted.removeprefix(prefix)
        if len(wanted) > 128:
            raise ApiError(404, "There is no such usage record of yours.", code="usage_not_found")
        found = await self._usage.GetUsage(
            usage_pb2.GetUsageRequest(id=wanted), metadata=asked.metadata, timeout=TIMEOUT_S
        )
        return record_to_json(found.usage) | {"signed": signed(found.receipt) or None}

    async def list(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/usage: records, newest first, page by page."""
        query = asked.query
        page = await self._usage.ListUsage(
            usage_pb2.ListUsageRequest(
                **_filters(query),
                page_size=query.get("limit", _PAGE),
                page_token=query.get("after", ""),
                disputed=query.get("disputed", False),
            ),
            metadata=asked.metadata,
            timeout=TIMEOUT_S,
        )
        return {
            "object": "list",
            "data": [record_to_json(record) for record in page.usage],
            "has_more": bool(page.next_page_token),
            "next": page.next_page_token or None,
        }

    async def summarize(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/usage/summary: settled calls added up."""
        query = asked.query
        groups = list(dict.fromkeys(query.get("group_by", ())))
        interval = query.get("interval", "unspecified")
        found = await self._usage.SummarizeUsage(
            usage_pb2.SummarizeUsageRequest(
                **_filters(query),
                interval=f"SUMMARY_INTERVAL_{interval.upper()}",
                group_by=[f"SUMMARY_GROUP_{group.upper()}" for group in groups],
            ),
            metadata=asked.metadata,
            timeout=TIMEOUT_S,
        )
        return {
            "object": "grid.usage.summary",
            "start_time": found.start_time.ToJsonString(),
            "end_time": found.end_time.ToJsonString(),
            "interval": query.get("interval"),
            "group_by": groups,
            "data": [summary_row(row, groups) for row in found.rows],
            "totals": totals_to_json(found.totals),
        }


def _filters(query: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what both lists and summaries are narrowed by. Raises ApiError."""
    narrowed: dict[str, Any] = {name: query.get(name, "") for name in _SAME}
    instruments = {query[name] for name in ("instrument", "model") if name in query}
    if len(instruments) > 1:
        raise ApiError(
            400,
            "Invalid 'model': it is another word for 'instrument'; give one of them.",
            param="model",
            code="invalid_parameter_combination",
        )
    narrowed["instrument"] = next(iter(instruments), "")
    times: dict[str, Timestamp] = {
        name: instant_of(query[name], name) for name in ("start_time", "end_time") if name in query
    }
    if "verdict" in query:
        narrowed["verdict"] = f"VERDICT_{query['verdict'].upper()}"
    return narrowed | times
