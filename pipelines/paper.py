"""What the paper reports of its own stages (arXiv 2501.12948v2, Table 3; the same numbers in Nature 645, 2025, Table 2): to stand beside what a run of ours measures."""

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
