"""What each stage of curate/tasks.py is projected to take and to make, from what comes in and from how its configuration says that it works.

Of prompts: how many; of sampling: samples by the sampler's own rule, their tokens, what is accepted. What a filter or a judge will keep nobody knows before one was run: as far as neither a pilot nor a stage that is done tells, all its rows are an upper bound.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curate.errors import SourceError
from curate.filters.judge.settings import PAIR_VOTES, VOTES
from curate.generate import TOKENS_PER_SAMPLE_SHARE
from curate.planning.known import SERVED, Known, Made, Projector, Work, engine_work
from curate.planning.values import NONE, Flow, Kind, Lot, Value, added, exact, rows_of, together, tokens_of
from curate.report.funnel import wilson
from curate.sampling.policy import Policy
from curate.sources import jsonl
from curate.sources.base import query_of

PUZZLES = "reasoning_gym:"
HUMAN_EVAL = ("human_eval", 164)
MAX_TOKENS = 16_384  # of curate.api.options
PUZZLE_SIZE = 500  # of curate/sources/reasoning_gym.py


def model(known: Known) -> Made:
    """A model that is copied: no prompts, no tokens."""
    name = known.settings.get("name", "")
    size = known.sizes.get("model") or known.named_size(name)
    disk = {} if size is None else {"disk": size.whole * 2}  # bfloat16
    return Made(
        "model", disk, size=size, notes=() if size is not None else (f"the size of {name} is not known here, so no hours are given",)
    )


def prompts(known: Known) -> Made:
    """As many as limits, files, sizes and the recipe's `rows` say; duplicates are not known."""
    given = known.settings
    shared = given.get("source", {})
    flows, notes = [], []
    for entry in given.get("sources", []):
        own = {**shared, **({"name": entry} if isinstance(entry, str) else entry)}
        rows = _rows_of(own)
        if rows is None:
            notes.append(f"how many rows {own['name']} has is not known: none are counted")
            continue
        if own.get("where") and own.get("limit") is None:
            notes.append(f"a condition may leave out some of the {rows.value:,.0f} rows of {own['name'].partition('?')[0]}")
        accept = {"judge": "judged", "none": "finished"}.get(own.get("verifier", ""), "verified")
        chance = known.assumed["chance"].value if own.get("verifier") == "choice" else 0.0
        flows.append({Kind(own.get("domain", ""), accept, chance): Lot(rows)})
    flow = _limited(together([*flows, *known.flows.values()]), given.get("limit"))
    return Made("prompts", {"prompts": rows_of(flow)}, flow, notes=tuple(notes))


def _rows_of(source: Mapping[str, Any]) -> Value | None:
    """The prompts that a source gives."""
    name, query = query_of(source["name"], "the source")
    limit = source.get("limit")
    if name.startswith(PUZZLES):
        return exact(int(query.get("size", limit or PUZZLE_SIZE)), "the puzzles' size")
    rows = source.get("rows") or (HUMAN_EVAL[1] if name == HUMAN_EVAL[0] else None)
    if rows is None and Path(name).is_file():
        rows = int(rows_of(given_flow(Path(name))).value)
    if limit is not None and (rows is None or limit <= rows):
        return exact(limit, "the stage's limits")
    if rows is None:
        return None
    return exact(rows, "the sets' sizes in the recipe")


def given_flow(path: Path) -> Flow:
    """The prompts or samples in a file that is given, by its lines."""
    if path.suffix == ".parquet":
        return {Kind(""): Lot(exact(pq.read_metadata(path).num_rows, "the given files"))}
    counts: dict[Kind, int] = {}
    if ".jsonl" in path.suffixes or ".json" in path.suffixes:
        try:
            for line in jsonl.rows(path):
                row = line.row
                accept = row.get("accept") or {"judge": "judged", "none": "finished"}.get(row.get("verifier") or "", "verified")
                kind = Kind(str(row.get("domain") or ""), str(accept), float(row.get("chance") or 0.0))
                counts[kind] = counts.get(kind, 0) + 1
        except (SourceError, ValueError, TypeError):
            return {}
    return {kind: Lot(exact(n, "the given files")) for kind, n in counts.items()}


def _limited(flow: Flow, limit: int | None) -> Flow:
    """At most `limit` rows, of each kind the same share."""
    total = rows_of(flow).value
    if limit is None or total <= limit:
        return flow
    return {kind: lot._replace(rows=lot.rows * (limit / total)) for kind, lot in flow.items()}


