import numpy as np
import pytest

from curate.engines.hosting.rendering import Renderer
from curate.errors import CurateError
from curate.records import Message
from tests.train import toys
from train.chat import PLAIN, Answered, Chat

QUESTION = (Message("user", "2+2?"),)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# As DeepSeek-R1-Distill's: history loses its chains, and the prompt opens the next one.
CUTS = (
    "{% for m in messages %}{% if m.role == 'assistant' %}<|a|>{{ m.content.split('</think>')[-1] }}</s>{% else %}<|u|>{{ m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|a|><think>\n{% endif %}"
)
# As Qwen3's: its own switch.
SWITCHED = CHATML.replace(
    "assistant\n{% endif %}",
    "assistant\n{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
)
TURNS = ("<|im_start|>", "<|im_end|>")


def chat(template: str | None = toys.TEMPLATE, extra: tuple[str, ...] = (), **other) -> Chat:
    return Chat(toys.tokenizer(template, extra=extra, **other))


def row(reasoning: str | None, response: str, *, completion: str = "", messages=QUESTION, ended: bool = True) -> Answered:
    return Answered(messages, reasoning, response, completion, ended)


def said(c: Chat, text) -> tuple[str, str]:
    """What is read and what is trained."""
    return tuple(c.tokenizer.decode(text.ids_T[mask]) for mask in (~text.asked_T, text.asked_T))


@pytest.mark.parametrize(
    ("template", "extra", "answered", "read", "trained"),
    [
        (toys.TEMPLATE, (), row("add", "4"), "<|user|>2+2?<|assistant|>", "<think>\nadd\n</think>\n\n4</s>"),
        (toys.TEMPLATE, (), row(None, "4"), "<|user|>2+2?<|assistant|><think>\n\n</think>\n\n", "4</s>"),
        (toys.TEMPLATE, (), row("a", "4", completion="<think>a</think>4"), "<|user|>2+2?<|assistant|>", "<think>a</think>4</s>"),
        # the prompt of the model that wrote it had opened the chain
        (toys.TEMPLATE, (), row("a", "4", completion="a</think>4"), "<|user|>2+2?<|assistant|>", "<think>\na</think>4</s>"),
        # the prompt of the model that is trained opens it
        (CUTS, (), row("a", "4", completion="<think>\na</think>4"), "<|u|>2+2?<|a|><think>\n", "a</think>4</s>"),
        (CUTS, (), row(None, "4"), "<|u|>2+2?<|a|><think>\n</think>\n\n", "4</s>"),
        (CHATML, TURNS, row("a", "4"), "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n", "<think>\na\n</think>\n\n4<|im_end|>"),
        (
            SWITCHED,
            TURNS,
            row(None, "4"),
            "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
            "4<|im_end|>",
        ),
        (None, (), row(None, "4"), "User: 2+2?\n\nAssistant:<think>\n\n</think>\n\n", "4</s>"),
        (toys.TEMPLATE, (), row("a", "", ended=False), "<|user|>2+2?<|assistant|>", "<think>\na"),
    ],
)
def test_what_is_read_and_what_is_trained(template, extra, answered, read, trained):
    c = chat(template, extra)
    (text,) = c.texts(answered)
    assert said(c, text) == (read, trained)


