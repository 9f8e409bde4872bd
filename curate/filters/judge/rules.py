"""What is decided before a judge is asked.

A bare ":" or "Thought process:" earns credit from many judges (arXiv 2507.08794, "One Token to Fool LLM-as-a-Judge"), so an answer that is blank, is punctuation alone, or only announces a solution fails by rule. Where the
reference itself is of that kind ("-", "Answer") only a blank answer does. Mathematical symbols are no punctuation: "∅" may be right. What no judge could be shown whole gets no verdict.

Not covered: an opening in a language that is not listed, and one with a little nonsense behind it. The judge sees those, and the planted controls hold openers too.
"""

import re
import unicodedata
from typing import NamedTuple

from curate.filters.judge.tasks import CHAIN_TASKS, CORRECTNESS, Item, Task

LONGEST = 400_000  # characters of a piece; more does not fit any judge's context
LONGEST_OPENER = 400  # characters of an answer that can be nothing but openers

# The master keys of arXiv 2507.08794 (its ten: " ", ".", ",", ":", "Thought process:", "Let's solve this problem step by step.", "Solution", "解", "かいせつ", "Respuesta") and their like.
_OPENERS = """
thought process|thoughts|thinking|thinking process|reasoning|reasoning process|analysis|explanation|solution|answer|final answer|the answer|the answer is|the final answer is|my answer|result|conclusion
lets solve this problem step by step|lets solve this step by step|lets think step by step|let us think step by step|let us solve this problem step by step|lets think|lets begin|lets start|lets solve it
lets solve this|step by step|first of all|to solve this problem|to solve this problem we need to|we need to find|here is the solution|here is my solution|heres the solution|here is the answer
heres the answer|sure here is the solution|okay|ok|alright|hmm|wait|i will solve this step by step|i will think step by step|therefore|thus|hence
解|解答|解法|解析|答案|答|分析|思考|思考过程|推理过程|让我们一步一步思考|让我们一步步思考|首先|好的|かいせつ|解説|答え|回答|思考プロセス|풀이|정답|해설|답
respuesta|solución|la respuesta es|proceso de pensamiento|pensemos paso a paso|réponse|la réponse est|raisonnement|étape par étape|lösung|antwort|die antwort ist|gedankengang|schritt für schritt
resposta|solução|risposta|soluzione|ragionamento|antwoord|oplossing|svar|lösning|løsning|odpowiedź|rozwiązanie|ответ|решение|рассуждение|відповідь|розвязання|cevap|çözüm|الجواب|الحل|جواب|उत्तर|हल|समाधान
jawaban|đáp án|lời giải|คำตอบ
"""
OPENERS = frozenset(opener for line in _OPENERS.split("\n") for opener in line.split("|") if opener)

_ENDS = re.compile(r"[.:;!?,\n。：；！？，、…*#_\"“”()\[\]{}|`/\\]")
_EMPTY_BOX = re.compile(r"\\(?:boxed|fbox|text|mathrm)\{\s*+\}|</?(?:answer|think)>")
_MARKUP = frozenset("`^$|~")  # symbols by their Unicode category, punctuation by their use here


class Ruled(NamedTuple):
    """What a rule says: `failed`, or that there can be no verdict, and why."""

    failed: bool
    reason: str


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNMS" and character not in _MARKUP


def _bare(text: str) -> str:
    """Letters, digits and symbols alone, lower case, one space between words."""
    kept = (
        c if _counts(c) else " " if c.isspace() or unicodedata.category(c) == "Pd" else ""
        for c in unicodedata.normalize("NFC", text.casefold())
    )
    return " ".join("".join(kept).split())


def empty(text: str) -> str | None:
    """`blank`, `one_symbol` (punctuation alone) or `opener_only`; None for a text that says something."""
    text = _EMPTY_BOX.sub(" ", text)
    if not any(map(_counts, text)):
        return "one_symbol" if any(unicodedata.category(c)[0] in "PS" for c in text) else "blank"
    if len(text) > LONGEST_OPENER:
        return None
    pieces = [bare for piece in _ENDS.split(text) if (bare := _bare(piece))]
    return "opener_only" if all(bare in OPENERS for bare in pieces) else None


def before(item: Item, task: Task) -> Ruled | None:
    """What a rule says of an item, so that no judge need be asked; None where one must."""
    if any(len(piece(item)) > LONGEST for piece in task.pieces.values()):
        return Ruled(False, "too_long")
    if task.compares:
        return None
    if task.name == "safety":
        return None if (item.chain + item.response).strip() else Ruled(False, "blank")
    if task.name in CHAIN_TASKS:
        return None if item.chain.strip() else Ruled(False, "no_chain")
    why = empty(item.response)
    if task.name == CORRECTNESS.name:
        if item.reference is None or not item.reference.strip():
            return Ruled(False, "no_reference")
        if why != "blank" and empty(item.reference) is not None:
            return None
    return None if why is None else Ruled(True, why)