def policy_of(settings: Mapping[str, Any]) -> Policy:
    """The stopping rule that curate.generate makes of a stage's settings."""
    tokens = max(1, int(settings.get("max_tokens", MAX_TOKENS) * TOKENS_PER_SAMPLE_SHARE))
    return Policy(
        settings.get("num_generations", 16),
        settings.get("num_correct", 1),
        settings.get("give_up_tokens"),
        tokens,
        settings.get("tail_width", 1),
    )


def generate(known: Known) -> Made:
    """Samples by the sampler's rule, and what of them is kept."""
    given = known.settings
    policy, most = policy_of(given), given.get("max_tokens", MAX_TOKENS)
    asked = _limited(known.flows.get("prompts", {}), given.get("limit"))
    flow, samples, generated, read = {}, NONE, NONE, NONE
    for kind, lot in asked.items():
        open_samples = given.get("open_samples", 1)
        own = {
            "verified": policy,
            "judged": replace(policy, num_correct=None),
            "finished": Policy(max_samples=open_samples, num_correct=open_samples),
        }[kind.accept]
        found = known.each(kind, own)
        drawn = lot.rows * (found.samples if found else own.max_samples)
        kept = lot.rows * found.kept if found else (lot.rows * own.max_samples).bound() if kind.accept == "finished" else NONE
        length = known.tokens(kind.domain, most)
        flow[kind] = Lot(kept, length, drawn, lot.rows)
        samples, generated, read = samples + drawn, generated + drawn * length, read + lot.rows * known.read(kind.domain)
    engine = given.get("engine", "vllm")
    size = known.sizes.get("model") or known.named_size(str(given.get("model", "")))
    numbers = {
        "prompts": rows_of(asked),
        "samples": samples,
        "tokens": generated,
        "read": read,
        "rows": rows_of(flow),
        "disk": known.disk(generated),
    }
    return Made("generate", numbers, flow, work=engine_work(known, engine, size, generated, read), served=engine == SERVED)


def filter(known: Known) -> Made:
    """What the pilot's rows, or all rows, would leave."""
    came = together(_taken(known, flow) for name, flow in known.flows.items() if not name.startswith("benchmark"))
    seen = next((e for e in known.evidence if known.stage.name in e.kept), None)
    if seen is None:
        return _kept("filter", known, came, {kind: lot.left(lot.rows.bound()) for kind, lot in came.items()})
    hits, tries = seen.kept[known.stage.name]
    low, high = wilson(hits, tries) or (0.0, 1.0)
    share = Value(hits / tries if tries else 0.0, low, high, (seen.source,))
    left = {kind: lot.left(lot.rows * share) for kind, lot in came.items()}
    return _kept("filter", known, came, left, ("duplicates are rarer in a pilot than among all rows",))


def _taken(known: Known, flow: Flow) -> Flow:
    """The rows of an input that a stage reads: those that are kept, and the rejects where it asks for them."""
    if not known.settings.get("rejects"):
        return flow
    return {kind: lot.left(lot.all) for kind, lot in flow.items()}


def _kept(kind: str, known: Known, came: Flow, left: Flow, notes: tuple[str, ...] = (), **numbers: Value) -> Made:
    """A stage that goes through rows and asks no model."""
    held = {"asked": rows_of(came), "rows": rows_of(left), "disk": known.disk(tokens_of(came)), **numbers}
    return Made(kind, held, left, work=Work(f"{kind} rows", "asked"), notes=notes)


def mix(known: Known) -> Made:
    """The quotas by domain, as far as there are rows."""
    came = together(_taken(known, flow) for flow in known.flows.values())
    quotas = known.settings.get("quotas")
    if quotas is None:
        return _kept("mix", known, came, came)
    left: dict[Kind, Lot] = {}
    notes = []
    for domain, quota in quotas.items():
        there = {kind: lot for kind, lot in came.items() if kind.domain == domain}
        rows = rows_of(there)
        share = min(1.0, quota / rows.value) if rows.value else 0.0
        for kind, lot in there.items():
            taken = lot.rows * share
            left[kind] = lot.left(taken.capped(quota))
        if rows.value < quota:
            notes.append(f"{domain}: {'at most ' if rows.at_most else ''}{rows.value:,.0f} rows for a quota of {quota:,}")
    return _kept("mix", known, came, left, tuple(notes))


def judge(known: Known) -> Made:
    """At most all rows, each asked about every task with all votes; of rows that rules decided correctness is not asked."""
    given = known.settings
    tasks = given.get("tasks", ["correctness"])
    came = known.flows.get("samples", {})
    waiting = {kind: lot for kind, lot in came.items() if kind.accept == "judged"}
    asked: Flow = came
    if tasks == ["correctness"]:
        asked = {kind: lot.left(lot.all if given.get("rejects") else lot.rows) for kind, lot in waiting.items()}
        left = {kind: lot.left(lot.all.bound() if kind in waiting and given.get("rejects") else lot.rows) for kind, lot in came.items()}
    else:
        left = {kind: lot.left(lot.rows.bound()) for kind, lot in came.items()}
    return _judged(known, "judge", asked, left, len(tasks))


