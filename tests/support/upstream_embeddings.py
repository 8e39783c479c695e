"""The embeddings of the upstream that does as it is told: `mode=…` in the first input.

Chats, and the server itself, are in `upstream`.
"""

import base64
import json
import re
import struct
from typing import Any

MODES = """
http:CODE  an error of that status
length:N   vectors of that length
fewer      one vector less than there are inputs
garbage    what is no JSON
base64     vectors in base64
backwards  the last vector first
"""
_MODE = re.compile(r"mode=([a-z0-9]+)(?::(\d+))?")


def answer(status: int, value: Any, more: bytes = b"") -> bytes:
    """Answer a whole HTTP answer of JSON."""
    body = json.dumps(value).encode()
    head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % (
        status,
        len(body),
    )
    return head + more + b"\r\n" + body


def vector(text: str, length: int) -> list[float]:
    """Answer what this server calls the vector of a text: its length, then numbers."""
    return [float(len(text)), *(place / 8 for place in range(1, length))]


def embedded(request: dict[str, Any]) -> bytes:
    """Answer a request for embeddings."""
    inputs = request["input"]
    found = _MODE.search(inputs[0])
    mode, number = (found[1], int(found[2] or 0)) if found else ("", 0)
    if mode == "http":
        error = {"message": f"upstream says {number}", "type": "t", "param": None, "code": "c"}
        return answer(number, {"error": error})
    length = number if mode == "length" else request.get("dimensions") or 8
    data: list[Any] = [
        {"object": "embedding", "index": index, "embedding": vector(text, length)}
        for index, text in enumerate(inputs)
    ]
    if mode == "fewer":
        data.pop()
    elif mode == "backwards":
        data.reverse()
    elif mode == "base64":
        for each in data:
            packed = struct.pack(f"<{length}f", *each["embedding"])
            each["embedding"] = base64.b64encode(packed).decode()
    usage = {"prompt_tokens": 5 * len(inputs), "total_tokens": 5 * len(inputs)}
    told = {"object": "list", "data": data, "model": "up-embed", "usage": usage}
    return answer(200, "garbage" if mode == "garbage" else told)
