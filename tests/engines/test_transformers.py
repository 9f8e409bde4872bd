"""The transformers engine on a random model of a few thousand weights, made here, through its real processes."""

import asyncio
import json
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.engines import EngineSettings, Request, Sampling
from curate.engines.hosting.rendering import Renderer, room
from curate.engines.local import LocalEngine
from curate.errors import CurateError, EngineError, PromptTooLong, RequestRefused
from curate.records import Completion, Message

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from curate.engines.hosting.transformers_host import GATHER, Row, TransformersBackend, distribution  # noqa: E402  # it needs both

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% if thinking %}<think>\n{% endif %}{% endif %}"
)
CONTEXT = 64


def make_model(directory: Path, template: str | None = TEMPLATE, *, seed: int = 0, **config: Any) -> Path:
    """A tiny Llama whose tokens are bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(directory)
    torch.manual_seed(seed)
    made = transformers.LlamaConfig(
        **{
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": CONTEXT,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            **config,
        }
    )
    transformers.LlamaForCausalLM(made).save_pretrained(directory)
    return directory


class Running:
    """An engine and the event loop that it lives in."""

    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine
        self.runner = asyncio.Runner()

    def complete(self, *requests: Request) -> list[Completion]:
        async def ask() -> list[Completion]:
            return list(await asyncio.gather(*(self.engine.complete(r) for r in requests)))

        return self.runner.run(ask())

    def refusal(self, request: Request) -> CurateError:
        with pytest.raises(CurateError) as caught:
            self.complete(request)
        return caught.value


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def running(model: Path) -> Iterator[Running]:
    engine = LocalEngine(EngineSettings(kind="transformers", model=str(model), chat_template_kwargs={"thinking": True}, max_concurrent=4))
    made = Running(engine)
    made.runner.run(engine.start())
    yield made
    made.runner.run(engine.close())
    made.runner.close()


def ask(content: str = "Hi", seed: int | None = 1, **other: Any) -> Request:
    fields = {name: other.pop(name) for name in ("prefill", "continuation") if name in other}
    sampling = Sampling(**{"max_tokens": 8, "temperature": 1.0, "top_p": 1.0, "logprobs": True, **other})
    return Request("p", 0, sampling, seed, messages=(Message("user", content),), **fields)


def test_a_completion_and_its_fields(running: Running) -> None:
    (done,) = running.complete(ask())
    assert done.token_ids is not None
    assert done.logprobs is not None
    assert done.prompt_tokens == 1 + len("user: Hi") + 1 + 1 + len("assistant: <think>\n")
    assert done.completion_tokens == len(done.token_ids) == len(done.logprobs) <= 8
    assert done.finish_reason in ("stop", "length")
    assert all(p <= 0 for p in done.logprobs)
    assert done.opened


def test_a_seed_repeats_and_another_differs(running: Running) -> None:
    def texts() -> list[str]:
        return [c.text for c in running.complete(ask(), ask(), ask(seed=2), ask("A longer one"))]

    first = texts()
    assert first == texts()
    assert first[0] == first[1] != first[2]


def test_a_row_does_not_depend_on_its_neighbours(running: Running) -> None:
    """Greedy, so that rounding cannot change a token: left padding is masked."""
    requests = [ask("x" * n, temperature=0.0, max_tokens=4) for n in (1, 9, 23)]
    assert running.complete(*requests) == [running.complete(r)[0] for r in requests]


def test_unlike_settings_share_a_batch(running: Running) -> None:
    greedy, one, cold = running.complete(ask(temperature=0.0), ask(top_k=1), ask(top_p=1e-9, max_tokens=3))
    assert greedy.token_ids == one.token_ids
    assert cold.token_ids == (greedy.token_ids or ())[:3]
    assert one.logprobs is not None
    assert max(map(abs, one.logprobs)) < 1e-6, "the only token left has probability 1"


def test_the_end_of_text_is_no_part_of_the_text(running: Running) -> None:
    done = running.complete(*(ask(seed=n, max_tokens=30) for n in range(40)))
    stopped = [c for c in done if c.finish_reason == "stop"]
    assert stopped, "a random model ends one token in 258"
    assert not any("</s>" in c.text for c in stopped)
    assert all(c.completion_tokens == 30 for c in done if c.finish_reason == "length")
    end = transformers.AutoTokenizer.from_pretrained(running.engine.settings.model).eos_token_id
    for c in done:  # a trainer learns to stop from the token that says so: it is among the ids and has its log-probability
        assert c.token_ids is not None
        assert c.logprobs is not None
        assert len(c.token_ids) == len(c.logprobs) == c.completion_tokens
        assert (c.token_ids[-1] == end) == (c.finish_reason == "stop")
        assert end not in c.token_ids[:-1]


def prompt_ids(running: Running, request: Request) -> list[int]:
    text = running.runner.run(running.engine.preview(request))
    ids: list[int] = transformers.AutoTokenizer.from_pretrained(running.engine.settings.model).encode(text, add_special_tokens=False)
    return ids


@pytest.mark.parametrize("temperature", [1.0, 0.0])
def test_scores_are_the_log_probabilities_of_sampling_at_temperature_1(running: Running, temperature: float) -> None:
    request = ask(temperature=temperature, max_tokens=12)
    (done,) = running.complete(request)
    ids = [*prompt_ids(running, request), *(done.token_ids or ())]
    scores = running.runner.run(running.engine.score(ids))
    assert len(scores) == len(ids) - 1
    assert scores[-done.completion_tokens :] == pytest.approx(list(done.logprobs or ()), abs=1e-5)
    assert running.runner.run(running.engine.score(ids[:1])) == []


def test_the_score_of_an_answer_is_that_of_its_tokens_alone(running: Running) -> None:
    begun, whole = ask("Hi", prefill="a"), ask("Hi", prefill="a", continuation="bcd")
    scores = running.runner.run(running.engine.score(prompt_ids(running, whole)))
    assert running.runner.run(running.engine.score_answer(whole)) == pytest.approx(scores[-3:], abs=1e-6)
    assert running.runner.run(running.engine.score_answer(begun)) == []


@pytest.mark.parametrize(
    ("ids", "kind", "said"),
    [
        ([], RequestRefused, "no tokens"),
        ([5] * (CONTEXT + 1), PromptTooLong, "context is 64"),
        ([5, 10**6], RequestRefused, "none of the model's"),
    ],
)
def test_what_cannot_be_scored_is_refused(running: Running, ids: list[int], kind: type[CurateError], said: str) -> None:
    with pytest.raises(kind, match=said):
        running.runner.run(running.engine.score(ids))


@pytest.mark.parametrize("tied", [False, True])
def test_weights_are_changed_and_changed_back(tmp_path: Path, tied: bool) -> None:
    first = make_model(tmp_path / "first", tie_word_embeddings=tied)
    second = make_model(tmp_path / "second", seed=1, tie_word_embeddings=tied)
    broken = make_model(tmp_path / "broken", seed=2, tie_word_embeddings=tied)
    (broken / "model.safetensors").write_bytes((first / "model.safetensors").read_bytes()[:-100])

    async def act() -> None:
        engine = LocalEngine(EngineSettings(kind="transformers", model=str(first)))
        fresh = LocalEngine(EngineSettings(kind="transformers", model=str(second)))
        try:
            before, wanted = await engine.complete(ask()), await fresh.complete(ask())
            await engine.load_weights(str(second), "7")
            changed = await engine.complete(ask())
            assert (changed.token_ids, changed.logprobs) == (wanted.token_ids, wanted.logprobs)
            for directory, said in (
                (make_model(tmp_path / "wider", hidden_size=32), "of another model, whose head_dim is 16 there and 8 here"),
                (make_model(tmp_path / "deeper", num_hidden_layers=3), "num_hidden_layers is 3 there and 2 here"),
                (make_model(tmp_path / "other", tie_word_embeddings=not tied), "tie_word_embeddings"),
                (broken, "cannot be loaded: "),
                (tmp_path / "nothing", "cannot be loaded: "),
            ):
                with pytest.raises(EngineError, match=said) as caught:
                    await engine.load_weights(str(directory), "8")
                assert "\n" not in str(caught.value)
            kept = await engine.complete(ask())
            assert (kept.logprobs, kept.weights_version) == (changed.logprobs, "7"), "what was refused changed nothing"
            await engine.load_weights(str(first), "9")
            after = await engine.complete(ask())
            assert after.logprobs == before.logprobs != changed.logprobs
            assert (before.weights_version, changed.weights_version, after.weights_version) == (None, "7", "9")
        finally:
            await engine.close()
            await fresh.close()

    asyncio.run(act())


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("model.layers.1.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight is missing"),
        ("lm_head.weight", "lm_head.weight is missing"),
    ],
)
def test_weights_that_are_not_all_there_are_refused(model: Path, tmp_path: Path, missing: str, said: str) -> None:
    from safetensors.torch import load_file, save_file

    part = make_model(tmp_path / "part")
    weights = load_file(part / "model.safetensors")
    save_file({name: value for name, value in weights.items() if name != missing}, part / "model.safetensors", {"format": "pt"})

    async def act() -> None:
        engine = LocalEngine(EngineSettings(kind="transformers", model=str(model)))
        try:
            with pytest.raises(EngineError, match=said):
                await engine.load_weights(str(part), "1")
        finally:
            await engine.close()

    asyncio.run(act())


def test_what_was_sent_together_is_one_batch_whatever_the_machine_does_meanwhile() -> None:
    backend = object.__new__(TransformersBackend)  # no model: only how batches form is looked at
    backend.batch, backend.waiting = 4, queue.SimpleQueue()
    rows = [Row(*[None] * 6) for _ in range(5)]  # type: ignore[arg-type]

    def send() -> None:
        for row in rows[:3]:
            backend.waiting.put((3, row))
            time.sleep(3 * GATHER)
        backend.waiting.put((3, rows[3]))
        backend.waiting.put((3, None))  # refused
        backend.waiting.put((3, rows[4]))

    sender = threading.Thread(target=send)
    sender.start()
    assert backend._gather() == rows[:3]
    assert backend._gather() == rows[3:]
    sender.join()


def test_a_stop_string_ends_the_text_before_it(running: Running) -> None:
    (free,) = running.complete(ask(temperature=0.0))
    assert free.text
    stop = free.text[2:4]
    (done,) = running.complete(ask(temperature=0.0, stop=(stop,)))
    assert (done.text, done.finish_reason) == (free.text[: free.text.find(stop)], "stop")


def test_a_prefill_and_a_continuation_stand_in_the_prompt(running: Running) -> None:
    whole, (begun,) = running.complete(ask(temperature=0.0))[0], running.complete(ask(temperature=0.0, prefill="ab", continuation="c"))
    assert begun.prompt_tokens == whole.prompt_tokens + 3
    assert running.runner.run(running.engine.preview(ask(prefill="ab", continuation="c"))) == "<s>user: Hi</s><s>assistant: <think>\nabc"


def test_the_context_bounds_the_answer_and_the_prompt(running: Running) -> None:
    (done,) = running.complete(ask("x" * 20, max_tokens=1000, temperature=0.0))
    assert done.prompt_tokens + done.completion_tokens <= CONTEXT
    refused = running.refusal(ask("x" * 100))
    assert isinstance(refused, PromptTooLong)
    assert f"context is {CONTEXT}" in str(refused)


def test_what_the_template_refuses_is_a_refused_request(running: Running) -> None:
    refused = running.refusal(Request("p", 0, Sampling(), 1, messages=(Message("system", "x"),)))
    assert isinstance(refused, RequestRefused)
    assert "no system turns" in str(refused)


def test_a_cancelled_request_frees_its_place(running: Running) -> None:
    before = running.engine.cancelled_tokens

    async def act() -> Completion:
        seconds = 0.05
        while running.engine.cancelled_tokens == before and seconds < 10:  # until they were on their way, on a busy machine too
            tasks = [asyncio.create_task(running.engine.complete(ask(max_tokens=1000))) for _ in range(8)]
            await asyncio.sleep(seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            found = await running.engine.complete(ask())
            seconds *= 2
        return found

    assert running.runner.run(act()).completion_tokens > 0
    assert 0 < running.engine.cancelled_tokens - before < 8 * 1000


def test_a_base_model_takes_plain_text_and_no_messages(tmp_path: Path) -> None:
    base = str(make_model(tmp_path / "base", None))

    async def act() -> str:
        engine = LocalEngine(EngineSettings(kind="transformers", model=base))
        try:
            with pytest.raises(EngineError, match="--template r1-zero"):
                await engine.preview(ask())
            return await engine.preview(Request("p", 0, Sampling(), 1, text="A question.", prefill="<think>"))
        finally:
            await engine.close()

    assert asyncio.run(act()) == "A question.<think>"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": ["NoSuchForCausalLM"], "model_type": "no_such"}, "no_such"),
        ({"hidden_size": 24}, "could not start"),
    ],
)
def test_a_broken_model_is_one_sentence(model: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    config = json.loads((model / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, **change}))

    async def act() -> None:
        engine = LocalEngine(EngineSettings(kind="transformers", model=str(broken)))
        with pytest.raises(EngineError, match=said) as caught:
            await engine.start()
        assert "Traceback" not in str(caught.value)
        assert "\n" not in str(caught.value)
        await engine.close()

    asyncio.run(act())


def settings(**given: Any) -> dict[str, Any]:
    return {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, **given}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [0.1, 0.2, 0.3, 0.4]),
        ({"temperature": 0.0}, [0.1, 0.2, 0.3, 0.4]),
        ({"temperature": 0.5}, [1 / 30, 4 / 30, 9 / 30, 16 / 30]),
        ({"top_k": 2}, [0, 0, 3 / 7, 4 / 7]),
        ({"top_p": 0.4}, [0, 0, 0, 1]),
        ({"top_p": 0.5}, [0, 0, 3 / 7, 4 / 7]),
        ({"top_p": 0.9}, [0, 2 / 9, 3 / 9, 4 / 9]),
        ({"min_p": 0.6}, [0, 0, 3 / 7, 4 / 7]),
        ({"top_k": 3, "top_p": 0.8}, [0, 2 / 9, 3 / 9, 4 / 9]),  # the nucleus is of what top-k leaves: 4/9 + 3/9 < 0.8
    ],
)
def test_the_distribution_by_hand(given: dict[str, Any], expected: list[float]) -> None:
    logits = torch.tensor([[0.1, 0.2, 0.3, 0.4]] * 2).log() + 3
    alone = distribution(logits[:1], [settings(**given)]).exp()
    beside = distribution(logits, [settings(**given), settings(top_k=1, top_p=0.3)]).exp()
    assert alone[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert beside[0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("prompt", "context", "asked", "given"), [(10, 20, 5, 5), (10, 20, 50, 10), (19, 20, 5, 1)])
def test_room(prompt: int, context: int, asked: int, given: int) -> None:
    assert room(prompt, context, asked) == given


@pytest.mark.parametrize("prompt", [20, 21])
def test_no_room(prompt: int) -> None:
    with pytest.raises(PromptTooLong, match=f"{prompt} tokens .* context is 20"):
        room(prompt, 20, 5)


def test_plain_text_gets_the_tokenizers_own_special_tokens_and_a_template_none() -> None:
    class Tokenizer:
        chat_template = "x"

        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            return [0] * add_special_tokens + [ord(c) for c in text]

        def apply_chat_template(self, chat: list[dict[str, str]], **_: Any) -> str:
            return "<think>\n"

    render = Renderer(Tokenizer(), {}, "<think>")
    args: dict[str, Any] = {"messages": None, "text": "ab", "prefill": "c", "continuation": "d"}
    assert render(args) == ("abcd", (0, 97, 98, 99, 100), False)
    asked = render({**args, "messages": [["user", "hi"]]})
    assert (asked.text, asked.ids[0], asked.opened) == ("<think>\ncd", ord("<"), True)


def test_an_empty_last_turn_of_the_user_is_left_open() -> None:
    class Tokenizer:
        chat_template = "x"

        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            return [0] * add_special_tokens + [ord(c) for c in text]

        def apply_chat_template(self, chat: list[dict[str, str]], **_: Any) -> str:
            return "".join(f"<{m['role']}>{m['content'].strip()}</>" for m in chat) + "<assistant><think>"

    def rendered(*turns: tuple[str, str]) -> tuple[str, int, bool]:
        text, ids, opened = Renderer(Tokenizer(), {}, "<think>")(
            {"messages": [list(turn) for turn in turns], "text": None, "prefill": "", "continuation": "and"}
        )
        return text, ids[0], opened

    assert rendered(("system", "s"), ("user", "")) == ("<system>s</><user>and", ord("<"), False)
    assert rendered(("user", ""), ("assistant", "a"), ("user", "")) == ("<user></><assistant>a</><user>and", ord("<"), False)
    assert rendered(("user", "u"))[0] == "<user>u</><assistant><think>and"


def test_a_template_without_the_users_words_is_a_refused_request() -> None:
    class Tokenizer:
        chat_template = "x"

        def apply_chat_template(self, chat: list[dict[str, str]], **_: Any) -> str:
            return "<system>"

    with pytest.raises(RequestRefused, match="leaves out what the user writes"):
        Renderer(Tokenizer(), {}, "")({"messages": [["user", ""]], "text": None, "prefill": "", "continuation": ""})
