"""All benchmarks of BENCHMARKS.md, one after another: `make bench`, or `python -m tests.bench [MODEL_DIR]`. Some seven hours on two cores, most of it for the last."""

import subprocess
import sys

MODEL = sys.argv[1] if len(sys.argv) > 1 else "models/SmolLM2-135M-Instruct"

BENCHMARKS = (
    ["simulate"],
    ["client_cost"],
    ["math_verifier"],
    ["code_verifier"],
    ["language_speed"],
    ["dedup"],
    ["verdicts"],
    ["useful", MODEL],
    ["throughput", MODEL],
    ["paper_size"],
    ["curate_set"],
    ["sft_speed", MODEL],
    ["grpo_speed", MODEL],
    *(["grpo_sums", MODEL, "--seed", str(seed)] for seed in range(3)),
)
for module, *arguments in BENCHMARKS:
    print(f"$ python -m tests.bench.{module} {' '.join(arguments)}", flush=True)
    code = subprocess.run([sys.executable, "-m", f"tests.bench.{module}", *arguments]).returncode
    if code:
        sys.exit(code)
