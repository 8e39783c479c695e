"""The shape of a rule: a generator that yields events, may refuse, and returns a reply.

Running one is the business of `step`.
"""

from collections.abc import Generator
from typing import Any, Final, TypeVar

from thegrid_exchange.engine.events import Event

WORK_MARGIN: Final = 40
"""Events that an open-ended rule keeps back, so that it can end in good order."""

AnswerT = TypeVar("AnswerT")


class Trial:
    """Yielded to run a rule whose refusal must undo that rule alone.

    The answer sent back is the rule's reply, or its `Refusal`.
    """

    __slots__ = ("rule",)

    def __init__(self, rule: "Rule[Any]") -> None:
        self.rule = rule


Rule = Generator[Event | Trial, Any, AnswerT]
