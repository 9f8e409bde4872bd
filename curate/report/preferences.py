"""What is said of preference pairs and of safety labels: on a terminal, in a card. What the judge did stands in stats.json alone, so a directory that is still being written is told of without it."""

from collections.abc import Mapping
from typing import Any

from curate.report.filtered import render_filtered
from curate.report.text import number, percent, table, visible

TITLES = {"pairs": "Preference pairs", "labels": "Safety labels"}
CARDS = {
    "pairs": "{kept} pairs of answers to one prompt in `kept/`, with the one that a judge likes better as `chosen`. The other {rejected} pairs are in `rejects/`, with the same columns and every reason in `drop_reasons`. "
    "The judge read `chosen_response` and `rejected_response`, and no chains.",
    "labels": "{kept} texts in `kept/` that a judge found safe or unsafe, as the column `label` says. The other {rejected}, on which its votes did not agree or said nothing, are in `rejects/`, with the same columns. "
    "The judge read chain and response.",
}


def render_judge(judge: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What a judge said, and how often it was wrong about texts that are known."""
    rows = []
    for task, told in judge.items():
        verdicts = ", ".join(f"{name} {number(n)}" for name, n in told["verdicts"].items()) or "none"
        wrong = f"{number(sum(told['planted_passed'].values()))} of {number(sum(told['planted'].values()))}"
        rows.append((task, verdicts, number(sum(told["no_verdict"].values())), wrong))
    lines = table(("judged", "verdicts", "none", "planted, wrong"), rows)
    for told in judge.values():
        if told["no_verdict"]:
            lines.append(visible("no verdict: " + ", ".join(f"{reason} {number(n)}" for reason, n in told["no_verdict"].items())))
    return lines


def _lengths(found: Mapping[str, Any]) -> list[str]:
    rows = []
    for when in ("before", "after"):
        told = found[when]
        mean = told["mean_log_ratio"]
        ratio = "-" if mean is None else f"{mean:+.3f}"
        rows.append((f"{when} balancing", number(told["pairs"]), number(told["longer_chosen"]), number(told["shorter_chosen"]), ratio))
    lines = table(("lengths", "pairs", "longer chosen", "shorter chosen", "mean ln ratio"), rows)
    mean = found["after"]["mean_log_ratio"]
    if mean is not None and abs(mean) > found["tolerance"]:
        which = "longer" if mean > 0 else "shorter"
        lines.append(
            f"not balanced: the {which} answer was chosen, and too few pairs say otherwise; a reward model will learn that from it"
        )
    return lines


def render_pairs(stats: Mapping[str, Any]) -> str:
    """The statistics of preference pairs as text."""
    blocks = [render_filtered(stats, rows_are="pairs").rstrip().splitlines()]
    if "pairs" in stats:
        own = stats["pairs"]
        place = own["place"]
        decided = place["votes"] - place["votes_even"]
        blocks += [
            render_judge(stats["judge"]),
            [
                f"place: {number(place['votes_for_the_first_shown'])} of {number(decided)} votes are for the answer shown first:",
                f"  about {percent(place['follow_the_place'])} of the votes go by the place alone",
                f"  in {number(place['pairs_by_place'])} of {number(place['pairs'])} pairs the two orders contradict each other",
            ],
            _lengths(own["lengths"]),
        ]
        if own["prompts_without_pair"]:
            blocks.append([f"{number(own['prompts_without_pair'])} of {number(own['prompts'])} prompts have one sample and no pair"])
        blocks.append(_left_out(own["left_out"]))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def render_labels(stats: Mapping[str, Any]) -> str:
    """The statistics of safety labels as text."""
    blocks = [render_filtered(stats).rstrip().splitlines()]
    if "labels" in stats:
        blocks += [render_judge(stats["judge"]), _left_out(stats["labels"]["left_out"])]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _left_out(counts: Mapping[str, int]) -> list[str]:
    return ["left out: " + ", ".join(f"{number(n)} {visible(reason)}" for reason, n in sorted(counts.items()))] if counts else []
