"""Anthropic's Messages as chat completions and back, JSON to JSON.

HTTP is not known here, nor how a chat completion lies in a message (`thegrid.openai`).
"""

from thegrid.anthropic.events import Event, MessageStream
from thegrid.anthropic.request import to_chat

__all__ = ["Event", "MessageStream", "to_chat"]
