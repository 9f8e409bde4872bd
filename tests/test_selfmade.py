"""Prompts that a model writes itself: what it is asked, what is taken over, that nothing is asked twice, and a real chat template."""

from pathlib import Path

import pytest

from curate import api
from curate.check import check
from curate.engines import EngineSettings, Sampling
from curate.engines.scripted import ScriptedEngine
from curate.errors import EngineError, IdentityMismatch, SourceError, UsageError
from curate.records import Prompt
from curate.selfmade import Frame, Writing, asked, fault, framed, write_prompts
from curate.sources import open_source
from curate.stage import Task
from curate.tasks import synthesise

SETTINGS = EngineSettings(kind="scripted", model="tests.test_selfmade:person")
TOPICS = ["tides", "bread", "{chess}"]
SAID = {
    "tides": ["  Why are there two tides a day?\n", "why are there  two TIDES a day?", ("When is high", "length"), "How high do they get?"],
    "bread": ["   ", "My loaf is flat.<|im_end|>", "Is rye\nharder?", "x" * 2_001],
    "{chess}": ["What is a fork?", "User: hi\n\nAssistant: Hello there, what is it?", "A pin?", "Is it a draw?"],
}


def person(messages, sample_index, seed):
    """Somebody with four things to say about each of the TOPICS."""
    assert [m["role"] for m in messages] == ["system", "user"]
    assert messages[1]["content"] == ""
    topic = next(t for t in TOPICS if f"subject: {t}. " in messages[0]["content"])
    return SAID[topic][sample_index]


def counting(calls, limit=None, model="m"):
    def function(messages, sample_index, seed):
        if limit is not None and len(calls) == limit:
            raise RuntimeError("killed")
        calls.append((messages[0]["content"], sample_index, seed))
        return person(messages, sample_index, seed)

    return ScriptedEngine(function, model=model, model_revision="r", max_concurrent=1)


def texts(output) -> set[str]:
    return {row["messages"][0]["content"] for row in api.open(output).to_arrow().to_pylist()}


def test_what_is_a_prompt_is_taken_over_and_all_else_is_counted(tmp_path):
    made = write_prompts(TOPICS, tmp_path / "out", Writing(per_topic=4, domain="talk", license="mit"), SETTINGS)
    assert made.skipped == {"duplicate": 1, "truncated": 1, "empty": 1, "template_leak": 2, "too_long": 1}
    assert (made.count, made.duplicates) == (6, 0)
    assert texts(tmp_path / "out") > {"Why are there two tides a day?", "How high do they get?", "Is rye\nharder?"}
    rows = {r["messages"][0]["content"]: r for r in api.open(tmp_path / "out").to_arrow().to_pylist()}
    row = rows["A pin?"]
    assert (row["accept"], row["verifier"], row["gold"]) == ("finished", None, None)
    assert (row["language"], row["domain"], row["license"], row["meta"]) == ("en", "talk", "mit", '{"topic":"{chess}"}')
    assert (row["source"], len(row["source_revision"])) == ("selfmade:tests.test_selfmade:person", 32)
    replies = {r["id"]: r for r in api.open(tmp_path / "out" / "requests").to_arrow().to_pylist()}
    assert replies[row["source_id"]]["completion"] == "A pin?"
    assert len(replies) == 11
    assert check(tmp_path / "out").findings == []
    assert {type(p) for p in open_source(str(tmp_path / "out"))} == {Prompt}


def test_what_was_written_is_never_asked_for_again(tmp_path):
    writing, first, second = Writing(per_topic=4), [], []
    with pytest.raises(EngineError, match="killed"):
        write_prompts(TOPICS, tmp_path / "out", writing, SETTINGS, given=counting(first, limit=5))
    write_prompts(TOPICS, tmp_path / "out", writing, SETTINGS, given=counting(second))
    assert len(first) == 5
    assert len(second) == 7
    assert not set(first) & set(second)
    again = write_prompts(TOPICS, tmp_path / "out", writing, SETTINGS, given=counting([], limit=0))
    whole = write_prompts(TOPICS, tmp_path / "whole", writing, SETTINGS, given=counting([]))
    assert again == whole
    ours, theirs = (api.open(tmp_path / name).to_arrow() for name in ("out", "whole"))
    assert ours.equals(theirs)


