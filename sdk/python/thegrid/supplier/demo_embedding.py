"""The demo supplier's answer to embeddings: hashed n-grams, see `hashed.py`.

Chats are answered in `demo.py`.
"""

import asyncio

from thegrid.openai import replies_of
from thegrid.supplier.backend import CLIENT_FAULT, REFUSED, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.supplier.hashed import DIMENSIONS, embed
from thegrid.v1 import chat_pb2, embeddings_pb2

_BATCH_CHARACTERS = 16_384
"""Inputs are embedded and sent in batches of about this length."""
_SHORT_CHARACTERS = 2_048
"""Longer batches are left to a thread, so that other calls are not kept waiting."""


async def embed_inputs(call: SupplierCall) -> chat_pb2.ChatUsage:
    """Answer one delivery, a batch of inputs after the other; see `Backend`."""
    dimensions = call.opening.dimensions or DIMENSIONS
    if dimensions > DIMENSIONS:
        raise BackendError(REFUSED, f"the demo model makes vectors of {DIMENSIONS} dimensions")
    for batch in _batches(call):
        texts = [text for _, text in batch]
        vectors = await _vectors(texts, dimensions)
        made = [
            embeddings_pb2.Embedding(index=index, values=values)
            for (index, _), values in zip(batch, vectors, strict=True)
        ]
        for reply in replies_of(call.opening.model, made):
            await call.vectors(reply)
    # It has no tokenizer, so it tells no counts of its own.
    return chat_pb2.ChatUsage()


async def _vectors(texts: list[str], dimensions: int) -> list[list[float]]:
    if sum(map(len, texts)) < _SHORT_CHARACTERS:
        return [embed(text, dimensions) for text in texts]
    return await asyncio.to_thread(lambda: [embed(text, dimensions) for text in texts])


def _batches(call: SupplierCall) -> list[list[tuple[int, str]]]:
    batches: list[list[tuple[int, str]]] = [[]]
    size = 0
    for index, given in enumerate(call.embedding.inputs):
        if given.HasField("tokens"):
            raise BackendError(CLIENT_FAULT, "the demo model embeds texts alone", f"input[{index}]")
        if size and size + len(given.text) > _BATCH_CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append((index, given.text))
        size += len(given.text)
    return batches
