"""Chat requests and replies as the pipe sees them: what is counted, what must be honoured, cut.

The payloads themselves travel untouched but for ends and caps; JSON is the gateway's affair.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from thegrid.v1 import chat_pb2
from thegrid_exchange.api.errors import invalid, refused
from thegrid_exchange.api.prompts import (
    CHOICES_MAX,
    FIELD,
    Prompts,
    choices_of,
    extra_of,
    further_texts,
    prompts_of,
)
from thegrid_exchange.delivery.images import size_of_url
from thegrid_exchange.delivery.meter import Prompt, PromptImage, PromptText
from thegrid_exchange.delivery.parts import Part, Piece

_UNDEMANDING: Final = frozenset(
    (
        *("model", "messages", "stream", "stream_options", "stop", "temperature", "top_p"),
        *("max_tokens", "max_completion_tokens", "user", "metadata", "safety_identifier"),
        *("prompt_cache_key", "tools", "n"),
    )
)
"""Every supplier honours these, or nobody need; `tools` and `n` are looked at apart."""

_DEFAULTS: Final[dict[str, tuple[Any, ...]]] = {
    "presence_penalty": (0.0,),
    "frequency_penalty": (0.0,),
    "logprobs": (False,),
    "parallel_tool_calls": (True,),
    "store": (False,),
    "service_tier": ("auto", "default"),
    "tool_choice": (b'"auto"', b'"none"'),
    "modalities": (b'["text"]',),
    "logit_bias": (b"{}",),
}
"""Values that ask for nothing beyond what happens without the field."""

_JOINED_BYTES_MAX: Final = 16_384
"""Neighbouring parts are joined up to this length, so that joining stays cheap."""


# ---- requests ----------------------------------------------------------------------------------


def asked(chat: chat_pb2.ChatRequest) -> dict[str, Any]:
    """What a chat asks, by the names of `CallRequest`; raises as `prompt_of`."""
    prompts = prompts_of(chat)
    prompt, capabilities = _Reader().read(chat, prompts)
    each = _bounded(chat, "n", CHOICES_MAX) if chat.HasField("n") else 1
    return {
        "prompt": prompt,
        "fields": demanded_fields(chat),
        "capabilities": capabilities,
        "choices": choices_of(each, prompts),
        **_output_cap(chat),
    }


def prompt_of(chat: chat_pb2.ChatRequest) -> Prompt:
    """All of a request that is counted; raises InvalidRequest or Refused for what cannot be."""
    return _Reader().read(chat, prompts_of(chat))[0]


def demanded_fields(chat: chat_pb2.ChatRequest) -> frozenset[str]:
    """The request's fields, by their JSON names, that not every supplier honours."""
    demanded: set[str] = set()
    for field, value in chat.ListFields():
        name = field.name.removesuffix("_json")
        if name == "extra":
            demanded.update(demanded_keys(value))
        elif name == "response_format":
            if value.type != "text":
                demanded.add(name)
        elif name == "n":
            if value != 1:
                demanded.add(name)
        elif name == "tools" or (name not in _UNDEMANDING and value not in _DEFAULTS.get(name, ())):
            demanded.add(name)
    return frozenset(demanded)


def demanded_keys(extra_json: bytes) -> Iterator[str]:
    """Keys unknown to the contract, or not in its shape; null asks for nothing."""
    extra = extra_of(extra_json)
    return (key for key, value in extra.items() if value is not None and key not in _UNDEMANDING)


def _output_cap(chat: chat_pb2.ChatRequest) -> dict[str, Any]:
    for name in ("max_completion_tokens", "max_tokens"):
        if chat.HasField(name):
            return {"output_cap_tokens": _bounded(chat, name, 2**53), "output_cap_field": name}
    return {"output_cap_tokens": None}


def _bounded(chat: chat_pb2.ChatRequest, name: str, most: int) -> int:
    value: int = getattr(chat, name)
    if not 1 <= value <= most:
        raise invalid(f"request.{name}", f"must be 1 to {most}", "range")
    return value


