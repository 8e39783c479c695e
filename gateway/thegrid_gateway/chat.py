"""POST /v1/chat/completions: one call of OpenAI's clients becomes one delivery.

How the answer is written is in `answers.py`, what may be asked in `validation.py`.
"""

from thegrid.session import SessionPool
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.answers import Answer, StreamedAnswer, WholeAnswer
from thegrid_gateway.config import Config
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Inference, parse_body
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.validation import request_check


class ChatCompletions(Inference):
    """The endpoint."""

    NAME = "chat"

    def __init__(
        self, config: Config, pool: SessionPool, metrics: Metrics, aliases: Aliases
    ) -> None:
        super().__init__(config, pool, metrics, aliases)
        self._check = request_check(config.messages_max)

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        model = body["model"]
        is_stream = bool(body.get("stream"))
        options = body.get("stream_options") or {}
        opening = self._opening(
            http, credential, body, include_usage=bool(options.get("include_usage"))
        )
        call = await self._pool.open(opening, is_whole=not is_stream)
        if is_stream:
            return StreamedAnswer(http, call, self._config, model, opening.include_usage)
        return WholeAnswer(http, call, self._config, model)
