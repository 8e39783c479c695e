/**
 * A walk through the market: an order, the book over a lost stream, a model called.
 *
 *     GRID_GRPC=127.0.0.1:50051 GRID_API_KEY=… npm run walkthrough -- <instrument>
 */

import { OrderType, TimeInForce } from "../gen/thegrid/v1/trading_pb.js";
import { Side } from "../gen/thegrid/v1/common_pb.js";
import { deliver, followBook, GridClient, GridError, pages } from "../src/index.js";

const DOLLAR_MICROS = 1_000_000n;

async function main(market: string): Promise<void> {
  using grid = new GridClient();

  for await (const each of pages(grid.marketData.listMarkets, {}, (page) => page.markets)) {
    console.log(`market ${each.symbol} ${each.marketId}, best ask ${each.bestAskMicros ?? "none"}`);
  }

  // One order, answered when it and its fills are durable.
  const placed = await grid.trading.placeOrder({
    order: {
      market,
      side: Side.BUY,
      type: OrderType.LIMIT,
      timeInForce: TimeInForce.IOC,
      priceMicros: 100n * DOLLAR_MICROS,
      quantityUnits: 1n,
      // Bought Units may be called at once, instead of at the next sweep.
      autoTransfer: true,
    },
  });
  for (const fill of placed.fills) {
    console.log(`bought ${fill.quantityUnits} at ${fill.priceMicros} micro-dollars, ${fill.tradeId}`);
  }

  // The book, whole after every change; a lost stream is taken up where it broke.
  for await (const book of followBook(grid, market)) {
    console.log(`book at ${book.sequence}: ${book.bids.length} bids, ${book.asks.length} asks`);
    break;
  }

  // A model is called by the instrument that was bought, never by its name.
  const delivery = deliver(grid, {
    instrument: market,
    request: {
      messages: [{ role: "user", content: { case: "text", value: "Say hello." } }],
      maxCompletionTokens: 64n,
    },
  });
  for await (const reply of delivery) {
    for (const { delta } of reply.choices) {
      if (delta?.content.case === "text") process.stdout.write(delta.content.value);
    }
  }
  const usage = delivery.usage;
  console.log(`\n${usage?.billedTokens} tokens for ${usage?.costMicros} micro-dollars, ${usage?.usageId}`);
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  // Decide by the reason, never by the text.
  if (error instanceof GridError) console.error(`${error.reason || error.code}: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
});
