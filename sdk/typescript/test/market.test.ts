/** Following a market through cuts, gaps, repeats, silence and wrong books. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";

import { status as Code } from "@grpc/grpc-js";

import { Channel, MarketDataService } from "../gen/thegrid/v1/market_data_pb.js";
import { Book, followBook, followMarket, type FollowMarketOptions, GridClient, GridError } from "../src/index.js";
import { refusal, refused, serve } from "./exchange.js";

type Levels = [price: bigint, quantity: bigint][];
interface Stream {
  write(response: unknown): void;
  end(): void;
  emit(name: "error", error: unknown): void;
}

const levels = (side: Levels) =>
  side.map(([priceMicros, quantityUnits]) => ({ priceMicros, quantityUnits }));
const checksum = (...sides: Levels[]) =>
  crc32(
    sides
      .flat()
      .map(([price, quantity]) => `${price}:${quantity}`)
      .join("|"),
  );

function snapshot(sequence: bigint, bids: Levels, asks: Levels, sum = checksum(bids, asks)) {
  const value = { bids: levels(bids), asks: levels(asks), checksum: sum };
  return event(sequence, 0n, { case: "bookSnapshot", value });
}

function delta(sequence: bigint, prev: bigint, bids: Levels, asks: Levels, after: Levels[]) {
  const value = { bids: levels(bids), asks: levels(asks), checksum: checksum(...after) };
  return event(sequence, prev, { case: "bookDelta", value });
}

const trade = (sequence: bigint, prev: bigint) =>
  event(sequence, prev, { case: "trade", value: { tradeId: `trd_${sequence}` } });
const heartbeat = (sequence: bigint) => event(sequence, 0n, { case: "heartbeat", value: {} });
const event = (sequence: bigint, prevSequence: bigint, payload: unknown) => ({
  marketId: "mkt_a",
  channel: Channel.BOOK,
  sequence,
  prevSequence,
  payload,
});

/** Serve the scripts one after another, one stream each; return what each stream asked to begin after. */
async function scripted(...scripts: ((stream: Stream) => void)[]) {
  const asked: (bigint | undefined)[] = [];
  const exchange = await serve(MarketDataService, {
    streamMarketData: (call: Stream & { request: { subscriptions: { afterSequence?: bigint }[] } }) => {
      asked.push(call.request.subscriptions[0]!.afterSequence);
      scripts[Math.min(asked.length, scripts.length) - 1]!(call);
    },
  } as never);
  return { ...exchange, asked };
}

async function sequences(target: string, count: number, options: FollowMarketOptions = {}) {
  using grid = new GridClient({ target });
  const seen: bigint[] = [];
  for await (const each of followMarket(grid, "a", Channel.TRADES, options)) {
    seen.push(each.sequence);
    if (seen.length === count) break;
  }
  return seen;
}

test("a cut stream is taken up after the last event, heartbeats included", async () => {
  const exchange = await scripted(
    (stream) => {
      stream.write({ events: [trade(5n, 4n), heartbeat(7n)] });
      stream.end();
    },
    (stream) => stream.write({ events: [trade(5n, 4n), trade(9n, 7n)] }),
  );
  assert.deepEqual(await sequences(exchange.target, 2), [5n, 9n]);
  exchange.stop();
  assert.deepEqual(exchange.asked, [undefined, 7n]);
});

test("a gap is healed by asking again, and told", async () => {
  const exchange = await scripted(
    (stream) => stream.write({ events: [trade(5n, 4n), trade(8n, 6n)] }),
    (stream) => stream.write({ events: [trade(6n, 5n), trade(8n, 6n)] }),
  );
  const told: GridError[] = [];
  const options = { onInterruption: (why: GridError) => told.push(why) };
  assert.deepEqual(await sequences(exchange.target, 3, options), [5n, 6n, 8n]);
  exchange.stop();
  assert.deepEqual(exchange.asked, [undefined, 5n]);
  assert.equal(told[0]?.code, Code.DATA_LOSS);
});

test("a place that is no longer kept is given up", async () => {
  const exchange = await scripted((stream) => stream.write({ events: [trade(90n, 89n)] }));
  assert.deepEqual(await sequences(exchange.target, 1, { afterSequence: 5n }), [90n]);
  exchange.stop();
  assert.deepEqual(exchange.asked, [5n, undefined]);
});

