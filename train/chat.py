"""From a conversation to the tokens that are trained: prompt and answer apart, so that no chat template can touch the answer.

A template is trusted with the prompt alone, through the renderer that the engines use, so that trainer, vLLM and transformers read the same ids. Many templates delete a chain of thought from an assistant's turn, and some
add an empty one; the answer is therefore its own text, tokenised by itself and followed by the token that ends a turn. What looks like a control token inside it is plain text.

A model that answers with and without a chain needs to be told which. The switch is the template's `enable_thinking`; a template that has none gets it here, where rows of both kinds are trained: where it is false, the prompt ends
with an empty chain, as Qwen3's does. The saved model carries the result. A tokenizer without any template gets a plain one of ours.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from curate.engines.hosting.rendering import Renderer
from curate.errors import CurateError
from curate.records import Message
from train.model import Text

PLAIN = (
    "{% for message in messages %}{{ message['role'].capitalize() + ': ' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
SWITCH = "{%% if add_generation_prompt and enable_thinking is defined and enable_thinking is false %%}{{ %r }}{%% endif %%}"
MARK = "r1curate"  # an answer that no template changes


class Answered(NamedTuple):
    """What a row says: its conversation up to the answer, and the answer. `reasoning` is None where it has no chain."""

    messages: Sequence[Message]
    reasoning: str | None
    response: str
    completion: str  # as the model wrote it, tags included
    ended: bool  # the answer ended by itself


class Chat:
    """A tokenizer with its template, ready for training: `end` is the token that ends a turn, `ends` all that a server is to stop at, `plain_template` says that the template is ours.

    Raises CurateError for a tokenizer that has no token to end with, or a template that cannot be read.
    """

    def __init__(self, tokenizer: Any, think_tags: tuple[str, str] = ("<think>", "</think>"), *, switch: bool = True) -> None:
        """`switch`: put one in where the template has none; without it all rows are asked alike."""
        self.tokenizer, self.think_tags = tokenizer, think_tags
        if isinstance(tokenizer.chat_template, dict):
            tokenizer.chat_template = tokenizer.chat_template.get("default")
        self.plain_template = not tokenizer.chat_template
        if tokenizer.eos_token_id is None:
            raise CurateError("the model's tokenizer names no token that ends a text (eos_token): without one a model cannot learn to stop")
        if self.plain_template:
            tokenizer.chat_template = PLAIN
        special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special} | set(tokenizer.all_special_ids)
        self._tags = {
            tag: i for tag in think_tags if (i := tokenizer.convert_tokens_to_ids(tag)) in special and i != tokenizer.unk_token_id
        }
        self._renderers = {thinking: Renderer(tokenizer, {"enable_thinking": thinking}, think_tags[0]) for thinking in (True, False)}
        self.end = self._end_of_turn(special)
        self.ends = list(dict.fromkeys([self.end, tokenizer.eos_token_id]))
        if switch:
            self._install_switch()

    def prompt(self, messages: Sequence[Message], *, thinking: bool) -> tuple[tuple[int, ...], bool]:
        """The ids that an engine reads before it answers, and whether they end with the chain's opening tag. Raises RequestRefused where the template refuses the messages."""
        args = {"messages": [(m.role, m.content) for m in messages], "text": None, "prefill": "", "continuation": ""}
        rendered = self._renderers[thinking].once(args)
        return rendered.ids, rendered.opened

    def answer(self, text: str, *, ended: bool = True) -> list[int]:
        """The ids of an answer, and the end of the turn after one that ended."""
        ids: list[int] = []
        for piece in self._pieces(text):
            if piece in self._tags:
                ids.append(self._tags[piece])
            elif piece:
                ids += self.tokenizer.encode(piece, add_special_tokens=False, split_special_tokens=True)
        return [*ids, self.end] if ended else ids

    def texts(self, row: Answered, *, every_turn: bool = False) -> list[Text]:
        """What is trained of a row: its answer and, with `every_turn`, the assistant's turns before it.

        Earlier turns are trained in the same text where its prompt begins with theirs, token by token; where the template renders them otherwise as history (without their chains, say), each is a text of its own.
        """
        turns = [(i, m.content) for i, m in enumerate(row.messages) if m.role == "assistant"] if every_turn else []
        asked = [self._turn(row.messages[:i], *self._split(content), True) for i, content in turns]
        asked.append(self._turn(row.messages, row.reasoning, self._target(row), row.ended))
        made: list[Text] = []
        spans: list[tuple[int, int]] = []
        last, answer = asked[-1]
        for prompt, ids in asked[:-1]:
            if last[: len(prompt) + len(ids)] == (*prompt, *ids):
                spans.append((len(prompt), len(prompt) + len(ids)))
            else:
                made.append(_text((*prompt, *ids), [(len(prompt), len(prompt) + len(ids))]))
        return [*made, _text((*last, *answer), [*spans, (len(last), len(last) + len(answer))])]

    def _turn(self, messages: Sequence[Message], reasoning: str | None, text: str, ended: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
        prompt, opened = self.prompt(messages, thinking=reasoning is not None)
        opening = self.think_tags[0]
        begins = text.lstrip().startswith(opening)
        if reasoning is not None and opened and begins:
            text = text.lstrip()[len(opening) :].lstrip("\n")
        elif reasoning is not None and not opened and not begins:  # its own prompt had opened the chain
            text = f"{opening}\n{text.lstrip()}"
        return prompt, tuple(self.answer(text, ended=ended))

    def _split(self, content: str) -> tuple[str | None, str]:
        """An earlier turn: whether it has a chain, and its text."""
        return (content.partition(self.think_tags[1])[0] if self.think_tags[1] in content else None), content

    def _target(self, row: Answered) -> str:
        """The answer's text between our tags: the completion as it was written where it has them, else put together from its parts."""
        opening, closing = self.think_tags
        if row.reasoning is None:
            return row.response
        if row.completion and closing in row.completion:
            return row.completion
        if not row.ended and not row.response:  # cut off within its chain
            return row.completion if opening in row.completion else f"{opening}\n{row.reasoning}"
        return f"{opening}\n{row.reasoning}\n{closing}\n\n{row.response}"

    def _pieces(self, text: str) -> list[str]:
        pieces = [text]
        for tag in self._tags:
            pieces = [p for piece in pieces for p in ([piece] if piece in self._tags else _around(piece, tag))]
        return pieces

    def _render(self, messages: list[dict[str, str]], **given: Any) -> str:
        from jinja2 import TemplateError

        try:
            return str(self.tokenizer.apply_chat_template(messages, tokenize=False, **given))
        except (TemplateError, TypeError, ValueError) as error:
            raise CurateError(f"the model's chat template cannot be rendered: {error}") from error

    def _end_of_turn(self, special: set[int]) -> int:
        """The first token that the template puts after an assistant's answer, if it is a special one; else the tokenizer's end of text."""
        turn = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": MARK}]
        _, found, after = self._render(turn).rpartition(MARK)
        ids = self.tokenizer.encode(after.lstrip(), add_special_tokens=False) if found else []
        controls = special | set(self.tokenizer.added_tokens_decoder)
        return int(ids[0]) if ids and ids[0] in controls else int(self.tokenizer.eos_token_id)

    def _install_switch(self) -> None:
        ask = [{"role": "user", "content": "Hello"}]
        on, off = (self._render(ask, add_generation_prompt=True, enable_thinking=thinking) for thinking in (True, False))
        if on != off:
            return
        opening, closing = self.think_tags
        opened = on.rstrip().endswith(opening)
        empty = f"\n{closing}\n\n" if opened else f"{opening}\n\n{closing}\n\n"
        self.tokenizer.chat_template += SWITCH % empty.lstrip("\n" if on.endswith("\n") and opened else "")
        if self._render(ask, add_generation_prompt=True, enable_thinking=False) == on:
            raise CurateError(
                "the model's chat template takes no switch between answers with and without a chain: give the model another template"
            )


def _around(text: str, tag: str) -> list[str]:
    head, *tails = text.split(tag)
    return [head, *(piece for tail in tails for piece in (tag, tail))]


def _text(ids: tuple[int, ...], spans: Sequence[tuple[int, int]]) -> Text:
    asked_T = np.zeros(len(ids), dtype=np.bool_)
    for start, stop in spans:
        asked_T[start:stop] = True
    return Text(np.asarray(ids, dtype=np.int64), asked_T)
