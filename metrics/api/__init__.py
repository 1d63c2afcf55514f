"""The API of metrics: reports, the ledger behind them, and the recompute."""
