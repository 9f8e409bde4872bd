"""What belongs to the machinery and not to the text: special tokens of chat templates, turns of the user that the model went on to write, tags of a chain inside the chain or the response, and the
system prompt said back.

The tokens are those of the families in use (ChatML, Llama, DeepSeek, Gemma, Mistral, gpt-oss, Kimi, the begin_of_thought of OpenThoughts and Sky-T1), and anything of the same form. A token that the
question has is none, and nothing is measured where the question is about templates, tokens, HTML or XML. A tag in backticks or in the middle of a line of the chain is talked about; on its own, or at an
end of a line, it is a tag. A user's turn counts with an assistant's after it, or after a blank line with a sentence of its own, a system's turn where
it tells the model what it is, all unless the question asks for a dialogue.

The system prompt is looked for by its sentences, the twelve longest, word for word: a chain may quote an instruction, a response has no reason to. Not covered: a system prompt in other words.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from curate.filters.base import Filter, Limit, Trace, Value, by_part, count

_TOKEN = re.compile(
    r"<(?:\|(?:[a-z0-9]{1,20}(?:[_▁][a-z0-9]{1,20}){1,4}|endoftext|end|[Uu]ser|[Aa]ssistant|[Ss]ystem|message|channel|return|call|start|pad|unk|observation|tool|think)\|"
    r"|｜[^｜<>\n]{2,40}+｜|<SYS>|</SYS>|/s|(?:start|end)_of_turn|bos|eos|pad|unk|(?:begin|end)_of_(?:thought|solution|text|sentence)|/?tool_calls?)>"
)
_BRACKETS = re.compile(r"\[/?INST\]|\[(?:gMASK|BOS|EOS|AVAILABLE_TOOLS|TOOL_CALLS)\]|◁/?think▷")
_BRACKET_MARKS = ("INST]", "[gMASK", "[BOS]", "[EOS]", "TOOL", "◁")
_TAG = re.compile(r"</?(?:think|thinking|thoughts?|reasoning|scratchpad)>", re.IGNORECASE)

_USER = r"User|USER|Human|HUMAN|用户|用戶|ユーザー|사용자|Usuario|Usuário|Utilisateur|Benutzer|Utente|Пользователь|المستخدم|Kullanıcı|Người dùng|Pengguna|### ?(?:Instruction|Human|User|Input)"
_ASSISTANT = r"Assistant|ASSISTANT|AI|助手|アシスタント|어시스턴트|Asistente|Assistente|Assistent|Ассистент|المساعد|Asistan|Trợ lý|Asisten|### ?(?:Response|Assistant|Output)"
_SYSTEM = r"(?:System|SYSTEM|系统|システム|시스템|Sistema|Système|Система)(?=\**[ \t]?[:：]\** ?(?:(?:You|Your|Du|Sie|Eres|Usted|Tu es|Vous|Você|Sei|Ты|Вы)\b|你|您|あなた|당신))"
_TURN = re.compile(
    rf"\n[ \t*]*+(?:(?P<user>{_USER})|(?P<assistant>{_ASSISTANT})|(?P<system>{_SYSTEM}))\**[ \t]?[:：]\**(?P<said>[^\n]{{0,400}})"
)
_SENTENCE_WORDS = 4
_SPOKEN_TO = re.compile(
    r"\s{0,9}(?:(?:You are|You're|Eres|Usted es|Du bist|Sie sind|Tu es|Vous êtes|Você é|Sei|Ты|Вы)\b[^.!?\n]{0,60}?\b(?:assistant|asistente|Assistent|assistente|ассистент|помощник|language model|AI)\b"
    r"|A conversation between (?:a )?[Uu]ser and (?:an )?[Aa]ssistant\b"  # the prompt of R1-Zero, said back
    r"|(?:你是|您是|あなたは|당신은)[^。\n]{0,30}?(?:助手|助理|アシスタント|어시스턴트|비서))"
)

_ABOUT = re.compile(
    r"chat ?template|special tokens?|tokeni[sz]|chatml|prompt (?:template|format)|<\||\b(?:html|xml|xhtml|svg|jsx|markup|tags?|llama|bert|gpt|transformers?|nlp|language models?|system prompt)\b|разметк|тег[а-я]{0,3}\b|etiquetas?\b|balises?\b|标签|標籤|タグ|태그|وسم",
    re.IGNORECASE,
)
_DIALOGUE = re.compile(
    r"dialog|conversation|transcript|role-?play|chat ?bot|interview|script|screenplay|exchange between|multi-turn|user:|human:|对话|對話|会話|対話|대화|диалог|разговор|diálogo|conversaci|conversa|gespräch|conversazione|حوار|محادثة|संवाद|hội thoại|percakapan|konuşma",
    re.IGNORECASE,
)

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+")
_SHORTEST = 30  # characters of a sentence of the system prompt that is looked for
_MOST = 12


def _tokens(text: str, question: str) -> int:
    """Special tokens in a text that are not in the question."""
    found = _TOKEN.findall(text) if "<" in text else []
    if any(mark in text for mark in _BRACKET_MARKS):
        found += _BRACKETS.findall(text)
    return sum(1 for token in found if token not in question)


def _tags(text: str, question: str, *, anywhere: bool) -> int:
    """Tags of a chain that are not talked about: in a chain those that begin or end a line, in a response also those within one."""
    found = 0
    for tag in _TAG.finditer(text):
        before = text[max(0, tag.start() - 3) : tag.start()]
        after = text[tag.end() : tag.end() + 3]
        quoted = before[-1:] in "`'\"“‘«「" and after[:1] in "`'\"”’»」" and bool(before and after)
        at_an_end = (
            not before.strip(" \t") or before.rstrip(" \t")[-1:] == "\n" or not after.strip(" \t") or after.lstrip(" \t")[:1] == "\n"
        )
        found += not quoted and tag[0] not in question and (anywhere or at_an_end)
    return found


def _turns(text: str, question: str) -> int:
    """Turns of a conversation that the model went on to write."""
    turns = list(_TURN.finditer("\n" + text))
    found = int(_SPOKEN_TO.match(text) is not None)
    if not (turns or found) or _DIALOGUE.search(question):
        return 0
    for i, turn in enumerate(turns):
        if turn["user"]:
            answered = i + 1 < len(turns) and turns[i + 1]["assistant"] is not None
            apart = text[max(0, turn.start() - 2) : turn.start()].endswith("\n") and len(turn["said"].split()) >= _SENTENCE_WORDS
            found += answered or apart
        else:
            found += bool(turn["system"]) or (turn.start() == 0 and turn["assistant"] != "AI")
    return found


@lru_cache(maxsize=256)
def _sentences(system: str) -> tuple[str, ...]:
    """The longest sentences of a system prompt."""
    return tuple(sorted({s.strip() for s in _SENTENCE.split(system) if len(s.strip()) >= _SHORTEST}, key=lambda s: (-len(s), s))[:_MOST])


def _echo(text: str, trace: Trace) -> int:
    """Characters of the system prompt's sentences that a text says word for word, and the question does not."""
    return sum(len(sentence) for sentence in _sentences(trace.system) if sentence in text and sentence not in trace.question)


