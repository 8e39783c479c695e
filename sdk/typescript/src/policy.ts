/**
 * Time limits, repeats and back-off, from the one file that the SDKs of all languages share.
 * Unary repeats are done by the channel; market.ts repeats subscriptions.
 */

import { status as Code, type ChannelOptions } from "@grpc/grpc-js";

import { serviceConfig } from "../gen/service_config.js";

const { streams, keepalive, methodConfig, retryThrottling } = serviceConfig;

/** How streams come back: after silence, after which status codes, after which pauses. */
export const STREAMS = {
  silenceMs: milliseconds(streams.silenceTimeout),
  backoffFirstMs: milliseconds(streams.initialBackoff),
  backoffMaxMs: milliseconds(streams.maxBackoff),
  backoffMultiplier: streams.backoffMultiplier,
  codes: new Set(streams.resumableStatusCodes.map((name) => Code[name as keyof typeof Code])),
};

/** Time that a call of a service may take when it names none, in milliseconds. */
export function timeoutMs(service: string): number {
  const found = methodConfig.find((entry) => entry.name.some((name) => name.service === service));
  if (!found) throw new Error(`${service} is missing from service_config.json`);
  return milliseconds(found.timeout);
}

/** The channel's options: who calls, pings that notice a frozen peer, and repeats. */
export function channelOptions(userAgent: string): ChannelOptions {
  // The time limits are left out: the channel would cut streams by them, which have none.
  const repeated = methodConfig.map(({ timeout: _, ...entry }) => entry);
  return {
    "grpc.primary_user_agent": userAgent,
    "grpc.service_config": JSON.stringify({ methodConfig: repeated, retryThrottling }),
    "grpc.keepalive_time_ms": milliseconds(keepalive.time),
    "grpc.keepalive_timeout_ms": milliseconds(keepalive.pingTimeout),
    "grpc.keepalive_permit_without_calls": 1,
    // A client that is closed and made again must not share a dying connection.
    "grpc.use_local_subchannel_pool": 1,
  };
}

/** A duration of proto's JSON form, such as `0.1s`, in milliseconds. */
function milliseconds(text: string): number {
  return Number.parseFloat(text) * 1000;
}
