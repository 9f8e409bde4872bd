"""What each training stage of a pipeline is projected to take, for curate/planning: from the settings that its preset and its configuration give it.

A token that is trained takes six floating-point operations for each parameter at work, one that is only read two; a step of GRPO trains the answers of its groups, and reads them once more for the old log-probabilities where a rollout is for several steps,
and once more for the reference where a divergence is charged. Nothing here imports torch.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from curate.planning.evidence import all_alike
from curate.planning.known import Known, Made, Projector, Work, engine_work, forward
from curate.planning.stages import MAX_TOKENS
from curate.planning.values import NONE, Flow, Lot, Size, Value, exact, rows_of, together, tokens_of
from train import presets

CHECKPOINTS = 2  # that are kept (train/checkpoint.py)
STATE = 4 * 3  # bytes a parameter in a checkpoint: weights and AdamW's two moments in float32
MODEL = 2  # bytes a parameter of the model: bfloat16, where the base was stored so
EVALUATION_TOKENS = 32_768  # train/evaluate.py


def settings_of(known: Known, table: Mapping[str, Any]) -> dict[str, Any]:
    """The stage's settings with those of its preset below them; an unknown preset has none, and the stage itself will say so."""
    preset = table.get(known.settings.get("preset", "small"))
    own = {} if preset is None else {name: getattr(preset, name) for name in preset.__dataclass_fields__}
    return {**own, **known.settings}


def sft(known: Known) -> Made:
    """All rows of the inputs, `epochs` times."""
    given = settings_of(known, presets.SFT)
    init = given.get("init", "model")
    data = together(flow for name, flow in known.flows.items() if name != "validation")
    trained = _trained(data, given)
    return _fitted("sft", known, known.sizes.get(init), data, trained)


def reward(known: Known) -> Made:
    """All pairs (both answers of each) or labels, `epochs` times."""
    data = together(known.flows.values())
    return _fitted("reward", known, known.sizes.get("model"), data, _trained(data, settings_of(known, presets.REWARD)))


def _trained(data: Flow, given: Mapping[str, Any]) -> Value:
    epochs, most = float(given.get("epochs", 1.0)), given.get("max_tokens", MAX_TOKENS)
    return tokens_of({kind: lot._replace(tokens=lot.tokens.capped(2 * most)) for kind, lot in data.items()}) * epochs


def _fitted(kind: str, known: Known, size: Size | None, data: Flow, trained: Value) -> Made:
    numbers = {"asked": rows_of(data), "trained": trained, **_disk(size, STATE * CHECKPOINTS + MODEL)}
    hours = None if size is None else known.hours({"training": forward(size, trained) * 3})
    return Made(kind, numbers, size=size, work=Work(kind, "trained", hours))


def _disk(size: Size | None, each: int) -> dict[str, Value]:
    return {} if size is None else {"disk": size.whole * each}


def grpo(known: Known) -> Made:
    """Rollouts of whole groups until all steps are done. Where groups without a spread are replaced, as many are asked as the pass rates say, by accuracy alone; the range is from none replaced to all `rounds`."""
    given = settings_of(known, presets.GRPO)
    asked = together(flow for name, flow in known.flows.items() if name.startswith("prompts"))
    pool = min(rows_of(asked).value, given.get("limit") or float("inf"))
    reuse, group, steps, rounds = (int(given.get(name, 1)) for name in ("reuse", "group", "steps", "rounds"))
    wanted = min(int(given.get("prompts", 1)) * reuse, int(pool) or 1)
    rollouts = ceil(steps / min(reuse, wanted))
    learned = exact(rollouts * wanted * group, "the stage's steps")
    samples = learned
    if rounds > 1:
        spread = known.spread()
        teaching = 1 - all_alike(spread, group)
        times = min(float(rounds), 1 / max(teaching, 1e-9))
        samples = learned * Value(times, 1.0, float(rounds), spread.mean.sources)
    most, total = int(given.get("max_tokens", MAX_TOKENS)), rows_of(asked).value
    length = NONE
    for kind, lot in asked.items():
        length = length + known.tokens(kind.domain, most) * (lot.rows.value / total if total else 0.0)
    generated, trained = samples * length, learned * length
    size, engine = known.sizes.get("model"), given.get("engine", {}).get("kind", "vllm")
    passes = 3 + (reuse > 1) + (float(given.get("kl_coef", 0.0)) > 0)  # a backward pass is two forward ones
    hours = None if size is None else known.hours({"rollout": forward(size, generated), "training": forward(size, trained) * passes})
    numbers = {
        "prompts": exact(pool, *rows_of(asked).sources) if asked else NONE,
        "samples": samples,
        "tokens": generated,
        "trained": trained,
        "disk": known.disk(generated) + (_disk(size, STATE * (CHECKPOINTS + 1) + MODEL).get("disk", NONE)),  # and the best checkpoint
    }
    notes = () if asked else ("no prompts come in, as far as is known",)
    return Made("grpo", numbers, size=size, work=Work(f"grpo {engine}", "tokens", hours), notes=notes)


def evaluate(known: Known) -> Made:
    """k samples of every model to each prompt that a rule can check."""
    given = known.settings
    checked = {kind: lot for kind, lot in known.flows.get("prompts", {}).items() if kind.accept == "verified"}
    return _answers("evaluate", known, checked, int(given.get("k", 16)), int(given.get("max_tokens", EVALUATION_TOKENS)))


def quality(known: Known) -> Made:
    """One answer of every model to each prompt, judged; what the judge reads is not in it."""
    return _answers("quality", known, known.flows.get("prompts", {}), 1, int(known.settings.get("max_tokens", MAX_TOKENS)))


def _answers(kind: str, known: Known, asked: Flow, k: int, most: int) -> Made:
    models = [name for name in known.stage.inputs if name not in ("prompts", "few_shot", "trust", "judge")]
    each = {of: Lot(lot.rows * (k * len(models)), known.tokens(of.domain, most)) for of, lot in asked.items()}
    samples, tokens = rows_of(each), tokens_of(each)
    sizes = [known.sizes[name] for name in models if name in known.sizes]
    size = max(sizes, key=lambda s: s.active.value, default=None)
    numbers = {"prompts": rows_of(asked), "samples": samples, "tokens": tokens, "disk": known.disk(tokens)}
    return Made(kind, numbers, work=engine_work(known, known.settings.get("engine", "vllm"), size, tokens))


def newborn(known: Known) -> Made:
    """A model from nothing: its size is known once it is there."""
    return Made("model", notes=("the size of a model from nothing is known once it is made",))


def report(known: Known) -> Made:
    """No model is asked."""
    return Made("report")


STAGES: Mapping[str, Projector] = {
    **{f"train.tasks:{f.__name__}": f for f in (sft, grpo, reward, evaluate)},
    "train.general_quality:stage": quality,
    "train.newborn:stage": newborn,
    "train.by_stage:stage": report,
}