def test_more_is_written_without_what_is_there(tmp_path):
    fewer, more = [], []
    write_prompts(TOPICS[:2], tmp_path / "out", Writing(per_topic=3), SETTINGS, given=counting(fewer))
    before = texts(tmp_path / "out")
    write_prompts(TOPICS, tmp_path / "out", Writing(per_topic=4), SETTINGS, given=counting(more))
    assert len(fewer) == 6
    assert len(more) == 2 + 4
    assert before < texts(tmp_path / "out")


def test_another_model_does_not_write_on(tmp_path):
    write_prompts(TOPICS, tmp_path / "out", Writing(per_topic=1), SETTINGS, given=counting([]))
    with pytest.raises(IdentityMismatch, match="model"):
        write_prompts(TOPICS, tmp_path / "out", Writing(per_topic=1), SETTINGS, given=counting([], model="other"))


def test_another_language_is_named_and_stands_in_the_rows(tmp_path):
    assert asked("bread", None) == asked("bread", "en")
    assert asked("bread", "de")[0].content.endswith("whose ISO 639-1 code is de.")
    write_prompts(TOPICS, tmp_path / "out", Writing(per_topic=1, language="de"), SETTINGS)
    assert set(api.open(tmp_path / "out").to_arrow()["language"].to_pylist()) == {"de"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Why is the sky blue?", None),
        ("Is a < b, or b > a, and what is x[0]?", None),
        ("Write a dialogue of a host and a guest.", None),
        ("Warum?\n\nUnd seit wann?", None),
        ("y" * 50, None),
        ("y" * 51, "too_long"),
        ("", "empty"),
        ("Why?<turn>", "template_leak"),
        ("Why?<|eot_id|>", "template_leak"),
        ("[INST] Why?", "template_leak"),
        ("Why?<｜Assistant｜>Because.", "template_leak"),
        ("<think>He asks why.</think>", "template_leak"),
        ("Why?\nUser: Why?\nAssistant: So.", "template_leak"),
        ("You are a helpful AI assistant.", "template_leak"),
    ],
)
def test_what_is_no_prompt(text, reason):
    assert fault(text, frozenset({"<turn>"}), 50) == reason


@pytest.mark.parametrize(
    ("rendered", "end", "marks"),
    [
        ("<|im_start|>system\n{T}<|im_end|>\n<|im_start|>user\n{W}<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>", {"<|im_start|>", "<|im_end|>"}),
        ("<s>[INST] {T}\n\n{W} [/INST]", "[/INST]", {"<s>", "[INST]", "[/INST]"}),
        ("<｜begin▁of▁sentence｜>{T}<｜User｜>{W}<｜Assistant｜>", "<｜Assistant｜>", {"<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"}),
        ("<bos><start_of_turn>user\n{T}\n\n{W}<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>", {"<bos>", "<start_of_turn>", "<end_of_turn>"}),
        ("{T}\n\n### Instruction:\n{W}\n\n### Response:\n", "### Response:", set()),
        ("{T} USER: {W} ASSISTANT:", "ASSISTANT:", set()),
        ("{T}: {W} \n", None, set()),
    ],
)  # fmt: skip
def test_the_end_of_a_turn_and_the_marks_of_a_template(rendered, end, marks):
    shown = rendered.format(T="the-topic-of-the-turn", W="the-words-of-the-turn")
    assert framed(shown) == Frame((end,) if end else (), frozenset(marks))


def test_a_template_without_the_topic_is_refused():
    with pytest.raises(UsageError, match="leaves its system turn out"):
        framed("<user>the-words-of-the-turn</user>")


