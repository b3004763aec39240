from agents.chat_bids import ChatBids
from agents.strategy import Report


class Numbered:
    """A reporter whose reports are 1, 2, 3, ..., and what each of them brought."""

    def __init__(self) -> None:
        self.reports = 0
        self.told: list[tuple[float, float]] = []

    def report(self, draw) -> Report:
        self.reports += 1
        return Report(float(self.reports))

    def learn(self, report: Report, utility: float) -> None:
        self.told.append((report.factor, utility))


def bids() -> tuple[ChatBids, Numbered]:
    reporter = Numbered()
    return ChatBids(reporter), reporter


def test_a_bid_that_wins_nothing_earns_nothing():
    seller, reporter = bids()
    assert seller.next_factor(lambda: 0.5) == 1.0
    seller.awarded([])
    assert reporter.told == [(1.0, 0)]


def test_a_bid_earns_the_profit_of_all_it_won_when_the_last_job_is_done():
    seller, reporter = bids()
    seller.next_factor(lambda: 0.5)
    seller.awarded(["a", "b"])
    seller.next_factor(lambda: 0.5)
    seller.awarded(["c"])
    seller.done("b", 30)
    assert reporter.told == []
    seller.done("c", -5)
    seller.done("a", 12)
    assert reporter.told == [(2.0, -5), (1.0, 42)]


def test_only_bids_with_unfinished_jobs_are_remembered():
    seller, reporter = bids()
    for number in range(100):
        seller.next_factor(lambda: 0.5)
        seller.awarded([f"a{number}", f"b{number}"])
        seller.done(f"a{number}", 1)
        seller.done(f"b{number}", 1)
    assert not seller._bid_of
    assert reporter.told == [(float(number), 2) for number in range(1, 101)]


def test_jobs_from_before_the_first_bid_were_won_by_none():
    seller, reporter = bids()
    seller.awarded(["a"])
    seller.done("a", 9)
    assert reporter.told == []
