"""Histograms on a fixed logarithmic scale: integers in, percentiles out, a few dozen bins at most.

Below 16 each value has its own bin; above, each doubling is divided into 16 bins, so a percentile
is its true value rounded up by at most one sixteenth.
"""

from typing import Final

from thegrid_exchange.engine.quantities import PER_MILLE
from thegrid_exchange.engine.records.quality import Bins

_STEPS_BITS: Final = 4
_STEPS: Final = 1 << _STEPS_BITS


def bin_of(value: int) -> int:
    """The bin that a value of 0 or more lies in."""
    if value < _STEPS:
        return max(value, 0)
    shift = value.bit_length() - _STEPS_BITS - 1
    return (shift << _STEPS_BITS) + (value >> shift)


def top_of(number: int) -> int:
    """The greatest value that lies in a bin."""
    if number < 2 * _STEPS:
        return number
    shift = (number >> _STEPS_BITS) - 1
    return ((number - (shift << _STEPS_BITS) + 1) << shift) - 1


def with_sample(bins: Bins, value: int) -> Bins:
    """The histogram with one value more."""
    return merged(bins, ((bin_of(value), 1),))


def merged(one: Bins, other: Bins) -> Bins:
    """Both histograms together, by number of bin."""
    counts = dict(one)
    for number, count in other:
        counts[number] = counts.get(number, 0) + count
    return tuple(sorted(counts.items()))


def percentile(bins: Bins, per_mille: int) -> int | None:
    """The least value that so many thousandths of the samples do not exceed; None of none."""
    left = -(-sum(count for _, count in bins) * per_mille // PER_MILLE)
    for number, count in bins:
        left -= count
        if left <= 0:
            return top_of(number)
    return None
