"""Tokens per useful trace of the adaptive sampler against fixed N = 16, by simulation of the policy alone.

200,000 prompts: 15 % are never solved, 32 % are solved at a rate of 0.995, the rest at Beta(0.6, 0.8); lengths are lognormal with a median of 4,096 tokens, sigma 0.9, cut at 32,768. In both arms at most
`num_correct` correct traces a prompt count as useful, every generated token counts. The loop is stood in for by its rule: waves as the policy asks for them, one prompt after another, all samples of a
wave finish, so those above a prompt's end are paid for. The tail (waves widened when no prompt is left to start) concerns the last prompts in flight and is applied to the last `--in-flight` prompts.

    python -m tests.bench.simulate
"""

import argparse
import json
import random
from math import exp, log

from curate.sampling.policy import Policy

FIXED = 16


def rate_of(rng: random.Random) -> float:
    """A prompt's true pass rate."""
    kind = rng.random()
    return 0.0 if kind < 0.15 else 0.995 if kind < 0.47 else rng.betavariate(0.6, 0.8)


def length_of(rng: random.Random) -> float:
    """Tokens of a sample."""
    return min(32768.0, exp(rng.gauss(log(4096), 0.9)))


def adaptive(policy: Policy, right: list[bool], tokens: list[float], tail: bool) -> tuple[int, float, int]:
    """Useful traces, tokens paid and samples that count, for one prompt whose i-th sample would be right[i] with tokens[i]."""
    asked = n = k = 0
    while True:
        asked += policy.wave(asked, n, k, tail=tail)
        while n < asked:
            k += right[n]
            n += 1
            if policy.end(n, k) is not None:
                return min(k, policy.num_correct or k), sum(tokens[:asked]), n


def simulate(prompts: int, in_flight: int, seed: int, num_correct: int, tail_width: int) -> dict[str, float]:
    """Both arms on the same draws."""
    rng = random.Random(seed)
    policy = Policy(FIXED, num_correct, tail_width=tail_width)
    useful = fixed_useful = all_right = covered = fixed_covered = all_adaptive = 0
    paid = fixed_paid = 0.0
    for prompt in range(prompts):
        p = rate_of(rng)
        right = [rng.random() < p for _ in range(FIXED)]
        tokens = [length_of(rng) for _ in range(FIXED)]
        found, cost, n = adaptive(policy, right, tokens, tail=prompt >= prompts - in_flight)
        useful += found
        paid += cost
        covered += found > 0
        all_adaptive += sum(right[:n])
        fixed_useful += min(num_correct, sum(right))
        all_right += sum(right)
        fixed_covered += any(right)
        fixed_paid += sum(tokens)
    return {
        "num_correct": num_correct,
        "adaptive tokens per useful trace": paid / useful,
        "fixed tokens per useful trace": fixed_paid / fixed_useful,
        "ratio": (paid / useful) / (fixed_paid / fixed_useful),
        "coverage against fixed": covered / fixed_covered,
        "ratio with all correct traces counted": (paid / all_adaptive) / (fixed_paid / all_right),
    }


def main() -> None:
    """Print one JSON line for each number of wanted traces."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--prompts", type=int, default=200_000)
    parser.add_argument("--in-flight", type=int, default=1024)
    parser.add_argument("--tail-width", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for num_correct in (1, 2, 4):
        print(json.dumps(simulate(given.prompts, given.in_flight, given.seed, num_correct, given.tail_width)))


if __name__ == "__main__":
    main()
