import numpy as np
import pytest

from orchestrator.report.charts.data_table import MAX_ROWS, columns_table, number


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1234567.8, "1,234,568"), (0.000012346, "1.235e-05"), (float("nan"), "-"),
     (-2500.0, "-2,500"), (12.0, "12")],
)  # fmt: skip
def test_figures_have_four_digits_and_thousands_apart(value, shown):
    assert number(value) == shown


def test_of_a_long_line_some_rows_are_shown_and_the_head_says_so():
    x = np.arange(1.0, 301.0)
    table = columns_table("round", x, [("USD", 2 * x)])
    assert table.heads == ("round (one row in 5)", "USD")
    assert len(table.rows) == MAX_ROWS
    assert table.rows[1] == ("6", "12")


def test_of_a_short_one_all():
    table = columns_table("round", np.array([1.0, 2.0]), [("USD", np.array([np.nan, 1.5]))])
    assert table.heads == ("round", "USD")
    assert table.rows == (("1", "-"), ("2", "1.5"))
