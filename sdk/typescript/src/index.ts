/**
 * The TypeScript SDK of The Grid.
 * Messages and enums are imported from `@thegrid/sdk/v1/<file>`, one file per noun of the contract.
 */

export { followAccount, type FollowAccountOptions } from "./account.js";
export { Book } from "./book.js";
export { GridClient, VERSION } from "./client.js";
export { deliver, type DeliverInit, Delivery } from "./delivery.js";
export { embed, type EmbedInit, type Embeddings } from "./embedding.js";
export { type FieldViolation, GridError, type GridErrorInit, type Reason } from "./errors.js";
export { deliveryId, requestId } from "./ids.js";
export { followBook, followMarket, type FollowMarketOptions } from "./market.js";
export { pages } from "./pages.js";
export type { FollowOptions } from "./resume.js";
export type { GridOptions } from "./settings.js";
export type { CallOptions, ServiceClient } from "./transport.js";
