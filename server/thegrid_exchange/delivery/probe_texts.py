"""Texts of probes: plain requests made of common words, never the same twice.
What else is in a request is the edge's; nothing that a member ever wrote is used.
"""

import random
from typing import Final

_TASKS: Final = (
    "Summarise the notes below for a colleague who was away.",
    "Rewrite the following as a friendly letter.",
    "Explain step by step what the text below describes, and what is missing from it.",
    "Continue this story in the same tone.",
    "List the main points of these minutes and add a short comment to each.",
    "Turn the following into a plan for the coming month, with reasons.",
    "Write a careful answer to this message.",
    "Describe how the things mentioned below depend on each other.",
)
_WHO: Final = (
    *("The team", "Our neighbour", "The new manager", "A student", "The editor", "My sister"),
    *("The supplier", "The council", "An engineer", "The teacher", "The shop", "The driver"),
    *("Nobody", "Everyone in the office", "The older group", "A visitor", "The committee"),
)
_DID: Final = (
    *("agreed to move", "forgot to mention", "wanted to compare", "has finally repaired"),
    *("asked about", "will not pay for", "described", "measured", "lost track of", "sold"),
    *("is waiting for", "prefers", "counted", "wrote down", "postponed", "borrowed", "tested"),
)
_WHAT: Final = (
    *("the second garden", "a list of open questions", "the winter timetable", "three boxes"),
    *("the price of the tickets", "a small engine", "the report on water use", "the old bridge"),
    *("the meeting on Thursday", "an unusual recipe", "the translation", "half of the budget"),
    *("the map of the valley", "a letter from abroad", "the results of the survey", "the keys"),
)
_HOW: Final = (
    *("before noon", "without any hurry", "because it rained", "as planned", "for the first time"),
    *("although nobody asked", "after a long talk", "with some doubt", "in the end", "by mistake"),
    *("until the office closed", "together with the others", "at twice the cost", "again"),
)
_SENTENCE_TOKENS: Final = 14
"""About what one sentence comes to, so that a prompt is rather shorter than longer."""


def synthetic_prompt(rand: random.Random, most_tokens: int) -> str:
    """A task and a text of sentences, of about `most_tokens` or fewer."""
    sentences = [
        f"{rand.choice(_WHO)} {rand.choice(_DID)} {rand.choice(_WHAT)} {rand.choice(_HOW)}."
        for _ in range(max((most_tokens - 2 * _SENTENCE_TOKENS) // _SENTENCE_TOKENS, 1))
    ]
    return f"{rand.choice(_TASKS)}\n\n{' '.join(sentences)}"
