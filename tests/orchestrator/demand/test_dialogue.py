from collections.abc import Sequence
from dataclasses import replace

from agents.engine import Task
from market.prompt import Span, common_prefix_tokens, prompt_tokens
from orchestrator.demand.dialogue import (
    Answer,
    Dialogue,
    DialogueTape,
    DialogueText,
    Topic,
    Turn,
    TurnPlan,
    TurnText,
    content,
)

LAW = Topic("law", 0.5)


def plan(
    question: int = 10, answer: int = 20, think_s: float = 2.0, *terms: str, query: float = 0.25
) -> TurnPlan:
    return TurnPlan(question, answer, think_s, terms, query)


def talk(name: str, start_s: float, *turns: TurnPlan) -> Dialogue:
    return Dialogue(name, start_s, content("document", name, 100), LAW, turns or (plan(),))


def tape(*dialogues: Dialogue, horizon_s: float = 100.0) -> DialogueTape:
    return DialogueTape(iter(dialogues), horizon_s)


def names(turns: Sequence[Turn]) -> list[str]:
    return [turn.request for turn in turns]


def test_dialogues_begin_at_their_time_and_once():
    played = tape(talk("a", 1.0), talk("b", 1.5), talk("c", 3.0))
    assert played.arrivals(0.5) == []
    assert names(played.arrivals(1.5)) == ["a.1", "b.1"]
    assert played.arrivals(2.0) == []
    assert names(played.arrivals(50.0)) == ["c.1"]
    assert played.arrivals(99.0) == []


def test_the_first_turn_asks_about_the_document():
    (turn,) = tape(talk("a", 1.0, plan(10, 20, 0.0, "word", "other"))).arrivals(2.0)
    assert (turn.request, turn.dialogue, turn.turn, turn.arrival_s) == ("a.1", "a", 1, 1.0)
    assert [span.tokens for span in turn.prompt] == [100, 10]
    assert turn.output_tokens == 20
    assert turn.terms == ("word", "other")
    assert turn.task == Task("law", 0.5, 0.25)


def test_the_next_turn_comes_when_the_client_has_thought_about_the_answer():
    played = tape(talk("a", 1.0, plan(think_s=9.0), plan(think_s=2.5)))
    played.arrivals(1.0)
    assert played.arrivals(50.0) == []
    played.answered("a.1", 60.0)
    assert played.arrivals(62.4) == []
    (turn,) = played.arrivals(62.5)
    assert (turn.request, turn.turn, turn.arrival_s) == ("a.2", 2, 62.5)


def test_a_later_turn_repeats_all_that_was_said_and_asks_on():
    played = tape(talk("a", 1.0, plan(10, 20, 0.0, "one"), plan(11, 21, 0.0, "two")))
    (first,) = played.arrivals(1.0)
    played.answered("a.1", 2.0)
    (second,) = played.arrivals(2.0)
    said = (*first.prompt, Span(first.answer, 20))
    assert second.prompt[:-1] == said
    assert prompt_tokens(second.prompt) == 100 + 10 + 20 + 11
    assert common_prefix_tokens(first.prompt, second.prompt) == 110
    assert second.terms == ("one", "two")
    assert second.answer != first.answer


def test_every_turn_is_a_query_of_its_own_on_the_topic_of_its_dialogue():
    played = tape(talk("a", 1.0, plan(query=0.3), plan(query=0.7)))
    (first,) = played.arrivals(1.0)
    played.answered("a.1", 2.0)
    (second,) = played.arrivals(9.0)
    assert (first.task, second.task) == (Task("law", 0.5, 0.3), Task("law", 0.5, 0.7))


def test_the_last_answer_ends_a_dialogue():
    played = tape(talk("a", 1.0, plan(), plan()))
    for finish_s in (5.0, 10.0):
        (turn,) = played.arrivals(finish_s)
        played.answered(turn.request, finish_s)
    assert played.arrivals(100.0) == []


def test_a_lost_turn_ends_its_dialogue_and_no_other():
    played = tape(talk("a", 1.0, plan(), plan()), talk("b", 1.0, plan(), plan()))
    played.arrivals(1.0)
    played.lost("a.1")
    played.answered("a.1", 5.0)
    played.answered("b.1", 5.0)
    assert names(played.arrivals(100.0)) == ["b.2"]