class _Reader:
    """Collects all of a request that is counted."""

    def __init__(self) -> None:
        self._texts: list[PromptText] = []
        self._capabilities: set[str] = set()
        self._images: list[PromptImage] = []
        self._tool_calls = self._schemas = 0

    def read(
        self, chat: chat_pb2.ChatRequest, prompts: Prompts | None
    ) -> tuple[Prompt, frozenset[str]]:
        """The prompt, and the capabilities that its content needs."""
        if prompts is not None:
            self._texts += prompts.texts
        for index, message in enumerate(chat.messages):
            self._message(f"messages[{index}]", message)
        for index, tool in enumerate(chat.tools):
            self._tool(f"tools[{index}]", tool)
        if chat.HasField("response_format"):
            schema = chat.response_format.json_schema
            self._schemas = int(bool(schema.schema_json))
            self._add("response_format.json_schema.description", schema.description)
            self._add_json("response_format.json_schema.schema", schema.schema_json)
        for field, content in further_texts(chat):
            self._add_json(field, content)
        prompt = Prompt(
            self._texts,
            len(chat.messages),
            len(chat.tools),
            self._tool_calls,
            self._images,
            self._schemas,
            *((prompts.tokens, FIELD) if prompts is not None else ()),
        )
        return prompt, frozenset(self._capabilities)

    def _add(self, field: str, text: str) -> None:
        if text:
            self._texts.append(PromptText(field, text))

    def _add_json(self, field: str, content: bytes) -> None:
        if content:
            try:
                self._texts.append(PromptText(field, content.decode()))
            except UnicodeDecodeError as error:
                raise invalid(f"request.{field}", "is not UTF-8", "json") from error

    def _message(self, field: str, message: chat_pb2.ChatMessage) -> None:
        self._add(f"{field}.content", message.text)
        for index, part in enumerate(message.parts.parts):
            self._part(f"{field}.content[{index}]", part)
        self._add(f"{field}.name", message.name)
        self._add(f"{field}.refusal", message.refusal)
        self._add(f"{field}.reasoning_content", message.reasoning)
        for index, call in enumerate(message.tool_calls):
            self._tool_calls += 1
            self._add(f"{field}.tool_calls[{index}].function.name", call.function.name)
            self._add(f"{field}.tool_calls[{index}].function.arguments", call.function.arguments)

    def _part(self, field: str, part: chat_pb2.ContentPart) -> None:
        kind = part.type
        if kind in ("text", "refusal", ""):
            self._add(f"{field}.text", part.text)
            self._add(f"{field}.refusal", part.refusal)
        elif kind == "image_url":
            self._capabilities.add("vision")
            image = part.image_url
            self._images.append(PromptImage(image.detail == "low", size_of_url(image.url)))
        else:
            raise refused(
                "CONTENT_REFUSED",
                f"{field}.type",
                f"content of the type {kind!r} cannot be counted by any metering policy; send text "
                "or images",
            )

    def _tool(self, field: str, tool: chat_pb2.Tool) -> None:
        self._add(f"{field}.function.name", tool.function.name)
        self._add(f"{field}.function.description", tool.function.description)
        self._add_json(f"{field}.function.parameters", tool.function.parameters_json)
        self._add_json(field, tool.extra_json)


# ---- replies -----------------------------------------------------------------------------------


def part_of(reply: chat_pb2.ChatReply) -> Part:
    """A reply as a part of an answer; its finish reasons and the supplier's usage are taken out.

    The reply is changed in place: it is nobody else's.
    """
    sent_bytes = reply.ByteSize()
    texts: dict[tuple[int, str], str] = {}
    finishes = []
    shown = bool(reply.extra_json)
    for choice in reply.choices:
        index = choice.index
        said = choice.delta if choice.HasField("delta") else choice.message
        for channel, text in _texts_of(said):
            key = index, channel
            texts[key] = texts[key] + text if key in texts else text
        if choice.HasField("finish_reason"):
            if choice.finish_reason:
                finishes.append((index, choice.finish_reason))
            choice.ClearField("finish_reason")
        shown = shown or bool(said.ListFields() or choice.logprobs_json or choice.extra_json)
    if reply.HasField("usage"):
        reply.ClearField("usage")
    pieces = tuple(Piece(index, channel, text) for (index, channel), text in texts.items())
    size_bytes = reply.ByteSize() if finishes else sent_bytes
    return Part(reply if shown else None, size_bytes, pieces, tuple(finishes), sent_bytes)


def _texts_of(said: chat_pb2.ChatMessage) -> Iterator[tuple[str, str]]:
    if said.text:
        yield "text", said.text
    elif said.HasField("parts"):
        for part in said.parts.parts:
            yield "text", part.text + part.refusal
    if said.reasoning:
        yield "reasoning", said.reasoning
    if said.refusal:
        yield "refusal", said.refusal
    for call in said.tool_calls:
        yield f"tool_{call.index}", call.function.name + call.function.arguments


_THOUGHT: Final = ("reasoning",)
"""Channels of what a model thinks."""


