/**
 * A market's book by price level, grown from a snapshot and its deltas.
 * Where the events come from stands in market.ts.
 */

import { crc32 } from "node:zlib";

import type { BookLevel, MarketEvent } from "../gen/thegrid/v1/market_data_pb.js";

const CHECKED_LEVELS = 10;

/** A book. Prices are micro-dollars per Unit, quantities Units; both exact. */
export class Book {
  /** Buy levels, highest price first. */
  readonly bids: readonly BookLevel[] = [];
  /** Sell levels, lowest price first. */
  readonly asks: readonly BookLevel[] = [];
  /** The market's sequence up to which the book is complete. */
  sequence = 0n;

  /** Take in one event of the channel `BOOK`; false when the book no longer fits its checksum. */
  apply(event: MarketEvent): boolean {
    const { payload } = event;
    if (payload.case !== "bookSnapshot" && payload.case !== "bookDelta") return true;
    if (payload.case === "bookSnapshot") {
      (this.bids as BookLevel[]).length = 0;
      (this.asks as BookLevel[]).length = 0;
    }
    for (const level of payload.value.bids) put(this.bids as BookLevel[], level, -1);
    for (const level of payload.value.asks) put(this.asks as BookLevel[], level, 1);
    this.sequence = event.sequence;
    return this.checksum() === payload.value.checksum;
  }

  /** CRC-32 over the ten best levels of each side, as the contract defines it. */
  checksum(): number {
    const best = [...this.bids.slice(0, CHECKED_LEVELS), ...this.asks.slice(0, CHECKED_LEVELS)];
    return crc32(best.map((level) => `${level.priceMicros}:${level.quantityUnits}`).join("|"));
  }
}

/** Set or remove one level of a side that is sorted by price, rising (1) or falling (-1). */
function put(side: BookLevel[], level: BookLevel, direction: 1 | -1): void {
  let low = 0;
  let high = side.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const before = side[middle]!.priceMicros < level.priceMicros ? 1 : -1;
    if (side[middle]!.priceMicros !== level.priceMicros && before === direction) low = middle + 1;
    else high = middle;
  }
  const there = side[low]?.priceMicros === level.priceMicros ? 1 : 0;
  if (level.quantityUnits > 0n) side.splice(low, there, level);
  else side.splice(low, there);
}
