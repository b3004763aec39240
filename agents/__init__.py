"""Private information of both sides: providers (engine, cost, bids) and clients (valuations)."""