test("a stream that the exchange ends for a reader too slow, or to drain, goes on", async () => {
  const end = (reason: string) => (stream: Stream) => {
    const value = { status: refusal(Code.RESOURCE_EXHAUSTED, reason) };
    stream.write({ events: [event(1n, 0n, { case: "streamEnd", value })] });
    stream.end();
  };
  const exchange = await scripted(end("READER_TOO_SLOW"), end("DRAINING"), (stream) =>
    stream.write({ events: [trade(3n, 2n)] }),
  );
  assert.deepEqual(await sequences(exchange.target, 1), [3n]);
  exchange.stop();
});

test("what asking again cannot mend is thrown", async () => {
  const exchange = await scripted((stream) =>
    stream.emit("error", refused(refusal(Code.NOT_FOUND, "MARKET_NOT_FOUND"))),
  );
  await assert.rejects(sequences(exchange.target, 1), { reason: "MARKET_NOT_FOUND" });
  exchange.stop();
});

test("events that tell all may repeat a sequence, and begin anew after a named gap", async () => {
  const candle = (sequence: bigint, prev: bigint, final: boolean) =>
    event(sequence, prev, { case: "candle", value: { final } });
  const exchange = await scripted(
    (stream) => {
      stream.write({ events: [candle(5n, 5n, false), candle(5n, 5n, true), candle(4n, 3n, true)] });
      stream.end();
    },
    (stream) => stream.write({ events: [candle(8n, 8n, false), candle(9n, 8n, false)] }),
  );
  assert.deepEqual(await sequences(exchange.target, 4), [5n, 5n, 8n, 9n]);
  exchange.stop();
  assert.deepEqual(exchange.asked, [undefined, 5n]);
});

test("a silent stream is left and taken up", async () => {
  const exchange = await scripted(
    (stream) => stream.write({ events: [trade(1n, 0n)] }),
    (stream) => stream.write({ events: [trade(2n, 1n)] }),
  );
  assert.deepEqual(await sequences(exchange.target, 2, { silenceMs: 100 }), [1n, 2n]);
  exchange.stop();
});

test("the signal ends the following without an error", async () => {
  const exchange = await scripted((stream) => stream.write({ events: [trade(1n, 0n)] }));
  const controller = new AbortController();
  using grid = new GridClient({ target: exchange.target });
  for await (const _ of followMarket(grid, "a", Channel.TRADES, { signal: controller.signal })) {
    controller.abort();
  }
  exchange.stop();
});

test("a book is sorted, exact, and taken anew when its checksum does not fit", async () => {
  const bids: Levels = [[30n, 1n], [20n, 2n]];
  const asks: Levels = [[40n, 9007199254740993n]];
  const after: Levels[] = [[[30n, 1n], [25n, 7n]], [[35n, 1n], [40n, 9007199254740993n]]];
  const exchange = await scripted(
    (stream) => {
      const good = delta(3n, 2n, [[20n, 0n], [25n, 7n]], [[35n, 1n]], after);
      const wrong = delta(4n, 3n, [[30n, 5n]], [], after);
      stream.write({ events: [snapshot(2n, bids, asks), good, wrong] });
    },
    (stream) => stream.write({ events: [snapshot(4n, [[30n, 5n]], [])] }),
  );
  using grid = new GridClient({ target: exchange.target });
  const seen: string[] = [];
  for await (const book of followBook(grid, "a")) {
    const side = (of: Book["bids"]) => of.map((level) => `${level.priceMicros}:${level.quantityUnits}`);
    seen.push(`${book.sequence} ${side(book.bids)} / ${side(book.asks)}`);
    if (seen.length === 3) break;
  }
  exchange.stop();
  assert.deepEqual(seen, [
    "2 30:1,20:2 / 40:9007199254740993",
    "3 30:1,25:7 / 35:1,40:9007199254740993",
    "4 30:5 / ",
  ]);
  assert.deepEqual(exchange.asked, [undefined, undefined]);
});

test("a snapshot that does not fit its own checksum is the exchange's fault", async () => {
  const exchange = await scripted((stream) => stream.write({ events: [snapshot(2n, [[1n, 1n]], [], 7)] }));
  using grid = new GridClient({ target: exchange.target });
  await assert.rejects(followBook(grid, "a").next(), { code: Code.DATA_LOSS });
  exchange.stop();
});
