"""What is told to providers of the chat markets that they won jobs in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from agents.chat_bids import ChatWin
from hubs.matching_hub import ChatReply
from market.messages import ChatAward
from market.profiles import ProviderProfile


def chat_wins(
    members: Mapping[str, Sequence[ProviderProfile]], replies: Mapping[str, ChatReply]
) -> dict[str, ChatWin]:
    """By provider, its own jobs and what its hub published of its own slots; of winners alone.

    Jobs that a hub handed out to explore were not won by a bid. ``members`` of every hub are in
    the order of its prices.
    """
    won: dict[str, ChatWin] = {}
    for hub, reply in replies.items():
        jobs: dict[str, list[ChatAward]] = defaultdict(list)
        for award in reply.awards:
            if not award.explored:
                jobs[award.provider].append(award)
        for member, price in zip(members[hub], reply.signal.largest_prices_nano, strict=True):
            if member.provider in jobs:
                assert price is not None  # it had a slot to clear
                mine = jobs[member.provider]
                won[member.provider] = ChatWin(
                    asked_nano=tuple(award.cost_nano for award in mine),
                    received_nano=tuple(award.provider_receives_nano for award in mine),
                    largest_price_nano=price,
                )
    return won
