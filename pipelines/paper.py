"""What the paper reports of its own stages (arXiv 2501.12948v2, Table 3; the same numbers in Nature 645, 2025, Table 2): to stand beside what a run of ours measures. And what `curate plan` assumes where nothing was measured, each number with its source.

v2 is that paper, V3 is arXiv 2412.19437; "ours" marks what nobody published and this project chose.
"""

from curate.planning.values import Value, exact

SOURCE = "arXiv 2501.12948v2, Table 3"
MODELS = ["Zero", "Dev1", "Dev2", "Dev3", "R1"]
TABLE = [
    ["AIME 2024 pass@1", 77.9, 59.0, 74.0, 78.1, 79.8],
    ["MATH-500 pass@1", 95.9, 94.2, 95.9, 95.4, 97.3],
    ["GPQA Diamond pass@1", 75.8, 66.1, 70.7, 71.2, 71.5],
    ["LiveCodeBench pass@1", 50.0, 57.5, 63.5, 64.6, 65.9],
    ["IF-Eval prompt strict", 46.6, 71.7, 72.0, 78.1, 83.3],
    ["AlpacaEval 2.0 LC", 24.7, 50.1, 55.8, 62.1, 87.6],
    ["ArenaHard", 53.6, 77.0, 73.2, 75.6, 92.3],
]

HOURS = [  # of an H800, v2 B.4.4 and Table 7, 147,000 in all; and the stages of r1 that they stand beside
    ("DeepSeek-R1-Zero", 101_000, ["zero"]),
    (
        "SFT data",
        5_000,
        [
            *("chains", "readable", "rewritten", "trace_prompts", "traces", "trust", "decided", "reasoning", "reviewed"),
            *("topics", "general_prompts", "general", "general_clean", "general_good", "mixture"),
        ],
    ),
    ("DeepSeek-R1", 41_000, ["cold_start", "reasoner", "finetuned", "candidates", "pairs", "labels", "helpful", "harmless", "aligned"]),
]

_SIZE = "V3: 37e9 parameters at work for a token, of 671e9"
_PLANNING = "55 to 66 % of problems solved by one or two samples: OpenR1-Math, OpenThoughts"
_TABLE_5 = "v2 Table 5: mean tokens by domain, also where RL's own mean is not published"
_TABLE_4 = "v2 Table 4: mean tokens of a prompt"
ASSUMED = {
    "pass_rate": Value(0.605, 0.55, 0.66, (_PLANNING,)),
    # of 16 samples none was right for 21.4 % of problems and all for 32.4 % (Skywork-OR1, by R1-Distill-7B): beta(0.24, 0.19)
    "concentration": exact(0.43, "Skywork-OR1: how pass rates are spread"),
    "chance": exact(0.25, "four options: ours"),
    "tokens": exact(5_355.3, _TABLE_5),
    "tokens/math": exact(6_094.2, _TABLE_5),
    "tokens/code": exact(7_435.7, _TABLE_5),
    "tokens/stem": exact(4_928.8, _TABLE_5),
    "tokens/logic": exact(2_739.0, _TABLE_5),
    "tokens/general": exact(1_419.8, _TABLE_5),
    "tokens/safety": exact(1_419.8, _TABLE_5),
    "tokens/contest": exact(8_793, "v2 E.4: contest questions"),
    "prompt_tokens": exact(161, _TABLE_4),
    "prompt_tokens/math": exact(122, _TABLE_4),
    "prompt_tokens/logic": exact(420, _TABLE_4),
    "judge_prompt_tokens": exact(600, "a judge's question and reply: ours"),
    "verdict_tokens": exact(300, "a judge's question and reply: ours"),
    "bytes_per_token": exact(4.0, "4 bytes on disk a token, in the log and in Parquet, both compressed: ours"),
    **{f"parameters/deepseek-ai/DeepSeek-V3{name}": exact(37e9, _SIZE) for name in ("", "-Base")},
    **{f"all_parameters/deepseek-ai/DeepSeek-V3{name}": exact(671e9, _SIZE) for name in ("", "-Base")},
    "peak": exact(989e12, "an H800's dense BF16 peak, 989 TFLOP/s"),
    # 6 x 37e9 x 14.8e12 operations in 2.788 million hours; its matrix products are FP8, and rows of RL are of unequal length
    "training": exact(0.33, "training and reading at 33 % of it: V3's pretraining (abstract)"),
    "reading": exact(0.33, "training and reading at 33 % of it: V3's pretraining (abstract)"),
    # 14,800 tokens a second of a node of eight, 2 x 37e9 operations each (DeepSeek's overview of its inference system, 1 March 2025; read in others' reports of it)
    "decoding": exact(0.14, "decoding at 14 % of it: DeepSeek's serving"),
    "rollout": exact(0.03, "rollouts at 3 % of it, since all wait for the longest answer: ours"),
}

DISTILLED_SOURCE = "arXiv 2501.12948v1, Table 5"
STUDENTS = ["Qwen-1.5B", "Qwen-7B", "Qwen-14B", "Qwen-32B", "Llama-8B", "Llama-70B"]
DISTILLED = [
    ["AIME 2024 pass@1", 28.9, 55.5, 69.7, 72.6, 50.4, 70.0],
    ["MATH-500 pass@1", 83.9, 92.8, 93.9, 94.3, 89.1, 94.5],
    ["GPQA Diamond pass@1", 33.8, 49.1, 59.1, 62.1, 49.0, 65.2],
    ["LiveCodeBench pass@1", 16.9, 37.6, 53.1, 57.2, 39.6, 57.5],
]
