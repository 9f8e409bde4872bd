"""All benchmarks of BENCHMARKS.md, one after another: `make bench`, or `python -m tests.bench [MODEL_DIR]`. About an hour and a half on two cores, most of it for the last two."""

import subprocess
import sys

MODEL = sys.argv[1] if len(sys.argv) > 1 else "models/SmolLM2-135M-Instruct"

for module, *arguments in (["simulate"], ["client_cost"], ["useful", MODEL], ["throughput", MODEL], ["paper_size"]):
    print(f"$ python -m tests.bench.{module} {' '.join(arguments)}", flush=True)
    code = subprocess.run([sys.executable, "-m", f"tests.bench.{module}", *arguments]).returncode
    if code:
        sys.exit(code)
