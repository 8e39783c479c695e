"""POST /v1/completions: OpenAI's legacy completions over the same deliveries.

What a body becomes is told by `thegrid.completions`; what all surfaces share is in `inference.py`
and `answers.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from thegrid.completions import echoes_of, text_choice, to_chat
from thegrid.session import SessionCall
from thegrid_gateway.answers import Answer, StreamedAnswer, WholeAnswer
from thegrid_gateway.completion_validation import completion_check
from thegrid_gateway.config import Config
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Inference, parse_body, translated

_OBJECT = "text_completion"


def _identity(answer: Answer) -> dict[str, Any]:
    return {"id": f"cmpl-{answer.tail()}", "model": answer.started.serving_model}


class Completions(Inference):
    """The endpoint."""

    NAME = "completions"
    OPERATION = "text_completion"
    SPEAKS_CHAT = False

    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        self._check = completion_check()

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        is_stream = bool(body.get("stream"))
        include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        call = await self._open(
            http,
            credential,
            translated(to_chat, body),
            is_stream=is_stream,
            include_usage=include_usage,
        )
        if is_stream:
            return StreamedCompletion(http, call, self._config, body, include_usage)
        return WholeCompletion(http, call, self._config, body)


class WholeCompletion(WholeAnswer):
    """The completion as one JSON object."""

    def __init__(
        self, http: Http, call: SessionCall, config: Config, asked: Mapping[str, Any]
    ) -> None:
        super().__init__(http, call, config, asked["model"])
        self._echoes = echoes_of(asked)

    def _identity(self) -> dict[str, Any]:
        return _identity(self)

    def _told(self, completion: dict[str, Any]) -> dict[str, Any]:
        choices = [
            text_choice(choice, _echo(self._echoes, choice)) for choice in completion["choices"]
        ]
        return {**completion, "object": _OBJECT, "choices": choices}


class StreamedCompletion(StreamedAnswer):
    """The completion in pieces, which are completions too."""

    OBJECT = _OBJECT

    def __init__(
        self,
        http: Http,
        call: SessionCall,
        config: Config,
        asked: Mapping[str, Any],
        include_usage: bool,
    ) -> None:
        super().__init__(http, call, config, asked["model"], include_usage)
        self._echoes = echoes_of(asked)

    def _identity(self) -> dict[str, Any]:
        return _identity(self)

    def _shown(self, choice: dict[str, Any]) -> Iterator[dict[str, Any]]:
        index = choice.get("index", 0)
        echo = "" if index in self._begun_choices else _echo(self._echoes, choice)
        self._begun_choices.add(index)
        piece = text_choice(choice, echo)
        if any(value for key, value in piece.items() if key != "index"):
            yield piece


def _echo(echoes: Any, choice: Mapping[str, Any]) -> str:
    index = choice.get("index", 0)
    return str(echoes[index]) if index < len(echoes) else ""
