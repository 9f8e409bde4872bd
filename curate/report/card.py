"""The data card: README.md of a dataset directory, written from its configuration and its counts alone.

The card's YAML header is part of the format: without its `configs`, `datasets.load_dataset(DIR)` would merge kept and rejected rows without a word. A number that was not measured is not there; what
stands in a configuration or a source's name is escaped, since both may be a stranger's text. Nothing in a card differs from run to run.
"""

import json
from collections.abc import Mapping
from importlib import resources
from string import Template
from typing import Any

import pyarrow as pa

from curate.config import EXTENT, IDENTITY
from curate.report.filtered import render_filtered
from curate.report.funnel import render_funnel
from curate.report.mixed import render_mixed
from curate.report.preferences import CARDS, TITLES, render_labels, render_pairs
from curate.report.rollouts import render_rollouts
from curate.report.text import number, visible
from curate.shards import PARTS, schema_of

CONFIGS = {kind: tuple(parts) for kind, parts in PARTS.items()}  # the first is the default
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
LARGER = "n>10M"
NOT_STATED = ("", "unknown")
TOLD = ("filters", "metrics", "benchmarks", "inputs")  # settings that have a place of their own in the card
_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*_{}[]<>|#$~"})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> str:
    return visible(_text(value)).translate(_MARKDOWN)


