"""POST /v1/chat/completions: one call of OpenAI's clients becomes one delivery.

How the answer is written is in `answers.py`, what may be asked in `validation.py`.
"""

from thegrid_gateway.aliases import Aliases
from thegrid_gateway.answers import Answer, StreamedAnswer, WholeAnswer
from thegrid_gateway.config import Config
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Inference, Link, parse_body
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.validation import request_check


class ChatCompletions(Inference):
    """The endpoint."""

    NAME = "chat"

    def __init__(self, config: Config, link: Link, metrics: Metrics, aliases: Aliases) -> None:
        super().__init__(config, link, metrics, aliases)
        self._check = request_check(config.messages_max)

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        model = body["model"]
        is_stream = bool(body.get("stream"))
        include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        call = await self._open(
            http, credential, body, is_stream=is_stream, include_usage=include_usage
        )
        if is_stream:
            return StreamedAnswer(http, call, self._config, model, include_usage)
        return WholeAnswer(http, call, self._config, model)
