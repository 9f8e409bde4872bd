"""Every error that a person can mend, as one tree. The command line prints the sentence and exits with `exit_code`; anything else is a bug and shows its traceback.

    CurateError                1  something is wrong, the sentence says what and what to do
      UsageError               2  an option, a source or a file was given wrongly
        MissingExtra           2  a package of an optional extra is needed
        NoSandbox              2  code that a model wrote cannot be confined on this machine
      SourceError              1  prompts could not be read
      EngineError              1  the model or its server cannot go on
        RequestRefused         1  this one request was refused (a 400): data about one sample, not the end of the run
          PromptTooLong        1  the prompt does not fit the model's context
      StoreError               1  a directory cannot be read or written
        IdentityMismatch       1  the directory was made with another configuration
        Damaged                1  bytes on disk are not what the manifest says
      SandboxError             1  the sandbox failed, which says nothing about the program in it
      Stopped                  3  stopped by a budget or a signal; the same command goes on

A bad sample is data and never an exception; a program that cannot go on is one of these.
"""


class CurateError(Exception):
    """Base of all errors with a sentence for the user."""

    exit_code = 1


class UsageError(CurateError):
    """An option, a source or a path was given wrongly."""

    exit_code = 2


class MissingExtra(UsageError):
    """A package that an optional extra brings is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        line = f"pip install 'r1-curate[{extra}]'" if extra else f"pip install {package}"
        super().__init__(f"{purpose} needs the package {package}, which is not installed: {line}")


class NoSandbox(UsageError):
    """No tier of the sandbox holds on this machine; nothing was run."""


class SandboxError(CurateError):
    """The sandbox itself failed: its server died, a program could not be confined or was killed from outside. Tried again, never a verdict on the program."""


class SourceError(CurateError):
    """Prompts could not be read from their source."""


class EngineError(CurateError):
    """The model or the server behind it cannot go on."""


class RequestRefused(EngineError):
    """One request was refused for what it says; others may pass."""


class PromptTooLong(RequestRefused):
    """A prompt and one token of answer do not fit the model's context."""


class StoreError(CurateError):
    """A directory cannot be read or written."""

    @classmethod
    def writing(cls, path: object, error: BaseException) -> "StoreError":
        """The sentence for a write that the system refused."""
        why = getattr(error, "strerror", None) or error
        return cls(f"cannot write {path}: {why}; nothing finished is lost: mend that and run the same command again")


class IdentityMismatch(StoreError):
    """A directory holds the work of another configuration."""


class Damaged(StoreError):
    """A file is not what its manifest says."""


class Stopped(CurateError):
    """Stopped by a budget or a signal; nothing finished is lost and the same command goes on."""

    exit_code = 3
