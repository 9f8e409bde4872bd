"""A rewritten sample before its verifier: runs in the verifiers' processes, as a verifier of one's own does."""

import json
from dataclasses import replace

from curate.records import Answer, Message, Prompt, Verdict, canonical_json
from curate.rewriting.wording import Reply, ask, read
from curate.verifiers import load

VERSION = "1"
NAME = "curate.rewriting.verdict:verify"


def request(parent: Prompt, sample_id: str, question: str, chain: str, answer: str) -> Prompt:
    """The prompt that asks for a rewriting of a sample of `parent`, with all that its verdict needs."""
    message, nonce = ask(sample_id, question, chain, answer)
    held = {
        "nonce": nonce,
        "verifier": parent.verifier if parent.accept == "verified" else None,
        "messages": [[m.role, m.content] for m in parent.messages],
        "meta": parent.meta,
    }
    return replace(parent, messages=(message,), verifier=NAME, accept="verified", chance=0.0, mode="plain", meta=canonical_json(held))


def joined(reply: Reply) -> str:
    """A completion of both pieces."""
    return f"<think>\n{reply.reasoning}\n</think>\n\n{reply.response}"


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """The verdict of the sample's own verifier on what was made of it; `correct` where it has none and the reply has its form."""
    held = json.loads(prompt.meta)
    reply = read(answer.response, held["nonce"])
    if reply is None:
        return Verdict("no_answer", 0.0, "not in the form that was asked for")
    if held["verifier"] is None:
        return Verdict("correct", 1.0)
    parent = replace(
        prompt, messages=tuple(Message(role, content) for role, content in held["messages"]), verifier=held["verifier"], meta=held["meta"]
    )
    return load(held["verifier"])(Answer(joined(reply), reply.reasoning, reply.response, answer.finish_reason), parent)
