// Copied from sdk/service_config.json by `make proto`.
export const serviceConfig = {
  "methodConfig": [
    {
      "name": [
        {"service": "thegrid.v1.InstrumentService"},
        {"service": "thegrid.v1.MarketDataService"},
        {"service": "thegrid.v1.TradingService"},
        {"service": "thegrid.v1.AccountService"},
        {"service": "thegrid.v1.HistoryService"},
        {"service": "thegrid.v1.UsageService"},
        {"service": "thegrid.v1.SupplyService"},
        {"service": "thegrid.v1.MemberService"},
        {"service": "thegrid.v1.NoticeService"},
        {"service": "thegrid.v1.AdminService"},
        {"service": "thegrid.v1.PerformanceService"}
      ],
      "timeout": "10s",
      "retryPolicy": {
        "maxAttempts": 5,
        "initialBackoff": "0.1s",
        "maxBackoff": "5s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"]
      }
    },
    {
      "name": [{"service": "thegrid.v1.DeliveryService"}],
      "timeout": "900s"
    }
  ],
  "retryableReasons": ["OVERLOADED"],
  "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.1},
  "streams": {
    "silenceTimeout": "5s",
    "connectAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "10s",
    "backoffMultiplier": 2,
    "resumableStatusCodes": [
      "UNAVAILABLE", "CANCELLED", "UNKNOWN", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED",
      "RESOURCE_EXHAUSTED", "DATA_LOSS"
    ]
  },
  "keepalive": {"time": "20s", "pingTimeout": "5s"}
};
