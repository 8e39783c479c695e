/**
 * Following a market without losing anything: streams that resume, gaps that heal.
 * What an event does to a book stands in book.ts.
 */

import { setTimeout as sleep } from "node:timers/promises";

import { status as Code } from "@grpc/grpc-js";

import type { Channel, MarketEvent } from "../gen/thegrid/v1/market_data_pb.js";
import { Book } from "./book.js";
import type { GridClient } from "./client.js";
import { GridError } from "./errors.js";
import { STREAMS } from "./policy.js";

/** How to follow. */
export interface FollowOptions {
  /** Price levels on each side; 0 or absent for all. */
  depthLevels?: number;
  /** Begin after this sequence of the market, as far as the exchange still keeps it. */
  afterSequence?: bigint;
  /** Ends the following without an error. */
  signal?: AbortSignal;
  /** A stream without a word for so long is taken for lost; the exchange speaks every second. */
  silenceMs?: number;
  /** Called whenever the stream was lost or a gap was seen, before it is taken up again. */
  onInterruption?: (why: GridError) => void;
}

// Reasons with which the exchange ends a stream that a new subscription mends.
const MENDABLE = new Set(["READER_TOO_SLOW", "DRAINING", "RESUME_TOKEN_INVALID"]);

/**
 * Events of one channel of one market, each exactly once and in order, over as many streams as it
 * takes. Ends when `signal` does; throws what resubscribing cannot mend (an unknown market, a
 * revoked key).
 */
export async function* followMarket(
  grid: GridClient,
  market: string,
  channel: Channel,
  options: FollowOptions = {},
): AsyncGenerator<MarketEvent> {
  const place = new Place(options.afterSequence);
  let failures = 0;
  while (!options.signal?.aborted) {
    try {
      for await (const event of subscribe(grid, market, channel, place, options)) {
        if (!place.take(event)) continue;
        failures = 0;
        yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      const why = GridError.fromCall(error);
      if (!STREAMS.codes.has(why.code) && !MENDABLE.has(why.reason)) throw why;
      if (why.reason === "RESUME_TOKEN_INVALID") place.forget();
      options.onInterruption?.(why);
      failures += 1;
      await pause((why.retryAfterMs ?? 0) + backoffMs(failures), options.signal);
    }
  }
}

/** Where a reader stands in one subscription. */
class Place {
  /** Sequence after which to ask, and to which everything has come. */
  known: bigint | undefined;
  #first = true;

  constructor(afterSequence: bigint | undefined) {
    this.known = afterSequence;
  }

  /** A new stream begins. */
  begin(): void {
    this.#first = true;
  }

  /** Take a fresh snapshot next time. */
  forget(): void {
    this.known = undefined;
  }

  /** Go on to an event; false when it was seen before. Throws when something before it is missing. */
  take(event: MarketEvent): boolean {
    const known = this.known;
    const snapshot = event.payload.case === "bookSnapshot";
    // A snapshot stands for itself, and tells inside whether something before it was lost.
    if (known !== undefined && !snapshot) {
      if (event.sequence <= known) return false;
      if (event.prevSequence > known) {
        // When even the first event does not fit, the place is no longer kept: begin afresh.
        if (this.#first) this.forget();
        const message = `event ${event.sequence} follows ${event.prevSequence}, but ${known} came last`;
        throw new GridError({ code: Code.DATA_LOSS, message });
      }
    }
    this.known = event.sequence;
    this.#first = false;
    return true;
  }

  /** Everything up to a heartbeat has come, so that it is a later place to ask after. */
  hear(sequence: bigint): void {
    if (this.known !== undefined && sequence > this.known) this.known = sequence;
  }
}

function backoffMs(failures: number): number {
  const bound = STREAMS.backoffFirstMs * STREAMS.backoffMultiplier ** Math.min(failures - 1, 64);
  return Math.random() * Math.min(STREAMS.backoffMaxMs, bound);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/**
 * The book of one market, whole after every change. The same object is yielded each time; a book
 * whose checksum does not fit is thrown away and taken anew.
 */
export async function* followBook(
  grid: GridClient,
  market: string,
  options: FollowOptions = {},
): AsyncGenerator<Book> {
  // A book can only grow out of a snapshot, so a place to begin after means nothing here.
  const { afterSequence: _, ...rest } = options;
  while (!options.signal?.aborted) {
    const book = new Book();
    for await (const event of followMarket(grid, market, BOOK, rest)) {
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

/** Events of one stream, heartbeats left out; throws when it is cut, ended or silent. */
async function* subscribe(
  grid: GridClient,
  market: string,
  channel: Channel,
  place: Place,
  options: FollowOptions,
): AsyncGenerator<MarketEvent> {
  const subscription = { market, channel, depthLevels: options.depthLevels ?? 0 };
  const after = place.known === undefined ? {} : { afterSequence: place.known };
  const silence = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
  const watchdog = setTimeout(() => silence.abort(), options.silenceMs ?? STREAMS.silenceMs);
  place.begin();
  try {
    const request = { subscriptions: [{ ...subscription, ...after }] };
    for await (const response of grid.marketData.streamMarketData(request, { signal })) {
      watchdog.refresh();
      for (const event of response.events) {
        const payload = event.payload;
        if (payload.case === "heartbeat") place.hear(event.sequence);
        else if (payload.case === "streamEnd") throw ended(payload.value.status);
        else if (payload.case !== undefined) yield event;
      }
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    throw new GridError({ code: Code.UNAVAILABLE, message: "the exchange fell silent", cause: error });
  } finally {
    clearTimeout(watchdog);
  }
  throw ended(undefined);
}

function ended(status: Parameters<typeof GridError.fromStatus>[0] | undefined): GridError {
  if (status) return GridError.fromStatus(status);
  return new GridError({ code: Code.UNAVAILABLE, message: "the exchange ended the stream" });
}
