"""What following a stream means, whatever it carries: gaps, states, and what a follower knows.
The public streams are in `follow_market`, the private one in `follow_account`.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar

from google.protobuf.message import Message

from thegrid.errors import GridError

Frame = TypeVar("Frame", bound=Message, contravariant=True)
Out = TypeVar("Out", covariant=True)


class Gap(NamedTuple):
    """Events that the stream skipped: the first and the last sequence that may be missing.

    `healed` is true when they were had after all, or when a whole snapshot took their place, and
    false when they are lost. `market_id` is empty and `channel` 0 on the private stream.
    """

    market_id: str
    channel: int
    from_sequence: int
    to_sequence: int
    healed: bool


class StreamState(NamedTuple):
    """A change in a stream's life: `connected`, or `reconnecting` with its cause and pause."""

    name: str
    pause_s: float = 0.0
    error: GridError | None = None


class AskAgain(Exception):
    """The stream is to be opened anew, at once, from where the follower now stands."""


class Follower(Protocol[Frame, Out]):
    """What a stream runner needs to know of one kind of stream."""

    @property
    def response_type(self) -> type[Message]:
        """Return the type of the frames."""
        ...

    def unresolved(self) -> list[str]:
        """Return the symbols of markets whose ids are still to be found."""
        ...

    def resolve(self, symbol: str, market_id: str) -> None:
        """Take the id of a market."""
        ...

    def request(self) -> Message:
        """Return the request that goes on from where the follower stands."""
        ...

    def take(self, frame: Frame) -> Iterable[Out]:
        """Return what a frame means to the reader.

        Raises AskAgain, or GridError when the exchange ends the stream.
        """
        ...

    def recover(self, error: GridError) -> bool:
        """Adjust after an error; tell whether asking again can help in spite of its code."""
        ...
