"""The command group: what it imports, how it fails, and whose packages it runs."""

import errno
import subprocess
import sys
from pathlib import Path

import click
import pytest

from curate import cli
from curate.errors import CurateError, EngineError, IdentityMismatch, MissingExtra, Stopped, UsageError

HEAVY = ("pyarrow", "pandas", "duckdb", "datasets", "openai", "numpy", "torch", "vllm", "transformers", "asyncio")


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_nothing_heavy(argument: str) -> None:
    program = f"""
import sys
from curate.cli import run
code = run([{argument!r}])
loaded = [m for m in {HEAVY!r} if m in sys.modules]
sys.exit(f"loaded {{loaded}}" if loaded else code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_command_loads_and_explains_itself() -> None:
    context = click.Context(cli.group)
    for name in cli.COMMANDS:
        command = cli.group.get_command(context, name)
        assert command is not None
        assert command.help
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.hidden or parameter.help, (
                f"curate {name} {parameter.opts[0]} has no help"
            )


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> "list[BaseException]":
    """The command `doctor`, replaced by one that raises what is put into the list."""
    errors: list[BaseException] = []

    @click.command("doctor")
    def command() -> None:
        raise errors[0]

    monkeypatch.setattr("curate.cli.doctor.command", command)
    return errors


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CurateError("a sentence"), 1, "error: a sentence\n"),
        (EngineError("no answer from the server"), 1, "error: no answer from the server\n"),
        (UsageError("no such source"), 2, "error: no such source\n"),
        (MissingExtra("math-verify", "verify", "the verifier math"), 2, "pip install 'r1-curate[verify]'"),
        (IdentityMismatch("another model"), 1, "error: another model\n"),
        (Stopped("stopped by the budget"), 3, "error: stopped by the budget\n"),
        (click.UsageError("no such option"), 2, "error: no such option (see curate doctor --help)\n"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (MemoryError(), 1, "error: out of memory"),
        (OSError(errno.ENOSPC, "x", "/data/shard"), 1, "error: the disk is full (/data/shard)"),
        (PermissionError(errno.EACCES, "x", "/data"), 1, "error: permission denied (/data)"),
    ],
)
def test_errors_are_one_sentence(
    failing: "list[BaseException]", capsys: pytest.CaptureFixture[str], error: BaseException, code: int, words: str
) -> None:
    failing.append(error)
    assert cli.run(["doctor"]) == code
    said = capsys.readouterr().err.lstrip("\n")
    assert words in said
    assert said.count("\n") == 1


def test_a_command_may_choose_its_exit_code(failing: "list[BaseException]") -> None:
    failing.append(click.exceptions.Exit(7))
    assert cli.run(["doctor"]) == 7


@pytest.mark.parametrize("error", [KeyError("x"), OSError(errno.EIO, "x"), AssertionError()])
def test_bugs_keep_their_traceback(failing: "list[BaseException]", error: Exception) -> None:
    failing.append(error)
    with pytest.raises(type(error)):
        cli.run(["doctor"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nonsense"], "No such command 'nonsense'"), (["doctor", "--nonsense"], "--nonsense"), (["doctor", "extra"], "extra")],
)
def test_wrong_usage_exits_2_with_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert cli.run(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert words in said
    assert "--help" in said
    assert said.count("\n") == 1


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 2
    assert "generate" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = "from curate.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", program, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_own_packages_are_recognised() -> None:
    assert cli.own_package("train").__name__ == "train"
    assert cli.own_package("pipelines").__name__ == "pipelines"


@pytest.mark.parametrize("text", ["", "PROJECT = 'another'\n", "def broken(:\n", "x = PROJECT = 1\n"])
@pytest.mark.parametrize("as_package", [False, True])
def test_an_intruder_is_named_and_not_run(tmp_path: Path, text: str, as_package: bool) -> None:
    intruder = tmp_path / "train" / "__init__.py" if as_package else tmp_path / "train.py"
    intruder.parent.mkdir(exist_ok=True)
    ran = tmp_path / "ran"
    intruder.write_text(text or f"open({str(ran)!r}, 'w').close()\n")
    root = str(Path(cli.__file__).parent.parent.parent)
    program = f"""
import sys
sys.path.insert(0, {root!r}); sys.path.insert(0, {str(tmp_path)!r})
from curate.cli import own_package
from curate.errors import UsageError
try:
    own_package("train")
except UsageError as error:
    sys.exit(0 if {str(intruder)!r} in str(error) else f"not named: {{error}}")
sys.exit("not noticed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not ran.exists()


def test_a_missing_package_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="no_such_package"):
        cli.own_package("no_such_package")
