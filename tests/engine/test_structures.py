"""The sorted set and the book's levels, against plain Python that does the same slowly."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thegrid_exchange.engine.book import Level
from thegrid_exchange.engine.ordered import CHUNK_KEYS, SortedKeys


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=200))
def test_a_sorted_set_behaves_as_a_sorted_list(steps: list[tuple[bool, int]]) -> None:
    keys: SortedKeys[int] = SortedKeys()
    plain: set[int] = set()
    for adds, key in steps:
        if adds and key not in plain:
            keys.add(key)
            plain.add(key)
        elif not adds and key in plain:
            keys.remove(key)
            plain.remove(key)
        assert list(keys) == sorted(plain)
        assert len(keys) == len(plain)
        assert keys.first() == min(plain, default=None)
        assert keys.last() == max(plain, default=None)
        assert keys.first_from(key) == min((k for k in plain if k >= key), default=None)


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_a_sorted_set_holds_many_chunks(order: str) -> None:
    numbers = list(range(10 * CHUNK_KEYS))
    if order == "falling":
        numbers.reverse()
    elif order == "shuffled":
        random.Random(1).shuffle(numbers)
    keys: SortedKeys[int] = SortedKeys()
    for number in numbers:
        keys.add(number)
    assert list(keys) == sorted(numbers)
    for number in numbers[::2]:
        keys.remove(number)
    assert list(keys) == sorted(numbers[1::2])


def test_removing_what_is_not_there_is_an_error() -> None:
    keys: SortedKeys[int] = SortedKeys()
    keys.add(1)
    for absent in (0, 2):
        with pytest.raises(KeyError):
            keys.remove(absent)


@given(st.permutations(range(1, 12)))
def test_a_level_puts_orders_at_the_place_of_their_rank_in_any_order(ranks: list[int]) -> None:
    level = Level()
    for rank in ranks:
        level.insert(f"ord_{rank}", rank)
    assert list(level.queue.values()) == sorted(ranks)
