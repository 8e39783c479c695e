"""llama.cpp's own server with a model of random weights, built here: `llama_server.py FOLDER`.

It prints `READY` and its address. What it says is noise, but how it serves is the real thing.
"""

import sys
import threading
from pathlib import Path

import gguf
import numpy as np
import xllamacpp

DIM, FEED_FORWARD, HEADS, LAYERS, CONTEXT = 256, 512, 4, 4, 16_384
WORDS = ("bid", "ask", "fill", "lot", "unit", "token", "sweep", "spread")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'-_/()\"{}[]\n\u2581"
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
UNKNOWN, BEGIN, END = 0, 1, 2


def add_tokens(writer: gguf.GGUFWriter) -> int:
    """Three marks, every byte, some words and letters; answers how many."""
    kinds = gguf.TokenType
    marks = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    octets = [(f"<0x{octet:02X}>", kinds.BYTE) for octet in range(256)]
    words = [(f"\u2581{word}", kinds.NORMAL) for word in WORDS]
    tokens = [*marks, *octets, *words, *((letter, kinds.NORMAL) for letter in LETTERS)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text, _ in tokens])
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_token_types([int(kind) for _, kind in tokens])
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_chat_template(TEMPLATE)
    return len(tokens)


def add_weights(writer: gguf.GGUFWriter, tokens: int) -> None:
    """Noise of a fixed seed, so that the same question has the same answer everywhere."""
    noise = np.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        values = noise.standard_normal(shape) * 0.1 if len(shape) > 1 else np.ones(shape)
        writer.add_tensor(f"{name}.weight", values.astype(np.float32))

    add("token_embd", tokens, DIM)
    add("output_norm", DIM)
    add("output", tokens, DIM)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for name in ("attn_norm", "ffn_norm"):
            add(f"{block}.{name}", DIM)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"{block}.{name}", DIM, DIM)
        add(f"{block}.ffn_gate", FEED_FORWARD, DIM)
        add(f"{block}.ffn_up", FEED_FORWARD, DIM)
        add(f"{block}.ffn_down", DIM, FEED_FORWARD)


def build(path: Path) -> None:
    """Write the model's file."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(DIM)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(DIM // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    add_weights(writer, add_tokens(writer))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    path = Path(sys.argv[1]) / "noise.gguf"
    build(path)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_ctx = CONTEXT
    # One slot: a call that is not let go of keeps the next one waiting.
    settings.n_parallel = 1
    settings.cpuparams.n_threads = 1
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    server = xllamacpp.Server(settings)
    print("READY", server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
