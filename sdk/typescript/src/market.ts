/**
 * Following a market without losing anything: its events, and its book.
 * How a stream is kept open stands in resume.ts, what an event does to a book in book.ts.
 */

import { status as Code } from "@grpc/grpc-js";

import type { CandleInterval, Channel, MarketEvent, StreamMarketDataResponse } from "../gen/thegrid/v1/market_data_pb.js";
import { Book } from "./book.js";
import type { GridClient } from "./client.js";
import { GridError } from "./errors.js";
import { type Follower, type FollowOptions, resume, streamEnded } from "./resume.js";

/** How to follow a market. */
export interface FollowMarketOptions extends FollowOptions {
  /** Price levels on each side; 0 or absent for all. */
  depthLevels?: number;
  /** Length of the candles of the channel `CANDLES`; one minute when absent. */
  candleInterval?: CandleInterval;
  /** Begin after this sequence of the market, as far as the exchange still keeps it. */
  afterSequence?: bigint;
}

/**
 * Events of one channel of one market, each exactly once and in order, over as many streams as it
 * takes. Ends when `signal` does; throws what resubscribing cannot mend (an unknown market, a
 * revoked key).
 */
export function followMarket(
  grid: GridClient,
  market: string,
  channel: Channel,
  options: FollowMarketOptions = {},
): AsyncGenerator<MarketEvent> {
  return resume(new MarketFollower(grid, market, channel, options), options);
}

/**
 * The book of one market, whole after every change. The same object is yielded each time; a book
 * whose checksum does not fit is thrown away and taken anew.
 */
export async function* followBook(
  grid: GridClient,
  market: string,
  options: Omit<FollowMarketOptions, "afterSequence"> = {},
): AsyncGenerator<Book> {
  while (!options.signal?.aborted) {
    const book = new Book();
    for await (const event of followMarket(grid, market, BOOK, options)) {
      if (!book.apply(event)) {
        const message = `the book of ${market} did not fit its checksum at ${event.sequence}`;
        const why = new GridError({ code: Code.DATA_LOSS, message });
        // A snapshot that does not fit its own checksum will not fit it the next time either.
        if (event.payload.case === "bookSnapshot") throw why;
        options.onInterruption?.(why);
        break;
      }
      yield book;
    }
  }
}

const BOOK: Channel.BOOK = 1;

class MarketFollower implements Follower<StreamMarketDataResponse, MarketEvent> {
  /** Sequence up to which everything has come, and after which to ask. */
  #known: bigint | undefined;
  #isFirst = true;

  constructor(
    readonly grid: GridClient,
    readonly market: string,
    readonly channel: Channel,
    readonly options: FollowMarketOptions,
  ) {
    this.#known = options.afterSequence;
  }

  open(signal: AbortSignal): AsyncIterable<StreamMarketDataResponse> {
    const { market, channel } = this;
    const { depthLevels = 0, candleInterval = 0 } = this.options;
    const subscription = { market, channel, depthLevels, candleInterval };
    const after = this.#known === undefined ? {} : { afterSequence: this.#known };
    this.#isFirst = true;
    const request = { subscriptions: [{ ...subscription, ...after }] };
    return this.grid.marketData.streamMarketData(request, { signal });
  }

  *take(frame: StreamMarketDataResponse): Iterable<MarketEvent> {
    for (const event of frame.events) {
      const payload = event.payload;
      if (payload.case === "streamEnd") throw streamEnded(payload.value.status);
      else if (payload.case === "heartbeat") this.#hear(event);
      else if (payload.case !== undefined && this.#goOn(event)) yield event;
    }
  }

  recover(error: GridError): boolean {
    if (error.reason !== "RESUME_TOKEN_INVALID" || this.#known === undefined) return false;
    this.#known = undefined;
    return true;
  }

  /** Everything up to a heartbeat has come, so that it is a later place to ask after. */
  #hear({ sequence, gapFromSequence }: MarketEvent): void {
    if (gapFromSequence !== undefined) this.#known = sequence;
    else if (this.#known !== undefined && sequence > this.#known) this.#known = sequence;
  }

  /** Go on to an event; false when it was seen before. */
  #goOn(event: MarketEvent): boolean {
    const known = this.#known;
    // A snapshot stands for itself, and an event that names a gap begins anew after it.
    const isBeginning = SNAPSHOTS.has(event.payload.case) || event.gapFromSequence !== undefined;
    if (known !== undefined && !isBeginning && !(this.#isFirst && WHOLE.has(event.payload.case))) {
      // Time alone may bring another event of the same sequence where each tells all.
      if (event.sequence < known || (event.sequence === known && !WHOLE.has(event.payload.case))) return false;
      if (event.prevSequence > known) {
        // When even the first event does not fit, the place is no longer kept: begin afresh.
        if (this.#isFirst) this.#known = undefined;
        const message = `event ${event.sequence} follows ${event.prevSequence}, but ${known} came last`;
        throw new GridError({ code: Code.DATA_LOSS, message });
      }
    }
    this.#known = event.sequence;
    this.#isFirst = false;
    return true;
  }
}

type PayloadCase = MarketEvent["payload"]["case"];

const SNAPSHOTS: ReadonlySet<PayloadCase> = new Set(["bookSnapshot", "orderBookSnapshot"]);
/** Events that tell all of their subject, so that the first of them is as good as a snapshot. */
const WHOLE: ReadonlySet<PayloadCase> = new Set([
  "market",
  "auction",
  "bestPrices",
  "ticker",
  "candle",
  "referenceIndex",
]);