def test_nothing_arrives_after_the_horizon():
    played = tape(
        talk("a", 1.0, plan(), plan(think_s=3.0)),
        talk("b", 2.0, plan(), plan(think_s=3.1)),
        talk("c", 10.0),
        talk("d", 10.1),
        horizon_s=10.0,
    )
    assert names(played.arrivals(5.0)) == ["a.1", "b.1"]
    played.answered("a.1", 7.0)
    played.answered("b.1", 7.0)
    assert names(played.arrivals(1000.0)) == ["a.2", "c.1"]


def test_turns_come_in_the_order_of_arrival_and_then_of_name():
    played = tape(talk("b", 1.0), talk("a", 1.0), talk("c", 0.5 + 1.0, plan(), plan(think_s=0.5)))
    assert names(played.arrivals(1.5)) == ["a.1", "b.1", "c.1"]
    late = tape(talk("z", 0.0, plan(), plan(think_s=2.0)), talk("a", 3.0))
    late.arrivals(0.0)
    late.answered("z.1", 0.5)
    assert names(late.arrivals(5.0)) == ["z.2", "a.1"]


def test_an_answer_that_is_told_late_still_counts_from_when_it_was_finished():
    played = tape(talk("a", 1.0, plan(), plan(think_s=0.25)))
    played.arrivals(1.0)
    played.arrivals(2.0)
    played.answered("a.1", 1.5)
    (turn,) = played.arrivals(3.0)
    assert turn.arrival_s == 1.75


def test_contents_of_different_dialogues_and_turns_differ():
    played = tape(talk("a", 1.0, plan(), plan()), talk("b", 1.0, plan(), plan()))
    turns = played.arrivals(1.0)
    for turn in list(turns):
        played.answered(turn.request, 2.0)
    turns += played.arrivals(10.0)
    assert len({turn.answer for turn in turns}) == 4
    assert len({turn.prompt[-1].content for turn in turns}) == 4
    assert len({turn.prompt[0].content for turn in turns}) == 2


def test_a_document_is_the_same_whenever_its_dialogue_is_played():
    (one,), (other,) = (tape(talk("a", start_s)).arrivals(9.0) for start_s in (1.0, 5.0))
    assert one.prompt == other.prompt
    assert one.answer == other.answer


def test_dialogues_are_read_only_as_far_as_they_are_needed():
    read: list[str] = []

    def source():
        for number in range(1000):
            read.append(f"d{number}")
            yield talk(f"d{number}", float(number))

    played = DialogueTape(source(), 1e6)
    played.arrivals(3.0)
    assert len(read) == 5


def spoken_talk() -> Dialogue:
    turns = [
        replace(plan(think_s=1.0), text=TurnText(question, reference))
        for question, reference in [("Who?", "the cat"), ("Where?", "in a barn")]
    ]
    return replace(talk("a", 1.0, *turns), text=DialogueText("Once.", "rouge_l", 32))


def words(turn: Turn) -> list[str]:
    assert turn.spoken is not None
    return [turn.spoken.texts[span.content] for span in turn.prompt]


def test_a_dialogue_in_text_is_told_in_words_and_has_answers_to_compare_with():
    (first,) = tape(spoken_talk()).arrivals(1.0)
    assert words(first) == ["Once.", "Who?"]
    assert first.spoken is not None
    assert first.spoken.most_tokens == 32
    assert first.task == Task("law", 0.5, 0.25, ("the cat",), "rouge_l")


def test_what_a_real_engine_answers_stands_in_the_prompts_that_follow():
    played = tape(spoken_talk())
    (first,) = played.arrivals(1.0)
    played.answered("a.1", 2.0, Answer("A black cat.", 5))
    (second,) = played.arrivals(9.0)
    assert words(second) == ["Once.", "Who?", "A black cat.", "Where?"]
    assert second.prompt[:3] == (*first.prompt, Span(first.answer, 5))
    assert words(first) == ["Once.", "Who?"]  # what was asked stays what it was


def test_where_nobody_answers_in_text_the_answer_of_the_file_stands_there():
    played = tape(spoken_talk())
    (first,) = played.arrivals(1.0)
    played.answered("a.1", 2.0)
    (second,) = played.arrivals(9.0)
    assert words(second) == ["Once.", "Who?", "the cat", "Where?"]
    assert second.prompt[2] == Span(first.answer, 20)


def test_a_dialogue_without_words_has_none():
    (turn,) = tape(talk("a", 1.0)).arrivals(1.0)
    assert turn.spoken is None
    assert turn.task.references == ()
