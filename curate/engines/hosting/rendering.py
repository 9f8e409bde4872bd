"""From a request to the text and the token ids that the model reads: one place for both local engines and for the preview, so that what is shown is what is sent.

Departs from calling the engine's own chat method: the template is rendered to text, the prefill and the continuation follow it, and the whole is tokenised once, without special tokens, since the
template has written its own (a second BOS would otherwise be added). Plain text gets the tokenizer's default special tokens, because nobody has written them.

A conversation that ends with an empty turn of the user is rendered up to where the user's words would stand: the model writes them (curate/selfmade.py).
"""

from functools import lru_cache
from typing import Any, NamedTuple

from curate.errors import EngineError, PromptTooLong, RequestRefused

UNWRITTEN = "the-words-of-the-user"  # rendered in place of those that are to be written, to see where they would stand
REMEMBERED = 4096  # rendered prompts kept: the samples of a prompt are asked for one after another


class Rendered(NamedTuple):
    """A prompt as it is sent. `opened`: it ends with the chain's opening tag, before any prefill."""

    text: str
    ids: tuple[int, ...]
    opened: bool


def _parts(args: dict[str, Any]) -> tuple[tuple[tuple[str, str], ...] | None, str | None, str]:
    messages = args["messages"]
    turns = None if messages is None else tuple((role, content) for role, content in messages)
    return turns, args["text"], args["prefill"] + args["continuation"]


class Renderer:
    """Renders requests with a tokenizer and its chat template."""

    def __init__(self, tokenizer: Any, chat_template_kwargs: dict[str, Any], opening_tag: str) -> None:
        self.tokenizer = tokenizer
        self.chat_template_kwargs = chat_template_kwargs
        self.opening_tag = opening_tag
        self._render = lru_cache(maxsize=REMEMBERED)(self._render_once)

    def __call__(self, args: dict[str, Any]) -> Rendered:
        """Render a request's args (see wire.py). Raises EngineError where the tokenizer has no chat template, RequestRefused where the template refuses the messages."""
        return self._render(*_parts(args))

    def once(self, args: dict[str, Any]) -> Rendered:
        """The same for a request that does not come again: nothing of it is kept."""
        return self._render_once(*_parts(args))

    def _render_once(self, turns: tuple[tuple[str, str], ...] | None, text: str | None, begun: str) -> Rendered:
        if turns is None:
            head = text or ""
        else:
            if not self.tokenizer.chat_template:
                raise EngineError(
                    "the model's tokenizer has no chat template, as is usual for a base model: ask it with --template r1-zero instead"
                )
            from jinja2 import TemplateError

            unwritten = turns[-1:] == (("user", ""),)
            chat = [{"role": role, "content": content} for role, content in turns]
            if unwritten:
                chat[-1]["content"] = UNWRITTEN
            try:
                head = self.tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False, **self.chat_template_kwargs)
            except (TemplateError, TypeError, ValueError) as error:
                raise RequestRefused(f"the model's chat template refuses the messages: {error}") from error
            if unwritten:
                head, found, _ = head.rpartition(UNWRITTEN)
                if not found:
                    raise RequestRefused("the model's chat template leaves out what the user writes")
        whole = head + begun
        ids = self.tokenizer.encode(whole, add_special_tokens=turns is None)
        return Rendered(whole, tuple(ids), bool(self.opening_tag) and head.rstrip().endswith(self.opening_tag))


def room(prompt_tokens: int, context: int, max_tokens: int) -> int:
    """How many tokens may be generated: max_tokens, or what the context leaves. Raises PromptTooLong where it leaves none."""
    if prompt_tokens == 0:
        raise RequestRefused("the prompt is empty")
    if prompt_tokens >= context:
        raise PromptTooLong(f"the prompt has {prompt_tokens} tokens and the model's context is {context}: no room is left for an answer")
    return min(max_tokens, context - prompt_tokens)


def load_tokenizer(model: str, engine_args: dict[str, Any]) -> Any:
    """The tokenizer of a model directory. No code of the model's own is run unless the engine args ask for it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        engine_args.get("tokenizer", model), trust_remote_code=bool(engine_args.get("trust_remote_code", False))
    )
