/** Against a real exchange, which GRID_GRPC and GRID_API_KEY name: an order, a book, a delivery. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";

import { MarketState } from "../gen/thegrid/v1/market_data_pb.js";
import { Side } from "../gen/thegrid/v1/common_pb.js";
import { ClosureReason, OrderStatus, OrderType, TimeInForce } from "../gen/thegrid/v1/trading_pb.js";
import { UsageStatus, Verdict } from "../gen/thegrid/v1/usage_pb.js";
import { type Book, deliver, embed, followAccount, followBook, GridClient, GridError, pages, requestId } from "../src/index.js";

const target = process.env.GRID_GRPC ?? "";
const options = { skip: target === "" && "GRID_GRPC names no exchange" };

/** A market with something on offer. */
async function openMarket(grid: GridClient) {
  for await (const market of pages(grid.marketData.listMarkets, {}, (page) => page.markets)) {
    if (market.state === MarketState.OPEN && market.bestAskMicros !== undefined) return market;
  }
  throw new Error("no market has anything on offer");
}

/** A way to the exchange that can be cut. */
async function detour() {
  const [host, port] = [target.slice(0, target.lastIndexOf(":")), Number(target.split(":").at(-1))];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(port, host);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => sockets.delete(socket));
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as net.AddressInfo;
  return {
    target: `127.0.0.1:${address.port}`,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    [Symbol.dispose]: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

test("an order trades once, however often it is sent", options, async () => {
  using grid = new GridClient();
  const market = await openMarket(grid);
  const order = {
    market: market.symbol,
    side: Side.BUY,
    type: OrderType.LIMIT,
    timeInForce: TimeInForce.IOC,
    priceMicros: market.bestAskMicros!,
    quantityUnits: 1n,
  };
  const write = { requestId: requestId(), order };
  const first = await grid.trading.placeOrder(write);
  const again = await grid.trading.placeOrder(write);
  assert.equal(first.order?.closureReason, ClosureReason.FILLED);
  assert.equal(first.fills[0]?.priceMicros, market.bestAskMicros);
  assert.deepEqual(again, first);

  const other = { ...order, quantityUnits: 2n };
  const conflict = grid.trading.placeOrder({ requestId: write.requestId, order: other });
  await assert.rejects(conflict, { reason: "REQUEST_CONFLICT" });
  const malformed = await grid.trading
    .placeOrder({ order: { ...order, quantityUnits: 0n } })
    .catch((error: unknown) => error);
  assert(malformed instanceof GridError);
  assert.match(malformed.fields[0]?.field ?? "", /quantity_units/);
});

test("quotes are replaced, a switch is armed and read, and history adds up", options, async () => {
  using grid = new GridClient();
  const market = await openMarket(grid);
  const tick = market.terms!.tickSizeMicros;
  const low = (market.bestAskMicros! / 2n / tick) * tick;
  const quotes = [low, low - tick].map((priceMicros) => ({ side: Side.BUY, priceMicros, quantityUnits: 1n }));
  const tag = requestId();
  const placed = await grid.trading.replaceQuotes({ market: market.symbol, tag, quotes });
  assert.deepEqual(placed.results.map((each) => each.order?.status), [OrderStatus.OPEN, OrderStatus.OPEN]);
  const { orders } = await grid.trading.listOrders({ tag });
  assert.equal(orders.length, 2);

  const armed = await grid.trading.cancelAllAfter({ spanUs: 60_000_000n });
  assert.deepEqual((await grid.trading.getCancelAllAfter({})).fireTime, armed.fireTime);
  await grid.trading.cancelAllAfter({ spanUs: 0n });
  assert.equal((await grid.trading.getCancelAllAfter({})).spanUs, 0n);
  const gone = await grid.trading.replaceQuotes({ market: market.symbol, tag, quotes: [] });
  assert.equal(gone.cancelledOrderIds.length, 2);

  const accounts = pages(grid.history.getStatement, {}, (page) => page.accounts);
  for await (const account of accounts) {
    const posted = account.entries.reduce((sum, entry) => sum + entry.amount, 0n);
    assert.equal(account.openingBalance + posted, account.closingBalance);
  }
  const { positions } = await grid.history.listPositions({});
  assert(positions.some((each) => each.boughtUnits > 0n));
});

test("a book goes on where it was cut off, and is whole", options, async () => {
  using grid = new GridClient();
  using way = await detour();
  using far = new GridClient({ target: way.target });
  const market = await openMarket(grid);
  const tick = market.terms!.tickSizeMicros;
  const priceMicros = ((market.bestAskMicros! * 9n) / 10n / tick) * tick;
  const bid = (quantityUnits: bigint) => ({
    order: { market: market.symbol, side: Side.BUY, type: OrderType.LIMIT, priceMicros, quantityUnits },
  });
  const level = (of: Book | { bids: Book["bids"] }) =>
    of.bids.find((each) => each.priceMicros === priceMicros)?.quantityUnits ?? 0n;

  const interruptions: GridError[] = [];
  const controller = new AbortController();
  const options = { signal: controller.signal, onInterruption: (why: GridError) => interruptions.push(why) };
  const placed: string[] = [];
  let resting = -1n;
  for await (const book of followBook(far, market.marketId, options)) {
    if (resting === -1n) {
      resting = level(book);
      way.cut();
      // What happens while the way is cut must be in the book when it is back.
      for (const quantity of [2n, 3n]) {
        placed.push((await grid.trading.placeOrder(bid(quantity))).order!.orderId);
      }
    } else if (level(book) === resting + 5n) {
      const { book: asked } = await grid.marketData.getBook({ market: market.marketId });
      assert.equal(level(asked!), level(book));
      controller.abort();
    }
  }
  assert(interruptions.length >= 1);
  for (const orderId of placed) {
    const { order } = await grid.trading.cancelOrder({ order: { ref: { case: "orderId", value: orderId } } });
    assert.equal(order?.status, OrderStatus.CLOSED);
  }
});

test("what happens to the caller arrives, also after a cut", options, async () => {
  using grid = new GridClient();
  using way = await detour();
  using far = new GridClient({ target: way.target });
  const market = await openMarket(grid);
  const order = {
    market: market.symbol,
    side: Side.BUY,
    type: OrderType.LIMIT,
    timeInForce: TimeInForce.IOC,
    priceMicros: market.bestAskMicros!,
    quantityUnits: 1n,
  };
  let tradeId: string | undefined;
  for await (const { payload } of followAccount(far)) {
    if (payload.case === "snapshot") {
      way.cut();
      tradeId = (await grid.trading.placeOrder({ order })).fills[0]?.tradeId;
    } else if (payload.case === "fill") {
      assert.equal(payload.value.tradeId, tradeId);
      break;
    }
  }
});

test("a model is called, billed and accounted for", options, async () => {
  using grid = new GridClient();
  const market = await openMarket(grid);
  const content = { case: "text" as const, value: "Say hello to the market." };
  const request = { messages: [{ role: "user", content }], maxCompletionTokens: 32n };
  const delivery = deliver(grid, { instrument: market.symbol, request });
  const text = await delivery.text();
  assert(text.length > 0);
  assert.equal(delivery.usage?.verdict, Verdict.IN_SPEC);
  assert(delivery.usage.billedTokens > 0n);
  assert.equal(delivery.usage.supplierId, delivery.started?.supplierId);

  const { usage } = await grid.usage.getUsage({ id: delivery.deliveryId });
  assert.equal(usage?.status, UsageStatus.FINAL);
  assert.equal(usage.billedTokens, delivery.usage.billedTokens);
  const drawn = usage.draws.reduce((sum, draw) => sum + draw.tokens, 0n);
  assert.equal(drawn, usage.billedTokens);
  assert(usage.draws.every((draw) => draw.costTradeId.startsWith("trd_")));
});

test("texts are embedded, and the texts alone are billed", options, async () => {
  using grid = new GridClient();
  const instrument = "embedding-ngrams";
  const inputs = ["resetting a password", "how to reset passwords", "the weather in spring"];
  const { vectors, started, usage } = await embed(grid, { instrument, inputs });
  const [one, near, far] = vectors as [number[], number[], number[]];
  const cosine = (other: number[]) => one.reduce((sum, value, place) => sum + value * other[place]!, 0);
  assert(cosine(near) > cosine(far));
  assert.equal(usage?.verdict, Verdict.IN_SPEC);
  assert.equal(usage.counted?.completionTokens, 0n);
  assert.equal(usage.supplierId, started?.supplierId);
  const short = await embed(grid, { instrument, inputs: [[15339, 1917]], dimensions: 64 });
  assert.equal(short.vectors[0]?.length, 64);
  await assert.rejects(embed(grid, { instrument: "text-prime", inputs }), { reason: "WRONG_REQUEST_KIND" });
});
