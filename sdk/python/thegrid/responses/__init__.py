"""OpenAI's Responses as chat completions and back, JSON to JSON.

HTTP is not known here, nor how a chat completion lies in a message (`thegrid.openai`).
"""

from thegrid.responses.events import Event, ResponseStream
from thegrid.responses.request import input_items, to_chat
from thegrid.responses.response import response_of

__all__ = ["Event", "ResponseStream", "input_items", "response_of", "to_chat"]