@pytest.mark.parametrize(
    ("topics", "change", "said"),
    [
        ([], {}, "at least one"),
        (["bread", " "], {}, "none that is empty"),
        (["bread", "bread "], {}, "'bread' is given twice"),
        (["bread"], {"per_topic": 0}, "at least 1"),
        (["bread"], {"longest": 0}, "at least 1"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(topics, change, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        write_prompts(topics, tmp_path / "out", Writing(**change), SETTINGS)
    assert not (tmp_path / "out").exists()


def test_a_server_cannot_write_a_turn_of_the_user(tmp_path):
    with pytest.raises(UsageError, match="the openai engine cannot do this: writing a turn of the user"):
        write_prompts(
            ["bread"], tmp_path / "out", Writing(), EngineSettings(kind="openai", model="m", base_urls=("http://127.0.0.1:9/v1",))
        )
    assert not (tmp_path / "out").exists()


def test_nothing_but_waste_is_told_with_its_reasons(tmp_path):
    with pytest.raises(SourceError, match="1 rows skipped: empty"):
        write_prompts(["bread"], tmp_path / "out", Writing(per_topic=1), SETTINGS)


def test_a_strangers_directory_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        write_prompts(["bread"], tmp_path, Writing(), SETTINGS, given=counting([], limit=0))
    assert not (tmp_path / "requests").exists()


def test_as_a_stage(tmp_path):
    said: list[str] = []
    config = {"topics": TOPICS, "per_topic": 4, "writer": {"kind": "scripted"}, "domain": "talk", "sampling": {"temperature": 0.9}}
    inputs = {"writer": Path("tests.test_selfmade:person")}
    synthesise(Task(inputs, config, {"license": "mit"}, tmp_path, {"prompts": tmp_path / "prompts"}, said.append))
    rows = api.open(tmp_path / "prompts").to_arrow().to_pylist()
    assert {(r["domain"], r["license"]) for r in rows} == {("talk", "mit")}
    assert said == ["6 prompts; left out: duplicate 1, empty 1, template_leak 2, too_long 1, truncated 1"]
    assert api.open(tmp_path / "prompts" / "requests").config.identity["sampling"]["temperature"] == 0.9


def test_a_real_model_goes_on_from_its_own_template(tmp_path):
    toys = pytest.importorskip("tests.train.toys", reason="torch and transformers are not installed", exc_type=ImportError)
    engine = EngineSettings(kind="transformers", model=str(toys.ending(tmp_path / "model")))
    writing = Writing(per_topic=6, sampling=Sampling(temperature=1.0, top_p=1.0, max_tokens=120))
    made = write_prompts(["bread", "tides"], tmp_path / "out", writing, engine)
    assert made.count + sum(made.skipped.values()) == 12
    requests = api.open(tmp_path / "out" / "requests")
    row = requests.to_arrow(part="prompts").to_pylist()[0]
    prefix = f"<|system|>{row['messages'][0]['content']}<|user|>"
    samples = [r for part in ("kept", "rejects") for r in requests.to_arrow(f"prompt_id = '{row['id']}'", part=part).to_pylist()]
    assert {r["prompt_tokens"] for r in samples} == {len(prefix.encode())}
    assert requests.config.identity["sampling"]["stop"] == ["<|assistant|>"]


def test_a_template_that_refuses_a_system_turn_is_one_sentence(tmp_path):
    toys = pytest.importorskip("tests.train.toys", reason="torch and transformers are not installed", exc_type=ImportError)
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}{{ m.content }}{% endfor %}"
    )
    engine = EngineSettings(kind="transformers", model=str(toys.directory(tmp_path / "model", template=template)))
    with pytest.raises(UsageError, match="no system turns; without a system turn it cannot be told a topic"):
        write_prompts(["bread"], tmp_path / "out", Writing(), engine)
