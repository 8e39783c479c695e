/**
 * Ids that the caller's side makes: of writes and of deliveries.
 * Ids of orders, trades and Lots are made by the exchange.
 */

import { randomBytes } from "node:crypto";

/** A UUIDv7: it shows its age, by which the exchange knows a repeat that comes too late. */
export function requestId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** A fresh id for one delivery, `dlv_…`; a second use of it never runs or bills twice. */
export function deliveryId(): string {
  return "dlv_" + requestId().replaceAll("-", "");
}
