"""Joins neighbouring pieces of text when several are ready at once.

Pieces that carry anything but text, such as tool calls or log probabilities, stay as they are.
"""

from thegrid.v1 import chat_pb2

READY_MAX = 4
"""So many pieces are sent as they came; more mean that the reader is behind."""

_TEXT = chat_pb2.ChatMessage.DESCRIPTOR.fields_by_name["text"].number
_PLAIN_CHOICE = {
    chat_pb2.ChatChoice.DESCRIPTOR.fields_by_name[name].number
    for name in ("index", "delta", "extra_json")
}


def _is_plain(reply: chat_pb2.ChatReply) -> bool:
    if len(reply.choices) != 1 or reply.HasField("usage"):
        return False
    choice = reply.choices[0]
    if any(field.number not in _PLAIN_CHOICE for field, _ in choice.ListFields()):
        return False
    said = choice.delta.ListFields()
    return len(said) == 1 and said[0][0].number == _TEXT


def coalesce(replies: list[chat_pb2.ChatReply]) -> list[chat_pb2.ChatReply]:
    """Answer the same answer in fewer pieces, if there are many; the text is the same."""
    if len(replies) <= READY_MAX:
        return replies
    joined: list[chat_pb2.ChatReply] = []
    texts: list[str] = []

    def settle() -> None:
        if len(texts) > 1:
            joined[-1].choices[0].delta.text = "".join(texts)
        texts.clear()

    for reply in replies:
        plain = _is_plain(reply)
        if plain and texts and _alike(joined[-1], reply):
            texts.append(reply.choices[0].delta.text)
            continue
        settle()
        joined.append(reply)
        if plain:
            texts.append(reply.choices[0].delta.text)
    settle()
    return joined


def _alike(one: chat_pb2.ChatReply, other: chat_pb2.ChatReply) -> bool:
    first, second = one.choices[0], other.choices[0]
    return (
        first.index == second.index
        and first.extra_json == second.extra_json
        and one.extra_json == other.extra_json
    )
