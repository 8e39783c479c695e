/**
 * Keeping a stream open: taking it up again after a cut, a gap or a silence.
 * What is asked for, and what a frame means, is said by market.ts and account.ts.
 */

import { setTimeout as sleep } from "node:timers/promises";

import { status as Code } from "@grpc/grpc-js";

import { GridError } from "./errors.js";
import { STREAMS } from "./policy.js";

/** How any stream is followed. */
export interface FollowOptions {
  /** Ends the following without an error. */
  signal?: AbortSignal;
  /** A stream without a word for so long is taken for lost; the exchange speaks every second. */
  silenceMs?: number;
  /** Called whenever the stream was lost or a gap was seen, before it is taken up again. */
  onInterruption?: (why: GridError) => void;
}

/** One kind of stream: it knows where its reader stands. */
export interface Follower<Frame, Item> {
  /** Open the stream from where the reader stands. */
  open(signal: AbortSignal): AsyncIterable<Frame>;
  /** What a frame brings that is new. Throws a `GridError` when something is missing or it ends. */
  take(frame: Frame): Iterable<Item>;
  /** Adjust after the exchange refused the place; false when that cannot help. */
  recover(error: GridError): boolean;
}

// Reasons with which the exchange ends a stream that a new one mends.
const MENDABLE = new Set(["READER_TOO_SLOW", "DRAINING"]);

/** Items over as many streams as it takes; throws what opening anew cannot mend. */
export async function* resume<Frame, Item>(
  follower: Follower<Frame, Item>,
  options: FollowOptions,
): AsyncGenerator<Item> {
  let failures = 0;
  while (!options.signal?.aborted) {
    try {
      for await (const frame of oneStream(follower, options)) {
        for (const item of follower.take(frame)) {
          failures = 0;
          yield item;
        }
      }
      throw new GridError({ code: Code.UNAVAILABLE, message: "the exchange ended the stream" });
    } catch (error) {
      if (options.signal?.aborted) return;
      const why = GridError.fromCall(error);
      const mends = STREAMS.codes.has(why.code) || MENDABLE.has(why.reason) || follower.recover(why);
      if (!mends) throw why;
      options.onInterruption?.(why);
      failures += 1;
      await pause((why.retryAfterMs ?? 0) + backoffMs(failures), options.signal);
    }
  }
}

/** The error that a stream's last event carries. */
export function streamEnded(status: Parameters<typeof GridError.fromStatus>[0] | undefined): GridError {
  if (status) return GridError.fromStatus(status);
  return new GridError({ code: Code.UNAVAILABLE, message: "the exchange ended the stream" });
}

async function* oneStream<Frame>(
  follower: Follower<Frame, unknown>,
  options: FollowOptions,
): AsyncGenerator<Frame> {
  const silence = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
  const watchdog = setTimeout(() => silence.abort(), options.silenceMs ?? STREAMS.silenceMs);
  try {
    for await (const frame of follower.open(signal)) {
      watchdog.refresh();
      yield frame;
      // The time that the reader took for itself is no silence of the exchange.
      watchdog.refresh();
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    throw new GridError({ code: Code.UNAVAILABLE, message: "the exchange fell silent", cause: error });
  } finally {
    clearTimeout(watchdog);
  }
}

function backoffMs(failures: number): number {
  const bound = STREAMS.backoffFirstMs * STREAMS.backoffMultiplier ** Math.min(failures - 1, 64);
  return Math.random() * Math.min(STREAMS.backoffMaxMs, bound);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined);
}