class ChatEdits:
    """The few changes that the pipe makes to replies."""

    def shortened(self, payload: Any, texts: Mapping[tuple[int, str], str]) -> Any:
        """The reply with each named channel's text replaced; None when nothing is left."""
        shown = False
        for choice in payload.choices:
            said = choice.delta if choice.HasField("delta") else choice.message
            for channel in ("text", "reasoning", "refusal"):
                kept = texts.get((choice.index, channel))
                if kept is not None:
                    _set_text(said, channel, kept)
            for call in list(said.tool_calls):
                kept = texts.get((choice.index, f"tool_{call.index}"))
                if kept is not None and not _shorten_call(call, kept):
                    said.tool_calls.remove(call)
            if any(index == choice.index for index, _ in texts):
                choice.ClearField("logprobs_json")
            shown = shown or bool(said.ListFields())
        return payload if shown else None

    def without_reasoning(self, part: Part) -> Part:
        """The part less what it says of the model's reasoning."""
        gone = {(each.choice, each.channel): "" for each in part.pieces if each.channel in _THOUGHT}
        if not gone:
            return part
        payload = self.shortened(part.payload, gone)
        return part._replace(
            payload=payload,
            size_bytes=0 if payload is None else payload.ByteSize(),
            pieces=tuple(each for each in part.pieces if each.channel not in _THOUGHT),
        )

    def joined(self, parts: Sequence[Part]) -> Part | None:
        """Two neighbouring parts as one, where both are plain text of one choice and channel."""
        first, second = parts
        if first.size_bytes > _JOINED_BYTES_MAX or not (_is_plain(first) and _is_plain(second)):
            return None
        ours, theirs = first.pieces[0], second.pieces[0]
        if (ours.choice, ours.channel) != (theirs.choice, theirs.channel):
            return None
        if second.payload.choices[0].delta.role:
            return None
        piece = Piece(ours.choice, ours.channel, ours.text + theirs.text)
        size_bytes = first.size_bytes + second.size_bytes
        released_bytes = first.released_bytes + second.released_bytes
        payload = first.payload
        if not first.is_joined:
            # A message that came in a frame holds on to the memory of the whole frame.
            payload = chat_pb2.ChatReply()
            payload.CopyFrom(first.payload)
        return Part(payload, size_bytes, (piece,), (), released_bytes, is_joined=True)

    def filled(self, part: Part) -> Part:
        """See PayloadEdits."""
        _, channel, text = part.pieces[0]
        setattr(part.payload.choices[0].delta, channel, text)
        return part._replace(size_bytes=part.payload.ByteSize(), is_joined=False)


def _set_text(said: chat_pb2.ChatMessage, channel: str, kept: str) -> None:
    if channel == "text" and said.HasField("parts"):
        said.ClearField("parts")
    if kept:
        setattr(said, channel, kept)
    else:
        said.ClearField(channel)


def _shorten_call(call: chat_pb2.ToolCall, kept: str) -> bool:
    """Keep so much of a tool call's name and arguments; False when that is nothing."""
    name = call.function.name
    if name:
        call.function.name = kept[: len(name)]
    if call.function.arguments:
        call.function.arguments = kept[len(name) :]
    return bool(kept)


def _is_plain(part: Part) -> bool:
    """Whether a part is one choice with text of one channel and nothing that must stay apart."""
    if len(part.pieces) != 1 or part.pieces[0].channel not in ("text", "reasoning"):
        return False
    choices = part.payload.choices
    if len(choices) != 1 or not choices[0].HasField("delta") or part.payload.extra_json:
        return False
    delta = choices[0].delta
    return (
        not (choices[0].logprobs_json or choices[0].extra_json or delta.extra_json)
        and not delta.tool_calls
        and not delta.HasField("parts")
    )


class LastReply(NamedTuple):
    """What every reply of a stream has in common, kept for the last one."""

    id: str = ""
    created: int = 0
    model: str = ""

    def ended(
        self, finishes: Sequence[tuple[int, str]], usage: chat_pb2.ChatUsage
    ) -> chat_pb2.ChatReply:
        """The last part of an answer: finish reasons and billed usage."""
        reply = chat_pb2.ChatReply(object="chat.completion.chunk", usage=usage)
        if self.id:
            reply.id = self.id
        if self.created:
            reply.created = self.created
        if self.model:
            reply.model = self.model
        for index, reason in finishes:
            choice = reply.choices.add(index=index, finish_reason=reason)
            choice.delta.SetInParent()
        return reply