def _rows(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        return "(none recorded)"
    lines = [head, tuple("---" for _ in head), *(tuple(_plain(cell) for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


SAMPLED = ("samples", "filtered", "mixed", "pairs", "labels", "rollouts")
RENDER = {
    "samples": render_funnel,
    "prompts": render_funnel,
    "filtered": render_filtered,
    "mixed": render_mixed,
    "pairs": render_pairs,
    "labels": render_labels,
    "rollouts": render_rollouts,
}
FROM = {"filtered": "filter", "mixed": "mix", "pairs": "pairs", "labels": "label"}  # kinds that are made from samples, by which command


def _count(kind: str, stats: Mapping[str, Any]) -> int:
    """Rows of the default configuration."""
    return int(stats["funnel"][{"prompts": "prompts", "mixed": "train"}.get(kind, "kept")])


def _licenses(stats: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(n) for name, n in (stats["funnel"].get("licenses") or {}).items()}


def _header(kind: str, stats: Mapping[str, Any]) -> str:
    lines = []
    licenses = _licenses(stats)
    if len(licenses) == 1 and (only := next(iter(licenses))) not in NOT_STATED:
        lines.append(f"license: {json.dumps(only)}")
    rows = _count(kind, stats)
    lines += ["size_categories:", f"- {next((name for top, name in SIZES if rows < top), LARGER)}"]
    lines += ["tags:", "- r1-curate", "- reasoning", *(["- synthetic"] if kind in SAMPLED else []), "configs:"]
    if kind == "mixed":  # one configuration with two splits
        splits = [name for name in CONFIGS[kind] if stats["funnel"][name]]
        lines += ["- config_name: default", "  data_files:"]
        return "\n".join([*lines, *(line for name in splits for line in (f"  - split: {name}", f"    path: {name}/*.parquet"))])
    for i, name in enumerate(CONFIGS[kind]):
        lines += [f"- config_name: {name}", *(["  default: true"] if i == 0 else []), f"  data_files: {name}/*.parquet"]
    return "\n".join(lines)


def _state(kind: str, complete: bool) -> str:
    if complete:
        return (
            "This directory is complete: every prompt of the run has its outcome." if kind == "samples" else "This directory is complete."
        )
    return (
        "**This directory is not complete.** The run that writes it is going on or was stopped; it has no `_SUCCESS`, and everything below counts only the shards "
        "that are finished. The same command goes on where it stopped."
    )


def _what(kind: str, stats: Mapping[str, Any]) -> str:
    funnel = stats["funnel"]
    if kind == "prompts":
        return f"{number(funnel['prompts'])} prompts, each with how its answer is checked and where it is from."
    if kind == "filtered":
        return (
            f"{number(funnel['kept'])} samples in `kept/` that passed the filters below. The other {number(funnel['rows'] - funnel['kept'])} are in `rejects/`, with the same columns and every reason "
            "in `drop_reasons`. What the filters measured is in columns of its own, so a limit can be moved with `curate mix --where`."
        )
    if kind in CARDS:
        return CARDS[kind].format(kept=number(funnel["kept"]), rejected=number(funnel["rows"] - funnel["kept"]))
    if kind == "rollouts":
        return (
            f"{number(funnel['kept'])} answers that a model gave while it was trained on them, {number(funnel.get('rollouts', 0))} rollouts of {number(funnel.get('groups', 0))} groups, right and wrong ones: every row is in `kept/`. "
            "The samples of a `group_id` were held against each other; `rewards` has the parts of each one's reward with their `total`, which is null where it could not be judged; `weights_version` is the training step whose weights wrote it. "
            "`curate filter --where` chooses among them."
        )
    if kind == "mixed":
        held = f" and {number(funnel['validation'])} held out in `validation/`, of other prompts" if funnel["validation"] else ""
        return f"{number(funnel['train'])} samples to train on in `train/`{held}, shuffled."
    none = " Nothing was kept, and `datasets` cannot load a table without rows: name `rejects` or `prompts` to it."
    return (
        f"{number(funnel['kept'])} accepted answers in `kept/`, from {number(funnel['prompts'])} prompts. The other "
        f"{number(funnel['sampled'] - funnel['kept'])} samples are in `rejects/`, with the same columns and every reason in `drop_reasons`. `prompts/` says for each prompt what "
        f"became of it, those that kept nothing included.{'' if funnel['kept'] else none}"
    )


def _traced(found: Mapping[str, Any]) -> list[str]:
    """What made the samples of an input: its own settings after those of the inputs that it was chosen from."""
    own = found.get("identity") or {}
    made = [m for source in found.get("inputs") or [] for m in _traced(source)]
    made += [
        f"{key} {_text(own[key])}" for key in ("model", "model_revision", "engine", "template", "sampling", "verifiers") if own.get(key)
    ]
    if isinstance(rewriter := own.get("rewriter"), Mapping):
        made.append(f"rewritten by {_text(rewriter.get('model'))}")
    return list(dict.fromkeys(made))


def _from_inputs(kind: str, identity: Mapping[str, Any], extent: Mapping[str, Any]) -> str:
    """What was filtered or mixed, and by which filters with which limits."""
    rows = [
        (found.get("name", ""), found.get("kind", ""), ", ".join(_traced(found)) or "not recorded") for found in extent.get("inputs") or []
    ]
    text = f"By `curate {FROM[kind]}` of r1-curate, from:\n\n" + _rows(("input", "kind", "how that was made"), rows)
    filters = identity.get("filters")
    if isinstance(filters, Mapping):
        text += "\n\nFilters; a limit is what a metric has to be above, or below, to be a reason:\n\n"
        text += _rows(
            ("filter", "version", "limits", "settings"),
            [(name, f["version"], f.get("limits") or "", f.get("settings") or "") for name, f in sorted(filters.items())],
        )
    return text


def _clean_of(kind: str, identity: Mapping[str, Any], stats: Mapping[str, Any]) -> str:
    """What is known of overlaps with benchmarks."""
    if kind in ("mixed", "pairs", "labels"):
        return "What the inputs were compared with is said in their own cards."
    benchmarks = identity.get("benchmarks")
    if not benchmarks:
        return "These rows were compared with no benchmark. `curate filter --benchmarks` does it."
    hits = stats["funnel"]["reasons"].get("contaminated", 0)
    return (
        f"Questions and chains were compared with the benchmarks below; {number(hits)} rows overlap and are in `rejects/`, with the item and the words in `contamination`. A paraphrase in other words is not found.\n\n"
        + _rows(("setting", "value"), sorted(benchmarks.items()))
    )


def _made(kind: str, identity: Mapping[str, Any], extent: Mapping[str, Any]) -> str:
    if kind == "prompts":
        return "By `curate prompts` of r1-curate, from the sources counted below."
    if kind in FROM:
        return _from_inputs(kind, identity, extent)
    model = _plain(identity["model"]) if identity.get("model") else "a model whose name was not recorded"
    revision = f", revision {_plain(identity['model_revision'])}" if identity.get("model_revision") else ", of no recorded revision"
    engine = f" with the engine {_plain(identity['engine'])}" if identity.get("engine") else ""
    template = f" Prompt template: {_plain(identity['template'])}." if identity.get("template") else ""
    verifiers = identity.get("verifiers")
    by = (
        ", ".join(f"{_plain(name)} (version {_plain(version)})" for name, version in sorted(verifiers.items()))
        if isinstance(verifiers, Mapping)
        else ""
    )
    if kind == "rollouts":
        return f"By reinforcement learning: {model}{revision}{engine} was trained on groups of its own answers, which these are.{template} The rewards are {_plain(identity.get('rewards') or 'not recorded')}."
    checked = f" Checked by the verifiers {by}." if by else " No verifier is recorded."
    return f"By rejection sampling: {model}{revision}{engine} was asked again and again, and of its answers those were kept that passed.{template}{checked}"


def _licence_text(kind: str, stats: Mapping[str, Any]) -> str:
    licenses = _licenses(stats)
    rows = [
        ("(not stated by the source)" if name in NOT_STATED else name, number(n))
        for name, n in sorted(licenses.items(), key=lambda item: (-item[1], item[0]))
    ]
    counted = (
        _rows(("licence of the prompt", "kept rows" if kind in TITLES else "kept traces" if kind in SAMPLED else "prompts"), rows)
        if rows
        else "They were not counted here; the column `license` has that of each row, where the source states one."
    )
    return f"{counted}\n\nThese are the licences of the prompts. The terms of the model that answered may bind what it wrote as well."


def _loading(kind: str) -> str:
    if kind == "mixed":
        return (
            '    import datasets\n    train = datasets.load_dataset("DIR")["train"]\n\n    import pandas\n    train = pandas.read_parquet("DIR/train")\n\n'
            "On a command line: `curate inspect DIR` shows what is in it, `curate check DIR` whether it is whole."
        )
    first = CONFIGS[kind][0]
    other = f'    rejects = datasets.load_dataset("DIR", "{CONFIGS[kind][1]}")["train"]\n' if len(CONFIGS[kind]) > 1 else ""
    return (
        f'    import datasets\n    {first} = datasets.load_dataset("DIR")["train"]\n{other}\n'
        f'    import pandas\n    {first} = pandas.read_parquet("DIR/{first}")\n\n'
        f"    import duckdb\n    duckdb.sql(\"SELECT source, count(*) FROM 'DIR/{first}/*.parquet' GROUP BY source\")\n\n"
        f'    import curate\n    {first} = curate.open("DIR").to_pandas(where="source like \'reasoning_gym%\'")\n\n'
        "On a command line: `curate inspect DIR` shows what is in it, `curate check DIR` whether it is whole."
    )


def _columns(schema: pa.Schema) -> str:
    return _rows(
        ("column", "type", "meaning"), [(f.name, str(f.type), (f.metadata or {}).get(b"description", b"").decode()) for f in schema]
    )


def card(config: Mapping[str, Any], stats: Mapping[str, Any], complete: bool) -> str:
    """README.md of a dataset directory: `config` as in config.json, `stats` as `funnel.statistics` gives them, `complete` whether every shard is published."""
    kind, identity, extent = config["kind"], config.get("identity") or {}, config.get("extent") or {}
    template = resources.files("curate.report").joinpath("card_template.md").read_text("utf-8")
    model = f" by {_plain(identity['model'])}" if identity.get("model") else ""
    return Template(template).substitute(
        header=_header(kind, stats),
        title={
            "samples": f"Reasoning traces{model}",
            "filtered": "Filtered reasoning traces",
            "mixed": "A mixture of reasoning traces",
            "rollouts": f"Rollouts{model} in training",
            **TITLES,
        }.get(kind, "Prompts"),
        state=_state(kind, complete),
        what=_what(kind, stats),
        made=_made(kind, identity, extent),
        identity=_rows(
            ("setting", "meaning", "value"), [(k, IDENTITY.get(k, ""), v) for k, v in sorted(identity.items()) if k not in TOLD]
        ),
        extent=_rows(("setting", "meaning", "value"), [(k, EXTENT.get(k, ""), v) for k, v in sorted(extent.items()) if k not in TOLD]),
        funnel="\n".join("    " + line if line else "" for line in RENDER[kind](stats).splitlines()),
        benchmarks=_clean_of(kind, identity, stats),
        licenses=_licence_text(kind, stats),
        loading=_loading(kind),
        columns=_columns(schema_of(kind, identity, CONFIGS[kind][0])),
    )
