/** Calls: ids, repeats, time limits, errors, pages, deliveries; streams are in market.test.ts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { status as Code } from "@grpc/grpc-js";

import { BadRequestSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { DeliveryService } from "../gen/thegrid/v1/delivery_pb.js";
import { TradingService } from "../gen/thegrid/v1/trading_pb.js";
import { deliver, deliveryId, embed, GridClient, GridError, pages, requestId } from "../src/index.js";
import { loadSettings } from "../src/settings.js";
import { refusal, refused, serve } from "./exchange.js";

test("a write is repeated under one id until the exchange answers", async () => {
  const seen: string[] = [];
  const exchange = await serve(TradingService, {
    placeOrder: (call: { request: { requestId: string } }, answer: (e: unknown, r?: unknown) => void) => {
      seen.push(call.request.requestId);
      if (seen.length < 3) answer({ code: Code.UNAVAILABLE, details: "away" });
      else answer(null, { order: { orderId: "ord_1", priceMicros: 9007199254740993n } });
    },
  } as never);
  using grid = new GridClient({ target: exchange.target });
  const { order } = await grid.trading.placeOrder({ order: { market: "m" } });
  exchange.stop();
  assert.equal(order?.priceMicros, 9007199254740993n);
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 1);
  assert.match(seen[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
});

test("a refusal carries reason, metadata, fields and delay", async () => {
  const violation = { field: "order.quantity_units", description: "must be above 0" };
  const bad = create(BadRequestSchema, { fieldViolations: [violation] });
  const wait = create(RetryInfoSchema, { retryDelay: create(DurationSchema, { nanos: 250_000_000 }) });
  const details = [anyPack(BadRequestSchema, bad), anyPack(RetryInfoSchema, wait)];
  const status = refusal(Code.RESOURCE_EXHAUSTED, "RATE_LIMITED", ...details);
  const exchange = await serve(TradingService, {
    placeOrder: (_: unknown, answer: (e: unknown) => void) => answer(refused(status)),
  } as never);
  using grid = new GridClient({ target: exchange.target });
  const error = await grid.trading.placeOrder({}).catch((error: unknown) => error);
  exchange.stop();
  assert(error instanceof GridError);
  assert.equal(error.code, Code.RESOURCE_EXHAUSTED);
  assert.equal(error.reason, "RATE_LIMITED");
  assert.equal(error.metadata.limit, "5");
  assert.equal(error.fields[0]?.field, violation.field);
  assert.equal(error.retryAfterMs, 250);
});

test("a call that gets no answer ends with its time limit, or with its signal", async () => {
  const exchange = await serve(TradingService, { getOrder: () => undefined } as never);
  using grid = new GridClient({ target: exchange.target, timeoutMs: 50 });
  await assert.rejects(grid.trading.getOrder({}), { code: Code.DEADLINE_EXCEEDED });
  const signal = AbortSignal.abort();
  await assert.rejects(grid.trading.getOrder({}, { signal }), { code: Code.CANCELLED });
  exchange.stop();
});

test("pages are fetched as the loop needs them", async () => {
  const asked: string[] = [];
  const exchange = await serve(TradingService, {
    listOrders: (call: { request: { pageToken: string } }, answer: (e: null, r: unknown) => void) => {
      const page = Number(call.request.pageToken || "0");
      asked.push(call.request.pageToken);
      const orders = [{ orderId: `ord_${page}a` }, { orderId: `ord_${page}b` }];
      answer(null, { orders, nextPageToken: page < 2 ? String(page + 1) : "" });
    },
  } as never);
  using grid = new GridClient({ target: exchange.target });
  const ids = [];
  for await (const order of pages(grid.trading.listOrders, { market: "m" }, (page) => page.orders)) {
    ids.push(order.orderId);
    if (ids.length === 3) break;
  }
  exchange.stop();
  assert.deepEqual(ids, ["ord_0a", "ord_0b", "ord_1a"]);
  assert.deepEqual(asked, ["", "1"]);
});

const part = (text: string) => ({
  call: 1n,
  event: {
    case: "reply",
    value: { choices: [{ index: 0n, delta: { content: { case: "text", value: text } } }] },
  },
});
const init = { instrument: "chat", request: { messages: [] } };

async function delivering(responses: unknown[]) {
  return serve(DeliveryService, {
    deliver: (call: { write: (r: unknown) => void; end: () => void }) => {
      for (const response of responses) call.write(response);
      call.end();
    },
  } as never);
}

test("a delivery gives its parts, its supplier and its record", async () => {
  const started = { event: { case: "started", value: { supplierId: "mem_9" } } };
  const ended = { event: { case: "ended", value: { reply: {}, usage: { usageId: "usg_1" } } } };
  const exchange = await delivering([{ events: [started, part("Hel")] }, { events: [part("lo"), ended] }]);
  using grid = new GridClient({ target: exchange.target });
  const delivery = deliver(grid, init);
  assert.equal(await delivery.text(), "Hello");
  exchange.stop();
  assert.equal(delivery.started?.supplierId, "mem_9");
  assert.equal(delivery.usage?.usageId, "usg_1");
});

test("a delivery is never silently short", async () => {
  const exchange = await delivering([{ events: [part("Hel")] }]);
  using grid = new GridClient({ target: exchange.target });
  await assert.rejects(deliver(grid, init).text(), /broke off/);
  exchange.stop();
});

test("a failed delivery says why and leaves its record", async () => {
  const status = refusal(Code.UNAVAILABLE, "SUPPLIER_LOST");
  const failed = { event: { case: "failed", value: { status, usage: { usageId: "usg_2" } } } };
  const exchange = await delivering([{ events: [part("Hel"), failed] }]);
  using grid = new GridClient({ target: exchange.target });
  const delivery = deliver(grid, init);
  await assert.rejects(delivery.text(), { reason: "SUPPLIER_LOST" });
  exchange.stop();
  assert.equal(delivery.usage?.usageId, "usg_2");
});

test("vectors are put at the places of their inputs, and a call without its end throws", async () => {
  const vectors = (...places: number[]) => {
    const embeddings = places.map((index) => ({ index, values: [index, 0.5] }));
    return { event: { case: "embedding", value: { embeddings } } };
  };
  const ended = { event: { case: "ended", value: { reply: {}, usage: { usageId: "usg_1" } } } };
  const whole = await delivering([{ events: [vectors(2)] }, { events: [vectors(0, 1), ended] }]);
  using grid = new GridClient({ target: whole.target });
  const inputs = ["a", [1, 2], "c"];
  const { vectors: given, usage } = await embed(grid, { instrument: "e", inputs });
  whole.stop();
  assert.deepEqual(given, [[0, 0.5], [1, 0.5], [2, 0.5]]);
  assert.equal(usage?.usageId, "usg_1");
  const broken = await delivering([{ events: [vectors(0)] }]);
  using other = new GridClient({ target: broken.target });
  await assert.rejects(embed(other, { instrument: "e", inputs }), /broke off/);
  broken.stop();
});

test("leaving a delivery early cancels it on the exchange", async () => {
  let left: () => void;
  const cancelled = new Promise<void>((resolve) => (left = resolve));
  const exchange = await serve(DeliveryService, {
    deliver: (call: { write: (r: unknown) => void; on: (name: string, then: () => void) => void }) => {
      call.on("cancelled", () => left());
      call.write({ events: [part("Hel")] });
    },
  } as never);
  using grid = new GridClient({ target: exchange.target });
  for await (const _ of deliver(grid, init)) break;
  await cancelled;
  exchange.stop();
});

test("ids have the shape that the contract asks for", () => {
  assert.match(deliveryId(), /^dlv_[0-9a-z]{16,40}$/);
  assert.notEqual(requestId(), requestId());
});

test("settings come from options, else from GRID_* variables, and name what is wrong", () => {
  const loaded = loadSettings({}, { GRID_GRPC: "grid.example.com:443", GRID_API_KEY: " secret " });
  assert.equal(loaded.target, "grid.example.com:443");
  assert.equal(loaded.apiKey, "secret");
  assert(loaded.credentials._isSecure());
  assert(!loadSettings({}, {}).credentials._isSecure());
  assert(!loadSettings({ target: "http://grid.example.com:80/" }, {}).credentials._isSecure());
  assert.throws(() => loadSettings({ target: "nonsense" }, {}), /GRID_GRPC: "nonsense"/);
  assert.throws(() => loadSettings({ apiKey: "two words" }, {}), /GRID_API_KEY/);
  assert.throws(() => loadSettings({}, { GRID_TLS: "no-such-file.pem" }), /GRID_TLS/);
  assert.throws(() => loadSettings({ timeoutMs: 0 }, {}), /timeoutMs/);
});