def pairs(known: Known) -> Made:
    """At most one pair, or as many as are asked for, of each prompt with two answers."""
    each = known.settings.get("pairs_per_prompt", 1)
    left = {}
    for kind, lot in _chosen(known).items():
        most = min(lot.prompts.high * each, lot.rows.high / 2)
        left[kind] = Lot(Value(most, 0.0, most, lot.rows.sources, True), lot.tokens * 2)
    return _judged(known, "pairs", left, left, 1, PAIR_VOTES)


def label(known: Known) -> Made:
    """At most all rows."""
    came = _chosen(known)
    left = {kind: Lot(lot.rows.bound(), lot.tokens) for kind, lot in came.items()}
    return _judged(known, "label", left, left, 1)


def _chosen(known: Known) -> Flow:
    """The rows of the input: a `where` may leave out some of them, which is for the rows to say."""
    where = str(known.settings.get("where", ""))
    came = known.flows.get("samples", {})
    if where == "domain = 'safety'":
        return {kind: lot for kind, lot in came.items() if kind.domain == "safety"}
    if where == "domain <> 'safety'":
        return {kind: lot for kind, lot in came.items() if kind.domain != "safety"}
    return came


def _judged(known: Known, kind: str, asked: Flow, left: Flow, tasks: int, votes: int = VOTES) -> Made:
    """A stage that asks a judge about rows."""
    calls = tasks * known.settings.get("asking", {}).get("votes", votes)
    engine, size = known.described("judge")
    replies = rows_of(asked) * calls
    written = NONE if engine == "scripted" else replies * known.assumed["verdict_tokens"]
    read = NONE if engine == "scripted" else (tokens_of(asked) + rows_of(asked) * known.assumed["judge_prompt_tokens"]) * calls
    numbers = {
        "asked": rows_of(asked).bound(),
        "tokens": written.bound(),
        "read": read.bound(),
        "rows": rows_of(left),
        "disk": known.disk(tokens_of(left)),
    }
    work = engine_work(known, engine, size, written.bound(), read.bound(), "asked")
    return Made(kind, numbers, left, work=work, served=engine == SERVED)


def trust(known: Known) -> Made:
    """Both texts of each pair, judged."""
    rows = added(rows_of(flow) for flow in known.flows.values()) * 2
    made = _judged(known, "trust", {Kind(""): Lot(rows, known.assumed["prompt_tokens"])}, {}, 1)
    return replace(made, numbers={name: value for name, value in made.numbers.items() if name not in ("rows", "disk")})


def rewrite(known: Known) -> Made:
    """Each row once or, where that was not right, up to `tries` times; at most all are right again."""
    came = known.flows.get("samples", {})
    engine, size = known.described("rewriter")
    tries = known.settings.get("tries", 2)
    least = tokens_of(came)
    tokens = (
        NONE
        if engine == "scripted"
        else Value(least.value, 0.0 if least.at_most else least.low, least.high * tries, least.sources, least.at_most)
    )
    left = {kind: lot.left(lot.rows.bound()) for kind, lot in came.items()}
    numbers = {"asked": rows_of(came), "tokens": tokens, "read": tokens, "rows": rows_of(left), "disk": known.disk(tokens_of(left) * 2)}
    return Made("rewrite", numbers, left, work=engine_work(known, engine, size, tokens, tokens, "asked"), served=engine == SERVED)


def synthesise(known: Known) -> Made:
    """At most one prompt for each topic and try."""
    given = known.settings
    engine, size = known.described("writer")
    rows = exact(len(given.get("topics", [])) * given.get("per_topic", 16), "the stage's topics")
    tokens = NONE if engine == "scripted" else rows * known.read(given.get("domain", "general"))
    flow = {Kind(given.get("domain", "general"), "finished"): Lot(rows.bound())}
    numbers = {"samples": rows, "tokens": tokens, "rows": rows_of(flow), "prompts": rows_of(flow)}
    return Made("synthesise", numbers, flow, work=engine_work(known, engine, size, tokens), served=engine == SERVED)


STAGES: Mapping[str, Projector] = {
    f"curate.tasks:{f.__name__}": f for f in (model, prompts, generate, filter, mix, judge, pairs, label, trust, rewrite, synthesise)
}
