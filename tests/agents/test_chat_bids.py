import pytest

from agents.chat_bids import ChatBids, ChatWin
from agents.strategy import Report


class Numbered:
    """A reporter whose reports are 1, 2, 3, ..., and what each of them brought."""

    def __init__(self) -> None:
        self.reports = 0
        self.told: list[tuple[float, float]] = []
        self.heard: list[float | None] = []

    def report(self, draw) -> Report:
        self.reports += 1
        return Report(float(self.reports))

    def learn(self, report: Report, utility: float) -> None:
        self.told.append((report.factor, utility))

    def hear(self, highest: float | None) -> None:
        self.heard.append(highest)


def bids() -> tuple[ChatBids, Numbered]:
    reporter = Numbered()
    return ChatBids(reporter), reporter


def test_a_bid_that_wins_nothing_earns_nothing():
    seller, reporter = bids()
    assert seller.next_bid(lambda: 0.5, 2.0) == 2.0
    seller.awarded([], None)
    assert reporter.told == [(1.0, 0)]


def test_a_bid_earns_the_profit_of_all_it_won_when_the_last_job_is_done():
    seller, reporter = bids()
    seller.next_bid(lambda: 0.5, 2.0)
    seller.awarded(["a", "b"], None)
    seller.next_bid(lambda: 0.5, 2.0)
    seller.awarded(["c"], None)
    seller.done("b", 30)
    assert reporter.told == []
    seller.done("c", -5)
    seller.done("a", 12)
    assert reporter.told == [(2.0, -5), (1.0, 42)]


def test_only_bids_with_unfinished_jobs_are_remembered():
    seller, reporter = bids()
    for number in range(100):
        seller.next_bid(lambda: 0.5, 2.0)
        seller.awarded([f"a{number}", f"b{number}"], None)
        seller.done(f"a{number}", 1)
        seller.done(f"b{number}", 1)
    assert not seller._bid_of
    assert reporter.told == [(float(number), 2) for number in range(1, 101)]


def test_jobs_from_before_the_first_bid_were_won_by_none():
    seller, reporter = bids()
    seller.awarded(["a"], None)
    seller.done("a", 9)
    assert reporter.told == []


def test_the_highest_bid_that_would_have_won_is_told_as_a_factor_on_the_cost_of_now():
    seller, reporter = bids()
    seller.next_bid(lambda: 0.5, 2.0)  # it bids 1 x 2
    seller.awarded(["a", "b"], ChatWin((400, 500), (400, 500), 252))
    seller.next_bid(lambda: 0.5, 4.0)
    seller.awarded([], None)
    seller.next_bid(lambda: 0.5, 4.0)
    assert reporter.heard == [None, pytest.approx(2.0 * 1.5 / 4.0), None]


def test_after_a_clearing_that_it_was_not_in_nothing_is_known_of_what_would_win():
    seller, reporter = bids()
    seller.next_bid(lambda: 0.5, 2.0)
    seller.awarded(["a"], ChatWin((100,), (100,), 50))
    seller.next_bid(lambda: 0.5, 2.0)
    seller.missed()
    seller.next_bid(lambda: 0.5, 2.0)
    assert reporter.heard[1] is not None
    assert reporter.heard[2] is None
    assert reporter.told == []


def test_where_a_slot_was_free_no_higher_bid_than_the_last_is_known_to_win():
    for price in (0, 1, 2):
        assert ChatWin((400,), (400,), price).highest_bid(2.0) == 2.0


def test_whoever_is_paid_more_than_it_asks_is_not_paid_by_its_bid():
    assert ChatWin((400, 500), (400, 501), 252).highest_bid(2.0) is None


def test_jobs_that_ask_for_nothing_leave_a_finite_bid():
    assert ChatWin((0,), (0,), 12).highest_bid(2.0) == 22.0
