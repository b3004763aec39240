import sys

import pytest

from agents.quality.rouge_l import RougeL
from market.errors import BadInput


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        # Common subsequence "police the gunman": 3 of 4 words on either side (Lin 2004, Sec. 3.1).
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5),
        # 2 of 2 words, 2 of 6: precision 1, recall 1/3.
        ("her daughter", "she named her first daughter Sofia", 0.5),
    ],
)
def test_scores_are_f1_of_the_longest_common_subsequence(answer, reference, score):
    assert RougeL().score(answer, [reference]) == pytest.approx(score)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rouge_score", None)
    monkeypatch.delitem(sys.modules, "rouge_score.rouge_scorer", raising=False)
    expected = r"evaluator rouge_l: expected rouge-score: pip install -e '\.\[quality\]'"
    with pytest.raises(BadInput, match=expected):
        RougeL()
