import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import api
from curate.errors import UsageError
from curate.filtering.foreign import Reading
from tests.train import toys
from train import data
from train.chat import Chat
from train.data import Limits, Order

ROWS = [
    {"messages": "2+2?", "completion": "<think>add</think>4"},
    {"messages": "Hello", "completion": "Hi!", "mode": "plain"},
    {"messages": "no chain though asked", "completion": "5"},
    {"messages": "too long", "completion": "x" * 300},
    {"messages": "cut", "completion": "<think>never", "finish_reason": "length"},
    {"messages": "empty", "completion": ""},
]


def written(path, rows):
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return str(path)


def built(tmp_path, rows=ROWS, *, where=None, template=toys.TEMPLATE, **limits):
    chat = Chat(toys.tokenizer(template))
    made = Limits(**{"max_tokens": 100, **limits})
    return chat, data.build(
        [written(tmp_path / "in.jsonl", rows)], chat, made, tmp_path / "data", reading=Reading({}), where=where, key="k"
    )


def counted(corpus):
    return {k: v for k, v in corpus.counts.items() if v}


def test_rows_become_texts_and_what_is_left_out_is_counted_by_reason(tmp_path):
    chat, corpus = built(tmp_path)
    assert counted(corpus) == {"rows": 6, "texts": 3, "think": 1, "plain": 2, "other_mode": 1, "too_long": 1, "cut_off": 1, "empty": 1}
    trained = [chat.tokenizer.decode(corpus[i].ids_T[corpus[i].asked_T]) for i in range(3)]
    assert trained == ["<think>add</think>4</s>", "Hi!</s>", "5</s>"]
    assert corpus.asked_counts.tolist() == [int(corpus[i].asked_T.sum()) for i in range(3)]
    assert data.told(corpus.counts) == (
        "1 with a chain and 2 without, of 6 rows; left out: 1 too long, 1 cut off when made, 1 empty; 1 trained in the other mode than they were asked in"
    )


@pytest.mark.parametrize("validation", [0.0, 0.5])
def test_a_mixture_has_something_held_out_only_where_that_was_asked_for(tmp_path, validation):
    rows = [{"messages": f"{i}+1?", "completion": f"<think>add</think>{i + 1}", "domain": "math"} for i in range(40)]
    api.mix([written(tmp_path / "in.jsonl", rows)], str(tmp_path / "mixed"), validation=validation)
    training, held_out = data.sides([str(tmp_path / "mixed")])
    assert training == [str(tmp_path / "mixed" / "train")]
    assert held_out == ([str(tmp_path / "mixed" / "validation")] if validation else [])


def test_a_long_row_is_cut_and_a_cut_one_trained_where_that_is_asked_for(tmp_path):
    chat, corpus = built(tmp_path, too_long="cut", cut_off=True)
    assert counted(corpus)["shortened"] == 1
    assert "too_long" not in counted(corpus)
    longest = corpus[int(np.argmax(corpus.lengths))]
    assert len(longest.ids_T) == 100
    assert chat.end not in longest.ids_T[longest.asked_T]
    assert chat.tokenizer.decode(corpus[4].ids_T[corpus[4].asked_T]) == "<think>never"


def test_a_row_whose_prompt_alone_is_too_long_is_left_out_even_where_rows_are_cut(tmp_path):
    _, corpus = built(tmp_path, [*ROWS[:1], {"messages": "q" * 200, "completion": "4"}], too_long="cut")
    assert counted(corpus)["too_long"] == 1


@pytest.mark.parametrize(("where", "texts"), [("mode = 'plain'", 1), ("reasoning is not null and finish_reason <> 'length'", 1), (None, 3)])
def test_where_chooses(tmp_path, where, texts):
    assert len(built(tmp_path, where=where)[1]) == texts


@pytest.mark.parametrize(
    ("rows", "where", "said"),
    [
        (ROWS[3:4], None, "of 1 rows 1 too_long"),
        (ROWS, "domain = 'nothing'", "of 0 rows none was chosen"),
    ],
)
def test_nothing_to_train_on_is_an_error_that_says_why(tmp_path, rows, where, said):
    with pytest.raises(UsageError, match=said):
        built(tmp_path, rows, where=where)


def test_a_template_that_refuses_a_row_leaves_it_out(tmp_path):
    strict = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}{% endfor %}" + toys.TEMPLATE
    )
    asked = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "completion": "4"}
    _, corpus = built(tmp_path, [asked, ROWS[1]], template=strict)
    assert counted(corpus)["refused"] == 1


def test_a_corpus_is_made_once_and_anew_for_other_limits(tmp_path):
    built(tmp_path)
    (first,) = (tmp_path / "data").iterdir()
    before = (first / "tokens.u32").stat().st_mtime_ns
    built(tmp_path)
    assert (first / "tokens.u32").stat().st_mtime_ns == before
    built(tmp_path, max_tokens=99)
    assert len(list((tmp_path / "data").iterdir())) == 2


@given(st.integers(1, 40), st.integers(1, 17), st.sampled_from([0.5, 1.0, 2.0, 2.5]), st.integers(0, 3))
def test_every_text_comes_as_often_as_the_epochs_say(count, batch, epochs, seed):
    order = Order(count, batch, epochs, seed)
    seen = [i for step in range(order.steps) for i in order.step(step)]
    times = np.bincount(seen, minlength=count)
    assert len(seen) == order.total
    assert times.max() - times.min() <= 1
    assert all(1 <= len(order.step(step)) <= batch for step in range(order.steps))
    assert order.step(order.steps) == []


def test_epochs_are_ordered_differently_and_the_same_seed_repeats():
    order = Order(20, 20, 2, 0)
    assert order.step(0) != order.step(1)
    assert order.step(1) == Order(20, 20, 2, 0).step(1)
    assert order.step(0) != Order(20, 20, 2, 1).step(0)
