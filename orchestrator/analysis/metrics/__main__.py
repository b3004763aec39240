"""Print the table of all metrics: ``python -m orchestrator.analysis.metrics``."""

from orchestrator.analysis.metrics.table import metrics_table

if __name__ == "__main__":
    print(metrics_table())
