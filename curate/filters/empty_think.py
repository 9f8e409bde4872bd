"""A chain that is there and says nothing: the tags with nothing, white space or punctuation between them, or nothing but stock phrases ("Okay, let me think.").

R1 itself writes an empty pair of tags at times: its repository's README advises to begin the reply with the opening tag for that reason. A short chain is no empty one: "2 + 2 = 4" reasons.
Not covered: stock phrases of languages, or in wordings, that are not listed here.
"""

import re
from collections.abc import Iterable

from curate.filters.base import Filter, Trace

_LONGEST = 200  # characters of a chain that is held against the phrases
_NOT_SAID = re.compile(r"[\s!-/:-@\[-`{-~¡¿«»\u060c\u061b\u061f\u06d4\u0964\u2000-\u206f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]++")
# in lower case, without punctuation; a chain that is a row of these is empty
_PHRASES = (
    r"okay|ok|alright|all right|hmm+|hm|well|so|now|right|sure|yes|wait|first|はい|ええ|네|예|да|oui|si|sí|sim|ja|evet|vâng|ya|نعم|हाँ|是的?|对|對",
    r"thinking|reasoning|thoughts?|thought process|none|null|n a|nothing|empty|blank|skip|todo|placeholder|done|step by step|carefully",
    r"(?:let me|let s|let us|i ll|i will|i need to|i have to|i should|i must|i am going to|i m going to|time to) "
    r"(?:think|reason|see|begin|start|answer|consider|solve|work|figure)(?: (?:about|through|on|over|out))?"
    r"(?: (?:(?:the|this|that) (?:problem|question|task|answer)|it|this|that))?(?: out)?(?: (?:directly|carefully|here|a bit|for a moment))?",
    r"(?:no|without) (?:thinking|reasoning|thought|chain of thought)(?: is)?(?: needed| required| necessary)?",
    r"(?:your|my|the) (?:reasoning|thoughts?|thinking)(?: process)?(?: goes)?(?: here)?",
    r"好的?|嗯+|首先|无|無|思考(?:中|过程)?|(?:让|讓)我(?:来|來)?(?:仔细|先)?(?:想一?想|想一?下|思考一?下|看看|分析一下)(?:这个问题|一下)?|我(?:需要|来)(?:思考|想)(?:一下)?",
    r"えっと|うーん|さて|では|(?:少し|まず)?考えてみ(?:ましょう|よう|ます)|考え中|思考中|음+|자|그럼|(?:한번 )?생각해 ?(?:보자|봅시다|보겠습니다|볼게요)",
    r"итак|так|хорошо|ладно|хм+|(?:давай(?:те)? )?(?:подумаем|подумаю|посмотрим)(?: (?:шаг за шагом|над этим))?|мне нужно подумать|дайте подумать",
    r"bien|bueno|vale|veamos|a ver|(?:vamos a |déjame |voy a )?pens(?:ar|emos)(?: (?:en esto|paso a paso))?|paso a paso",
    r"d accord|alors|voyons(?: voir)?|réfléchissons(?: étape par étape)?|(?:laisse|laissez) moi réfléchir|je réfléchis",
    r"mal sehen|also|gut|(?:lass(?:en sie)? mich|ich muss|lass uns|ich werde)(?: (?:kurz|mal|darüber|schritt für schritt))* (?:nachdenken|überlegen)|schritt für schritt",
    r"bene|vediamo|(?:fammi|lasciami|devo) (?:pensare|riflettere)|bom|certo|vejamos|(?:vamos|deixe me|preciso) pensar|passo a passo",
    r"düşünelim|bir düşüneyim|tamam|adım adım(?: düşünelim)?|để tôi suy nghĩ|hãy suy nghĩ|được rồi|pomyślmy|niech pomyślę|dobrze",
    r"baik|mari kita (?:pikirkan|lihat)|biarkan saya berpikir|حسن(?:ا|اً|ًا)|دعن[يا] (?:أفكر|نفكر)|لنفكر|خطوة بخطوة|ठीक है|(?:मुझे )?सोचने दो|(?:चलो|आइए) सोचते हैं|ให้ฉันคิด(?:ดู)?(?:ก่อน)?",
)
_STOCK = re.compile(rf"(?:(?:{'|'.join(_PHRASES)})(?: |\Z|(?<=[\u2e80-\u9fff])))++")


def empty(trace: Trace) -> Iterable[str]:
    """`empty_think` for a chain that is there and says nothing."""
    chain = trace.reasoning
    if chain is None or (len(chain) > _LONGEST and any(map(str.isalnum, chain))):
        return ()
    said = _NOT_SAID.sub(" ", chain.casefold()).strip()
    return () if any(map(str.isalnum, said)) and not (len(chain) <= _LONGEST and _STOCK.fullmatch(said)) else ("empty_think",)


FILTER = Filter("empty_think", "1", lambda _: {}, reasons=empty, modes=frozenset({"think"}))
