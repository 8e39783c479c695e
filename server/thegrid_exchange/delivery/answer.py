"""An answer on its way to its client: in order, inside the client's window and the call's caps.
Counting is the meter's; reservations are extended and ends are judged by the call.
"""

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from thegrid_exchange.delivery.answer_count import JOINT_TOKENS, AnswerCount
from thegrid_exchange.delivery.encodings import Uncountable
from thegrid_exchange.delivery.parts import Client, Part, PayloadEdits
from thegrid_exchange.delivery.windows import Window


class Host(Protocol):
    """The call whose answer it is."""

    def steady_us(self) -> int:
        """Now, on the steady clock."""
        ...

    def on_show(self) -> None:
        """The first part is about to be shown."""
        ...

    def on_released(self, released_bytes: int) -> None:
        """So much of what the supplier sent is off our hands."""
        ...

    def ask_extension(self, tokens: int) -> None:
        """The output has come this far and more must be set aside; `extended` is the answer."""
        ...

    def on_answered(self, cause: str) -> None:
        """Nothing more will be shown, and why."""
        ...


class Answer:
    """The parts of one call's answer, its caps and its finish reasons."""

    __slots__ = (
        "_allowance_tokens",
        "_cap_tokens",
        "_choices",
        "_client",
        "_cut",
        "_dimensions",
        "_edits",
        "_ended",
        "_extending",
        "_free_until_tokens",
        "_host",
        "_mark_at_tokens",
        "_over",
        "_queue",
        "_queued_parts",
        "_window",
        "count",
        "extension_refused",
        "finishes",
        "is_shown",
    )

    def __init__(
        self,
        host: Host,
        client: Client,
        edits: PayloadEdits,
        count: AnswerCount,
        choices: int,
        cap_tokens: int,
        window: Window,
        queued_parts: int,
        dimensions: int = 0,
    ) -> None:
        self._host, self._client, self._edits = host, client, edits
        self._choices, self._cap_tokens = choices, cap_tokens
        self._window, self._queued_parts = window, queued_parts
        self._dimensions = dimensions
        self._queue: deque[Part] = deque()
        self._cut: set[int] = set()
        self._ended = self._over = self._extending = False
        self._allowance_tokens = self._mark_at_tokens = self._free_until_tokens = 0
        self.is_shown = False
        """Whether the client has seen any of it."""
        self.count = count
        self.finishes: dict[int, str] = {}
        self.extension_refused = ""

    @property
    def room_tokens(self) -> int:
        """Output that the reservation still covers."""
        return self._allowance_tokens - self.count.tokens()

    @property
    def can_extend(self) -> bool:
        """Whether more may be asked for."""
        cap_tokens = self._cap_tokens * self._choices
        return self._allowance_tokens < cap_tokens and not self.extension_refused

    def allow(self, allowance_tokens: int) -> None:
        """So much output, over all choices, is set aside from now on."""
        step_tokens = allowance_tokens - self._allowance_tokens
        self._allowance_tokens = allowance_tokens
        self._mark_at_tokens = allowance_tokens - step_tokens // 2
        self._set_free()

    def extended(self, allowance_tokens: int, refused: str) -> None:
        """The answer to `ask_extension`; a refusal lets the rest of the allowance flow, no more."""
        self._extending = False
        if allowance_tokens > self._allowance_tokens:
            self.allow(allowance_tokens)
        else:
            self.extension_refused = refused or "NOT_EXTENDED"
        self._set_free()
        self.pump()

    def grant(self, window_bytes: int, most_bytes: int) -> None:
        """The client takes so much more."""
        granted_bytes = min(window_bytes, most_bytes - self._window.left_bytes)
        self._window.grant(granted_bytes, self._host.steady_us())
        self.pump()

    def fits(self, part: Part) -> bool:
        """Whether a part is of the choices that were asked for, and the queue has room for it."""
        for index in (*[piece.choice for piece in part.pieces], *dict(part.finishes)):
            if not 0 <= index < self._choices:
                return False
        if (part.vectors or self._dimensions) and not self._fits_vectors(part):
            return False
        return len(self._queue) < self._queued_parts

    def _fits_vectors(self, part: Part) -> bool:
        """Whether it holds nothing but vectors, each as long as asked for and none twice."""
        places = {place for place, _ in part.vectors}
        return (
            len(places) == len(part.vectors) == len(part.finishes)
            and (part.payload is None or bool(part.vectors))
            and not places & self.finishes.keys()
            and all(0 < length == self._dimensions for _, length in part.vectors)
        )

    def is_whole(self, parts: Iterable[Part]) -> bool:
        """Whether every choice has its finish reason, those of further parts included."""
        finished = {choice for part in parts for choice, _ in part.finishes}
        return len(finished | self.finishes.keys()) >= self._choices

    def add(self, part: Part) -> None:
        """A part of the supplier that serves."""
        for choice, reason in part.finishes:
            if choice not in self._cut:
                self.finishes[choice] = reason
        if part.payload is None:
            self._host.on_released(part.released_bytes)
            return
        if self._queue and not self._window.is_open:
            joined = self._edits.joined((self._queue[-1], part))
            if joined is not None:
                self._queue[-1] = joined
                return
        self._queue.append(part)
        self.pump()

    def end(self) -> None:
        """The supplier's own end."""
        self._ended = True
        self.pump()

    def kept_waiting_us(self) -> int:
        """How long what could be shown has waited for the client's window."""
        since_us = self._window.closed_since_us
        if not self._queue or since_us is None:
            return 0
        return self._host.steady_us() - since_us

    def close(self) -> None:
        """Show nothing more."""
        self._over = True
        self._queue.clear()

    def pump(self) -> None:
        """Show what may be shown."""
        try:
            self._pump()
        except Uncountable:
            self._finish("supplier_failed")

    def _pump(self) -> None:
        queue = self._queue
        while queue and not self._over and self._window.is_open:
            if queue[0].is_joined:
                queue[0] = self._edits.filled(queue[0])
            shown = self._admit(queue[0])
            if shown is None:
                return
            part = queue.popleft()
            if shown.payload is not None:
                self._show(shown)
            self._host.on_released(part.released_bytes)
            if self._cut and len(self._cut) == self._choices:
                self._finish("extension_refused" if self.extension_refused else "cut_at_cap")
        if self._ended and not queue:
            self._finish("cut_at_cap" if self._cut else "completed")

    def _show(self, part: Part) -> None:
        if not self.is_shown:
            self.is_shown = True
            self._host.on_show()
        self._client.part(part.payload)
        self._window.spend(part.size_bytes, self._host.steady_us())

    def _finish(self, cause: str) -> None:
        if not self._over:
            self.close()
            self._host.on_answered(cause)

    # ---- caps ----------------------------------------------------------------------------------

    def _set_free(self) -> None:
        """Below this bound nothing need be counted: no cap and no mark can be reached."""
        bounds = [self._allowance_tokens, self._cap_tokens]
        if self.can_extend and not self._extending:
            bounds.append(self._mark_at_tokens)
        self._free_until_tokens = min(bounds)

    def _admit(self, part: Part) -> Part | None:
        """The part as far as caps allow it, now counted; None while an extension is awaited."""
        # A token is a byte at least, and a serialised part is longer than its text.
        if self._cut or self.count.at_most() + part.size_bytes > self._free_until_tokens:
            return self._admit_near(part)
        return self._counted(part, [0] * len(part.pieces))

    def _admit_near(self, part: Part) -> Part | None:
        """The same where a cap or a mark may be reached; counting all that came is the last way."""
        count = self.count
        worths = [count.worth(piece.text) + JOINT_TOKENS for piece in part.pieces]
        if not self._cut and count.at_most() + sum(worths) <= self._free_until_tokens:
            return self._counted(part, worths)
        most = count.tokens() + sum(worths)
        worth = most - JOINT_TOKENS * len(worths)
        if self.can_extend and worth >= self._mark_at_tokens and not self._extending:
            self._extending = True
            self._set_free()
            self._host.ask_extension(min(worth, self._allowance_tokens))
        if worth > self._allowance_tokens and self._extending:
            return None
        if not self._cut and most <= min(self._cap_tokens, self._allowance_tokens):
            return self._counted(part, worths)
        return self._limited(part)

    def _counted(self, part: Part, worths: list[int]) -> Part:
        for (choice, channel, text), worth in zip(part.pieces, worths, strict=True):
            self.count.add(choice, channel, text, worth)
        return part

    def _limited(self, part: Part) -> Part:
        """The part with each choice cut where its cap or the allowance ends."""
        count = self.count
        kept_texts: dict[tuple[int, str], str] = {}
        for choice, channel, text in part.pieces:
            kept = ""
            if choice not in self._cut:
                room = self._cap_tokens - count.of_choice(choice)
                kept = count.beginning(choice, channel, text, min(room, self.room_tokens))
                count.add(choice, channel, kept)
            if kept != text:
                kept_texts[choice, channel] = kept
                self._cut.add(choice)
                self.finishes[choice] = "length"
        if not kept_texts:
            return part
        payload = self._edits.shortened(part.payload, kept_texts)
        return part._replace(payload=payload)
