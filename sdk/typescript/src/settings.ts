/**
 * Where the exchange is and who is calling: from options, else from GRID_* variables.
 * What is done over the connection stands in client.ts.
 */

import { readFileSync } from "node:fs";

import { type ChannelCredentials, credentials } from "@grpc/grpc-js";

/** How to reach an exchange. */
export interface GridOptions {
  /**
   * `host:port`, or with a scheme `http://` (plaintext) or `https://` (TLS). Else GRID_GRPC, else
   * the exchange on this machine.
   */
  target?: string;
  /** The secret of a key, as it was shown once. Else GRID_API_KEY. */
  apiKey?: string;
  /**
   * Whether to speak TLS, or the root certificates to trust, in PEM. Else GRID_TLS: on, off, or the
   * path of a file of root certificates. Else TLS for every address but those of this machine.
   */
  tls?: boolean | Buffer;
  /** The client's own certificate and key in PEM, for mutual TLS. */
  clientCertificate?: { certificate: Buffer; privateKey: Buffer };
  /** Time that a unary call may take when it names none, in milliseconds. */
  timeoutMs?: number;
}

/** The options, read and checked. */
export interface Settings {
  readonly target: string;
  readonly apiKey: string;
  readonly credentials: ChannelCredentials;
  readonly timeoutMs: number | undefined;
}

const DEFAULT_TARGET = "127.0.0.1:50051";
const LOOPBACK = /^(127\.|localhost:|\[::1\]:|unix:)/;
const ON = ["1", "on", "true", "yes"];
const OFF = ["0", "off", "false", "no"];

/** Read the options, and GRID_* variables for what they leave out; throws naming what is wrong. */
export function loadSettings(options: GridOptions, environment = process.env): Settings {
  const given = options.target ?? environment.GRID_GRPC ?? DEFAULT_TARGET;
  const scheme = /^https?:\/\//.exec(given)?.[0];
  const target = given.slice(scheme?.length ?? 0).replace(/\/$/, "");
  if (!/^(unix:.+|[^\s/]+:\d+)$/.test(target)) {
    throw new TypeError(`GRID_GRPC: "${given}" is no address; write host:port`);
  }
  const apiKey = (options.apiKey ?? environment.GRID_API_KEY ?? "").trim();
  if (!/^[\x21-\x7e]*$/.test(apiKey)) {
    throw new TypeError("GRID_API_KEY: a key is one word of ASCII; copy it whole, without blanks");
  }
  if (options.timeoutMs !== undefined && !(options.timeoutMs > 0)) {
    throw new TypeError(`timeoutMs: ${options.timeoutMs} is no time to wait; give more than 0`);
  }
  const bySchemeOrPlace = scheme ? scheme === "https://" : !LOOPBACK.test(target);
  const tls = options.tls ?? tlsOf(environment.GRID_TLS ?? "") ?? bySchemeOrPlace;
  return {
    target,
    apiKey,
    credentials: channelCredentials(tls, options.clientCertificate),
    timeoutMs: options.timeoutMs,
  };
}

function tlsOf(text: string): boolean | Buffer | undefined {
  if (text === "") return undefined;
  if (ON.includes(text.toLowerCase())) return true;
  if (OFF.includes(text.toLowerCase())) return false;
  try {
    return readFileSync(text);
  } catch (error) {
    const message = `GRID_TLS: ${text} is neither on, off, nor a readable file of root certificates`;
    throw new TypeError(message, { cause: error });
  }
}

function channelCredentials(tls: boolean | Buffer, own: GridOptions["clientCertificate"]): ChannelCredentials {
  if (tls === false) return credentials.createInsecure();
  const roots = tls === true ? null : tls;
  return credentials.createSsl(roots, own?.privateKey ?? null, own?.certificate ?? null);
}
