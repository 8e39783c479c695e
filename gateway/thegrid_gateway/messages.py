"""POST /v1/messages and /v1/messages/count_tokens: Anthropic's Messages over the same deliveries.

How the answer is written is in `message_answers.py`, what may be asked in `message_validation.py`.
"""

import grpc.aio

from thegrid.anthropic import to_chat
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.answers import Answer
from thegrid_gateway.config import Config
from thegrid_gateway.counting import Counting
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Inference, Link, parse_body, translated
from thegrid_gateway.message_answers import StreamedMessage, WholeMessage
from thegrid_gateway.message_validation import message_check
from thegrid_gateway.metrics import Metrics


class Messages(Inference):
    """The endpoint that creates messages."""

    NAME = "messages"
    SPEAKS_CHAT = False
    IS_MESSAGES = True
    OUTPUT_CAP = "max_tokens"

    def __init__(self, config: Config, link: Link, metrics: Metrics, aliases: Aliases) -> None:
        super().__init__(config, link, metrics, aliases)
        self._check = message_check(config.messages_max)

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        is_stream = bool(body.get("stream"))
        chat = translated(to_chat, body)
        call = await self._open(http, credential, chat, is_stream=is_stream)
        if is_stream:
            return StreamedMessage(http, call, self._config, body)
        return WholeMessage(http, call, self._config, body)


def message_counting(
    config: Config, channel: grpc.aio.Channel, metrics: Metrics, aliases: Aliases
) -> Counting:
    """Make the endpoint that counts the tokens of a message beforehand."""
    return Counting(
        config,
        channel,
        metrics,
        aliases,
        check=message_check(config.messages_max, is_count=True),
        translate=to_chat,
        answer=lambda tokens: {"input_tokens": tokens},
        is_messages=True,
    )