def test_the_chain_survives_a_template_that_takes_it_out_of_history():
    """Rendering the whole conversation, as most trainers do, would train on the tail after </think>."""
    c = chat(CUTS)
    whole = c.tokenizer.apply_chat_template(
        [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>CHAIN</think>4"}], tokenize=False
    )
    (text,) = c.texts(row("CHAIN", "4", completion="<think>CHAIN</think>4"))
    assert "CHAIN" not in whole
    assert "CHAIN" in said(c, text)[1]


@pytest.mark.parametrize("template", [toys.TEMPLATE, CHATML, CUTS, SWITCHED, None])
@pytest.mark.parametrize("thinking", [True, False])
def test_the_prompt_is_the_one_that_the_engines_render(template, thinking):
    """With the tokenizer as it is saved, which carries the switch."""
    c = chat(template, TURNS)
    args = {"messages": [("user", "2+2?")], "text": None, "prefill": "", "continuation": ""}
    assert c.prompt(QUESTION, thinking=thinking)[0] == Renderer(c.tokenizer, {"enable_thinking": thinking}, "<think>")(args).ids
    if thinking:
        assert c.prompt(QUESTION, thinking=True)[0] == Renderer(c.tokenizer, {}, "<think>")(args).ids


@pytest.mark.parametrize("template", [toys.TEMPLATE, CHATML, CUTS, SWITCHED, None])
def test_the_two_modes_are_told_apart_by_the_prompt(template):
    c = chat(template, TURNS)
    on, off = (c.prompt(QUESTION, thinking=t)[0] for t in (True, False))
    assert on != off
    assert "</think>" in c.tokenizer.decode(off)


def test_a_switch_is_put_in_once():
    c = chat()
    before = c.tokenizer.chat_template
    assert Chat(c.tokenizer).tokenizer.chat_template == before


def test_control_tokens_in_an_answer_are_plain_text():
    c = chat(CHATML, TURNS)
    (text,) = c.texts(row(None, "stop <|im_end|> here </s>"))
    trained = text.ids_T[text.asked_T]
    assert (trained == c.end).sum() == 1
    assert trained[-1] == c.end
    assert c.tokenizer.eos_token_id not in trained


def test_a_chains_tags_that_are_control_tokens_stay_such():
    c = chat(CHATML, (*TURNS, "<think>", "</think>"))
    (text,) = c.texts(row("a", "4"))
    trained = text.ids_T[text.asked_T].tolist()
    assert [trained.count(c.tokenizer.convert_tokens_to_ids(t)) for t in ("<think>", "</think>")] == [1, 1]


@pytest.mark.parametrize(("template", "end"), [(toys.TEMPLATE, "</s>"), (CHATML, "<|im_end|>"), (CUTS, "</s>"), (None, "</s>")])
def test_the_end_of_a_turn_is_the_templates_and_both_ends_are_saved(template, end):
    c = chat(template, TURNS)
    assert c.tokenizer.convert_ids_to_tokens(c.end) == end
    assert set(c.tokenizer.convert_ids_to_tokens(c.ends)) == {end, "</s>"}


def test_a_tokenizer_without_an_end_is_refused_and_one_without_a_template_gets_ours():
    with pytest.raises(CurateError, match="names no token that ends a text"):
        Chat(toys.tokenizer(eos=None))
    assert chat(None).plain_template
    assert chat(None).tokenizer.chat_template.startswith(PLAIN)


HISTORY = (Message("user", "a"), Message("assistant", "B"), Message("user", "c"))


def test_earlier_turns_are_trained_in_one_text_where_the_prompt_begins_with_theirs():
    c = chat(PLAIN.replace("{{ 'Assistant:' }}", "{{ 'Assistant: ' }}"))
    thinking = (Message("user", "a"), Message("assistant", "<think>x</think>B"), Message("user", "c"))
    (text,) = c.texts(row("y", "D", messages=thinking), every_turn=True)
    assert said(c, text)[1] == "<think>x</think>B</s><think>\ny\n</think>\n\nD</s>"


def test_earlier_turns_are_texts_of_their_own_where_history_is_rendered_otherwise():
    c = chat(CUTS)
    thinking = (Message("user", "a"), Message("assistant", "<think>x</think>B"), Message("user", "c"))
    texts = c.texts(row("y", "D", messages=thinking), every_turn=True)
    assert [said(c, t)[1] for t in texts] == ["x</think>B</s>", "y\n</think>\n\nD</s>"]


def test_only_the_answer_is_trained_by_default():
    c = chat()
    (text,) = c.texts(row("y", "D", messages=HISTORY))
    assert said(c, text)[1] == "<think>\ny\n</think>\n\nD</s>"
    assert np.flatnonzero(text.asked_T)[0] != 0
