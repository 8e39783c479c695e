"""How models are listed beyond OpenAI's own shape: under other names, and for Anthropic's clients.

Where the models come from is in `reads.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from thegrid_gateway.aliases import Aliases
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import page_limit

Model = dict[str, Any]

_PAGE_MAX = 1_000
_PAGE = "20"


def aliased(models: Sequence[Model], aliases: Aliases) -> list[Model]:
    """Answer one more model for each other name that the operator gave to one of `models`."""
    known = {model["id"]: model for model in models}
    return [
        {**known[alias.instrument], "id": alias.pattern, "instrument": alias.instrument}
        for alias in aliases.names()
        if alias.instrument in known and alias.pattern not in known
    ]


def anthropic_model(model: Model) -> Model:
    """Answer a model as Anthropic's clients read it."""
    created = datetime.fromtimestamp(model["created"], UTC)
    return {
        "type": "model",
        "id": model["id"],
        "display_name": model["name"],
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        "max_input_tokens": model["context_window"],
        "max_tokens": model["max_output_tokens"],
        "instrument_id": model["instrument_id"],
        "pricing": model["pricing"],
    }


def anthropic_page(models: Sequence[Model], query: Mapping[str, str]) -> dict[str, Any]:
    """Answer a page of models, from `after_id` or up to `before_id`, at most `limit`."""
    limit = page_limit(query.get("limit", _PAGE), _PAGE_MAX)
    ids = [model["id"] for model in models]
    first, end = 0, len(ids)
    if query.get("after_id"):
        first = _place(ids, "after_id", query["after_id"]) + 1
    if query.get("before_id"):
        end = _place(ids, "before_id", query["before_id"])
        first = max(first, end - limit)
    page = [anthropic_model(model) for model in models[first : min(end, first + limit)]]
    return {
        "data": page,
        "has_more": first > 0 if query.get("before_id") else first + limit < end,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def _place(ids: Sequence[str], name: str, wanted: str) -> int:
    if wanted not in ids:
        raise ApiError(400, f"Invalid '{name}': there is no model '{wanted[:64]}'.", param=name)
    return ids.index(wanted)