def _leaks(text: str, question: str, *, response: bool) -> int:
    return _tokens(text, question) + _tags(text, question, anywhere=response) + _turns(text, question)


def measure(trace: Trace) -> Mapping[str, Value]:
    """Leaks by part, and what was said back of the system prompt."""
    question = trace.question
    leaks: dict[str, Value] = {
        "reasoning_leaks": None if trace.reasoning is None else _leaks(trace.reasoning, question, response=False),
        "response_leaks": _leaks(trace.response, question, response=True),
    }
    if any(leaks.values()) and _ABOUT.search(question):
        leaks = {}
    return {**leaks, **(by_part(trace, "system_echo", lambda text: _echo(text, trace)) if trace.system else {})}


_ANY = "a single special token, turn or tag is one too many"
FILTER = Filter(
    "template_leak",
    "1",
    measure,
    metrics={
        "reasoning_leaks": count("special tokens, written turns and tags in the chain; null where the question is about such things"),
        "response_leaks": count("special tokens, written turns and tags in the response; null where the question is about such things"),
        "reasoning_system_echo": count("characters of the system prompt that the chain says word for word; null without one"),
        "response_system_echo": count("characters of the system prompt that the response says word for word; null without one"),
    },
    limits=(
        Limit("reasoning_leaks", "reasoning_leaks", 0, "template_leak", _ANY),
        Limit("response_leaks", "response_leaks", 0, "template_leak", _ANY),
        Limit(
            "reasoning_echo",
            "reasoning_system_echo",
            200,
            "system_prompt_echo",
            "not published; a chain may quote an instruction or two, not the whole prompt",
        ),
        Limit(
            "response_echo",
            "response_system_echo",
            59,
            "system_prompt_echo",
            "not published; one sentence of twelve words or so, which nobody says by chance",
        ),
    ),
)
