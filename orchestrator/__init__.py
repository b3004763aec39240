"""From a scenario to a log: demand, rounds, runtimes, Parquet, reports and the command."""
