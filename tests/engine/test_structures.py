"""The sorted set and the book's queues, against plain Python that does the same slowly."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thegrid_exchange.engine.book import Queue
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
def test_a_queue_puts_orders_at_the_place_of_their_rank_in_any_order(ranks: list[int]) -> None:
    queue = Queue()
    for rank in ranks:
        queue.insert(f"ord_{rank}", rank)
    in_order = [f"ord_{rank}" for rank in sorted(ranks)]
    assert list(queue) == in_order
    assert list(reversed(queue)) == in_order[::-1]
    queue.remove(ranks[0])
    in_order.remove(f"ord_{ranks[0]}")
    assert list(queue) == in_order
    assert len(queue) == len(in_order)


def test_chunks_stay_bounded_however_often_keys_come_and_go_in_the_middle() -> None:
    keys: SortedKeys[int] = SortedKeys()
    for number in range(100_000):
        keys.add(number)
    longest = max(len(chunk) for chunk in keys._chunks)
    for number in range(10_000, 90_000, 16):
        keys.remove(number)
        keys.add(number)
    assert max(len(chunk) for chunk in keys._chunks) <= max(longest, 2 * CHUNK_KEYS)
