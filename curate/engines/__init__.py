"""Where completions come from. `open_engine` makes one from its settings; each kind is one file, imported only when it is asked for."""

from curate.engines.base import CAPABILITIES, Engine, EngineSettings, Request, Sampling, require
from curate.errors import UsageError

KINDS = ("vllm", "openai", "transformers", "scripted")

__all__ = ["CAPABILITIES", "KINDS", "Engine", "EngineSettings", "Request", "Sampling", "open_engine", "require"]


def open_engine(settings: EngineSettings) -> Engine:
    """The engine that `settings` describes, not yet started. Raises UsageError for an unknown kind or a missing model."""
    if not settings.model:
        raise UsageError("no model is given: --model NAME_OR_DIRECTORY")
    if settings.kind in ("vllm", "transformers"):
        from curate.engines.local import LocalEngine

        return LocalEngine(settings)
    if settings.kind == "openai":
        from curate.engines.openai import OpenAIEngine

        return OpenAIEngine(settings)
    if settings.kind == "scripted":
        from curate.engines.scripted import ScriptedEngine

        return ScriptedEngine.from_settings(settings)
    raise UsageError(f"unknown engine {settings.kind!r}: one of {', '.join(KINDS)}")
