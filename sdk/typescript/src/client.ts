/**
 * The way to one exchange: one channel, one credential, and the services on them.
 * What the services do is the contract's affair.
 */

import { Client as Channel } from "@grpc/grpc-js";

import { AccountService } from "../gen/thegrid/v1/accounts_pb.js";
import { AdminService } from "../gen/thegrid/v1/admin_pb.js";
import { DeliveryService } from "../gen/thegrid/v1/delivery_pb.js";
import { HistoryService } from "../gen/thegrid/v1/history_pb.js";
import { InstrumentService } from "../gen/thegrid/v1/instruments_pb.js";
import { MarketDataService } from "../gen/thegrid/v1/market_data_pb.js";
import { MemberService } from "../gen/thegrid/v1/members_pb.js";
import { NoticeService } from "../gen/thegrid/v1/notices_pb.js";
import { SupplyService } from "../gen/thegrid/v1/supply_pb.js";
import { TradingService } from "../gen/thegrid/v1/trading_pb.js";
import { PerformanceService } from "../gen/thegrid/v1/performance_pb.js";
import { UsageService } from "../gen/thegrid/v1/usage_pb.js";
import { channelOptions } from "./policy.js";
import { type GridOptions, loadSettings } from "./settings.js";
import { serviceClient, type ServiceClient, type Transport } from "./transport.js";

export const VERSION = "0.1.0";

/** A client of one exchange. It holds one channel; make one and keep it. */
export class GridClient {
  /** Orders. */
  readonly trading: ServiceClient<typeof TradingService>;
  /** Books, trades and markets, as the public sees them. */
  readonly marketData: ServiceClient<typeof MarketDataService>;
  /** Quality contracts. */
  readonly instruments: ServiceClient<typeof InstrumentService>;
  /** Cash, Units, Lots, transfers, sweeps. */
  readonly accounts: ServiceClient<typeof AccountService>;
  /** Positions, statistics, statements and sweeps. */
  readonly history: ServiceClient<typeof HistoryService>;
  /** Calls of models; `deliver` and `embed` are the easier way. */
  readonly delivery: ServiceClient<typeof DeliveryService>;
  /** What each call used and cost. */
  readonly usage: ServiceClient<typeof UsageService>;
  readonly performance: ServiceClient<typeof PerformanceService>;
  /** The member and its keys. */
  readonly members: ServiceClient<typeof MemberService>;
  /** What the member was told of, and its webhooks. */
  readonly notices: ServiceClient<typeof NoticeService>;
  /** Offers, issuance, and the supplier's stream. */
  readonly supply: ServiceClient<typeof SupplyService>;
  /** The operator's calls. */
  readonly admin: ServiceClient<typeof AdminService>;

  readonly #channel: Channel;

  constructor(options: GridOptions = {}) {
    const settings = loadSettings(options);
    const agent = `thegrid-typescript/${VERSION} node/${process.versions.node}`;
    this.#channel = new Channel(settings.target, settings.credentials, channelOptions(agent));
    const transport: Transport = {
      channel: this.#channel,
      metadata: settings.apiKey ? { authorization: `Bearer ${settings.apiKey}` } : {},
      timeoutMs: settings.timeoutMs,
    };
    this.trading = serviceClient(TradingService, transport);
    this.marketData = serviceClient(MarketDataService, transport);
    this.instruments = serviceClient(InstrumentService, transport);
    this.accounts = serviceClient(AccountService, transport);
    this.history = serviceClient(HistoryService, transport);
    this.delivery = serviceClient(DeliveryService, transport);
    this.usage = serviceClient(UsageService, transport);
    this.performance = serviceClient(PerformanceService, transport);
    this.members = serviceClient(MemberService, transport);
    this.notices = serviceClient(NoticeService, transport);
    this.supply = serviceClient(SupplyService, transport);
    this.admin = serviceClient(AdminService, transport);
  }

  /** Give the channel back; calls under way are cancelled. A second time does nothing. */
  close(): void {
    this.#channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
