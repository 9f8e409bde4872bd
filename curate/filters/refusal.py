"""A response that declines the task: "I'm sorry, but I can't help with that", "As an AI, I cannot ...".

Only the opening is looked at, its first sentences, without what stands between quotation marks, behind a dash of speech or in a quoted line, since a story or a translation may hold such a sentence.
A sentence declines when it says that the speaker cannot or will not do one of the things that are done for a user (help, assist, comply, answer, provide): "I can't find an integer solution" does not.
The number is how much follows: a disclaimer before a full answer is none. A question that itself holds such a sentence is about it, and a letter is written in somebody else's name.

Not covered: refusals without such a sentence ("Let's talk about something else"), those in the middle of an answer, and languages other than those in DECLINES.
"""

import re
from collections.abc import Mapping

from curate.filters.base import Filter, Limit, Metric, Trace, Value, count
from curate.language.tokens import pieces, weight

OPENING = 700  # characters, in which the first SENTENCES are looked for
SENTENCES = 3
FOLLOWED = 150  # words
LONGEST = 20_000  # characters of a response in which the words that follow are counted: more is a full answer by any limit

_CANNOT_EN = r"(?: (?:really |simply |just )?(?:(?:can(?:no|'|)t|can not)(?: and (?:will|would|should) not)?|won't|will not|am not going to|must (?:respectfully )?decline to|don't feel comfortable)|(?: am|'m) (?:not able|unable|not allowed|not permitted) to)"
_SOLVE_EN = "find|see (?:a|any|how|why)|determine|simplif|solve|comput|calculat|factor|reduce|express|prove|think|believe|say|tell|make (?:it|this)"  # is no refusal
# What declines, by language. "[^.!?\n]{0,N}" stays inside the sentence, and is bounded.
DECLINES: Mapping[str, str] = {
    "en": rf"""\bi{_CANNOT_EN} (?:be able to )?(?:(?:help|assist)(?:ing)?(?! but\b)(?= ?(?:you|with|in|$|[.,;!]))|comply\b|(?:fulfill?|accommodate) (?:this|that|your)|engage (?:in|with)|participate in
        |(?:answer|discuss|respond to|process|support) (?:this|that|your|such|these)(?: (?:kind|type|sort) of)? ?(?:question|request|topic|content|quer|prompt|$|[.,;!])
        |(?:provide|share|give|offer|supply)(?:ing)? (?:you )?(?:with )?(?:any |that |this |such |specific |detailed |the |a |medical |legal |financial |real-time |live |current |stock |personal(?:i[sz]ed)? )*+(?:information|data|prices|updates|instruction|guidance|advice|assistance
        |details? (?:on|about)|help|support|content|response|answer to (?:that|this|your)|diagnos|recommendation|opinion)
        |(?:create|generate|write|produce|make)(?:ing)? (?:any |that |this |such |sexual\w* |explicit |harmful |offensive |hateful )*+(?:content|material|kind of|type of|request|malware|hate)
        |(?:create|generate|write|produce|make)(?:ing)? (?:any|that|this|such an?|such|an?) (?:poem|story|essay|song|joke|speech|article|letter|e-?mail|scene|review)s?\b
        |(?:do|continue|go along|proceed)(?: with)? (?:that|this)(?=$|[.,;!])|access (?:the (?:internet|web|file|image|link)|external|your|websites?|real-time|live)|browse|open (?:links|files|urls)|(?:see|view) (?:images|pictures|the image|the picture))
        |\b(?:that|this|it)(?:'s| is) (?:not )?(?:something|a request|a topic) (?:that )?i (?:can't|cannot|can not|can|won't|am unable to) (?:help|assist|do|support|discuss|provide|engage)
        |\bi (?:must|have to|need to|will have to) (?:respectfully |politely )?(?:decline|refuse)(?= (?:this|that|your|the request|to )|[.,;!]|$)|\bi (?:respectfully |politely )?decline to|\bi(?:'m| am) (?:sorry|afraid)[^.!?\n]{{0,12}} (?:i )?(?:can't|cannot|won't|will not|can not)
        (?:do (?:that|this)|\.|$)|\bagainst my (?:programming|guidelines|policy|policies)
        |\bi(?:'m| am) not comfortable (?:helping|assisting|providing|sharing|answering|writing|creating|discussing|with (?:that|this))|\b(?:inappropriate|not appropriate|unethical|irresponsible) for me to
        |\bi (?:don't|do not) have (?:the ability to|access to (?:the (?:internet|web|image|file|link)|your|real-time|live|external))
        |\b(?:sorry|apologi[sz]e|apologies|afraid)\b[^.!?\n]{{0,40}}\bi{_CANNOT_EN} (?!{_SOLVE_EN})""",
    "es": r"""\bno (?:puedo|podr[ée]|me es posible|voy a|estoy autorizad[oa] (?:a|para)|soy capaz de) (?:ayudar|asistir|cumplir con|responder a (?:esa|esta|tu|su) (?:pregunta|petici|solicitud)|atender
        |(?:proporcionar|ofrecer|dar|brindar|facilitar)(?:te|le|les)?(?: \w{1,12}){0,2} (?:informaci|instruccion|asistencia|consejo|ayuda|asesoramiento|detalles sobre)|(?:generar|crear|escribir|producir) (?:ese|este|tal|ese tipo de)? ?(?:contenido|tipo)|participar en|hacer eso)
        |\b(?:lo (?:siento|lamento)|disculp|perd[óo]n|me temo)[^.!?\n]{0,40}\bno (?:puedo|me es posible|podr[ée]) (?!encontrar|factori|simplific|resolver|expresar|calcular|determinar)""",
    "fr": r"""\bje (?:ne (?:peux|puis|pourrai|saurais|suis)|n'ai) (?:malheureusement )?(?:pas |point )?(?:en mesure de |pas en mesure de |autoris[ée]e? à |pas le droit de )?(?:(?:vous |t')?(?:aider|assister)|r[ée]pondre (?:à|favorablement)|(?:vous |te )?(?:fournir|donner|offrir|proposer)
        (?: \w{1,12}| d'\w{1,12}){0,2} ?(?:d')?(?:information|instruction|assistance|conseil|aide|avis)|acc[ée]der à (?:cette|votre) demande|satisfaire|donner suite|(?:g[ée]n[ée]rer|cr[ée]er|[ée]crire|produire) (?:ce|de tel|un tel)|participer à|faire cela)
        |\bd[ée]sol[ée]e?\b[^.!?\n]{0,40}\bje ne (?:peux|puis|pourrai) (?:malheureusement )?pas (?!trouver|factoris|simplifi|r[ée]soudre|exprimer|calculer|d[ée]terminer)""",
    "de": r"""\b(?:ich|dabei|damit|hierbei|das|leider) (?:kann|darf|werde|m[öo]chte) (?:ich )?(?:ihnen |dir |euch |leider |dabei |damit |hierbei |bei dieser anfrage |diese anfrage |diese frage |dieser bitte |auf diese anfrage |das |da |hier )*+nicht (?:weiter)?(?:helfen|behilflich|unterst[üu]tzen|beantworten|erf[üu]llen|nachkommen|entsprechen|dienen|tun)
        |\bich (?:kann|darf|werde) (?:ihnen |dir |leider |dazu |hierzu |daf[üu]r )*+keine (?:\w{1,20} )?(?:informationen|anleitung|auskunft|ausk[üu]nfte|beratung|hilfe|unterst[üu]tzung|ratschl[äa]ge|inhalte)
        |\bich bin (?:leider )?nicht (?:in der lage|befugt|berechtigt)[^.!?\n]{0,40} (?:helfen|unterst[üu]tzen|beantworten|bereitzustellen|nachzukommen|geben)""",
    "pt": r"""\bn[ãa]o (?:posso|poderei|consigo|me [ée] poss[íi]vel|estou (?:autorizad[oa]|apt[oa]) a|vou) (?:te |lhe |o |a )?(?:ajud|auxili|assisti|atender|cumprir|responder a (?:essa|esta|sua)|(?:fornecer|oferecer|dar|prestar)(?:-lhe)?(?: \w{1,12}){0,2} (?:informa|instru|assist|conselho|ajuda|orienta)
        |(?:gerar|criar|escrever|produzir) (?:esse|este|tal) (?:tipo|conte[úu]do)|participar|fazer isso)""",
    "it": r"""\bnon (?:posso|potr[òo]|sono (?:in grado di|autorizzat[oa] a)|mi [èe] possibile) (?:aiutar|assister|soddisfare|rispondere a (?:quest|tale)|(?:fornir|offrir|dar)(?:e|ti|le|vi)?(?: \w{1,12}){0,2} (?:informazion|istruzion|assistenza|consigli|aiuto|consulenz)
        |(?:generare|creare|scrivere|produrre) (?:quest|tal|contenut)|partecipare|farlo)""",
    "ru": r"""\b(?:я )?(?:к сожалению,? )?(?:я )?не (?:могу|смогу|буду|имею возможности|вправе|в состоянии) (?:вам |тебе |с этим |в этом |вам с этим |вам в этом )*+(?:помочь|помогать|содействовать|выполнить (?:эту|ваш|ваш[уе]|данн)|ответить на (?:этот|ваш|данный) (?:вопрос|запрос)|обсуждать|участвовать
        |(?:предостав|да|предлож)\w{1,6} (?:\w{1,16} ){0,2}(?:информаци|инструкци|совет|помощ|рекомендац|консультац)|(?:создавать|генерировать|писать) (?:так|под|эт))
        |\b(?:извин|прост(?:и|ите)\b|прошу прощения|сожалени)[^.!?\n]{0,40}\bне (?:могу|смогу) (?!найти|разложить|упростить|решить|вычислить|выразить)|\b(?:помочь|ответить|выполнить это) (?:вам |тебе )?не (?:могу|смогу)""",
    "ar": r"""لا (?:أستطيع|استطيع|يمكنني|أقدر)(?: أن)? (?:ال)?(?:مساعد|أساعد|اساعد|تقديم|أقدم|الإجابة على هذا|الاجابة على هذا|الإجابة عن هذا|أجيب (?:على|عن) هذا|تلبية|ألبي|المشاركة|الامتثال|إنشاء (?:هذا|محتوى)|القيام بذلك)
        |لن (?:أتمكن|اتمكن|أستطيع) من (?:ال)?(?:مساعد|تقديم|تلبية|الإجابة)""",
    "hi": r"""मैं (?:(?:आपकी|आपके|आपको|इस|इसमें|इसमे|अनुरोध|सवाल|प्रश्न|विषय|तरह|प्रकार|ऐसी|ऐसे|यह|के|में|की|का|कोई|संबंध|मामले|बारे|पर|साथ|लिए) )*+(?:मदद|सहायता|सहयोग|जानकारी|उत्तर|जवाब|पूरा|सलाह|सामग्री)(?: \S{1,12}){0,2} (?:नहीं (?:कर|दे|बना)|करने में असमर्थ|देने में असमर्थ|प्रदान नहीं)""",
    "zh": r"""(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾)[^。！？\n]{0,12}(?<![们們])(?:无法|不能|没办法|没有办法|無法|沒辦法)(?!找到|化简|分解|确定|求|直接|得到|整除|继续化)|超出了?我的(?:能力|服务|知识)
        |(?<![们們])(?:无法|不能|不可以|没办法|没有办法|沒辦法|無法|不便|不会|不會|拒绝|拒絕)(?:为您|为你|為您|給您|给您|给你|向您|向你|就此|对此|在这方面|在此)?(?:继续|繼續)?(?:提供(?:任何|有关|有關|这|這|该|該|此|相关|相關|具体|具體|帮助|幫助|协助|协助|您|你|关于|關於|医疗|法律)|帮助您|帮助你|帮您|帮你|帮到|幫助您|幫助你|幫您|幫你|协助(?:您|你|完成|此|这|该|进行)|協助您|協助你|满足(?:您|你|这|该)|滿足(?:您|你|這)|回答(?:这个|这类|该|此|您的|你的|這個|這類|您|你)(?:问题|问题|問題|请求|类)?|回答[。！，]|回应(?:这|该|您|你)|完成(?:这个|该|此|您的|你的|這個)(?:请求|要求|請求)|执行(?:这个|该|此|您的)(?:请求|要求|指令)|参与(?:此|这|讨论)|讨论(?:这|此|该)|生成(?:此|这|该|相关|有害|任何)类?)""",
    "ja": r"""(?:お手伝い|お力添え|お答え|回答|お応え|対応|ご?提供|ご?協力|ご?支援|ご案内|お教え|サポート|お受け)(?:を?(?:する|差し上げる|いたす)?(?:こと)?[はがも]?)?(?:でき(?:ません|かね|ない)|いたしかね|しかね|いたしません|不可能)
        |(?:ご要望|リクエスト|ご依頼|ご質問)(?:に|には|は)[^。！？\n]{0,12}(?:できません|できかね|かねます)""",
    "ko": r"""(?:도와\s?드릴|도와줄|도움을 (?:드릴|줄)|답변(?:을|해)?\s?(?:드릴|제공할|줄|할)|답해\s?드릴|제공(?:해\s?드릴|할|해줄)|들어\s?드릴|응할|응해\s?드릴|수행할|처리해?\s?드릴|따를|지원(?:해\s?드릴|할)|생성할|작성해\s?드릴) 수(?:가|는)? 없(?:습니다|어요|네요|음|다)""",
    "nl": r"\bik kan (?:je |u |jou |daar |hier |helaas |daarbij |hierbij |daarmee |hiermee |je daar |je hier )*+(?:helaas )?niet (?:bij |mee |mee verder |verder )?(?:helpen|assisteren|van dienst|beantwoorden|voldoen)",
    "tr": r"\b(?:yardımcı olam(?:am|ıyorum|ayacağım|ayız)|yardım edem(?:em|iyorum|eyeceğim)|bu (?:isteği|talebi|soruyu) (?:yerine getirem|yanıtlayam|karşılayam))",
    "pl": r"\bnie (?:mogę|jestem w stanie|będę mógł|będę mogła) (?:ci |panu |pani |w tym |z tym )*+(?:pomóc|pomagać|spełnić|odpowiedzieć na (?:to|te|ta)|udzielić|dostarczyć)",
    "vi": r"\btôi (?:không thể|rất tiếc không thể|không được phép) (?:giúp|hỗ trợ|trả lời (?:câu hỏi|yêu cầu) này|cung cấp|đáp ứng|thực hiện yêu cầu)",
    "id": r"\bsaya (?:tidak (?:bisa|dapat)|tidak mampu) (?:membantu|memberikan|menjawab (?:pertanyaan|permintaan) (?:ini|itu|anda)|memenuhi|menyediakan)",
}
# What disclaims, by language: being a machine, it cannot. No refusal where a "but" follows.
DISCLAIMS: Mapping[str, str] = {
    "en": r"\bas an ai(?: language model| assistant| model| system)?,? (?:i|it is|i'm)\b[^.!?\n]{0,30}?(?:can(?:no|')t|can not|unable|not able|not allowed|(?:don't|do not) have (?:access|the ability|personal (?:opinion|belief|view)s?)|not (?:programmed|designed))",
    "es": r"\bcomo (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje|asistente)\b[^.!?\n]{0,40}\bno (?:puedo|tengo (?:acceso|la capacidad)|me es posible)",
    "fr": r"\ben tant qu[e'] ?(?:une? )?(?:ia|intelligence artificielle|mod[èe]le de langage?|assistant)\b[^.!?\n]{0,40}\bje (?:ne (?:peux|suis|puis)|n'ai pas)",
    "de": r"\bals (?:eine? )?(?:ki|k[üu]nstliche intelligenz|sprachmodell|ki-sprachmodell|ki-modell|ki-assistent\w{0,2})\b[^.!?\n]{0,10} (?:kann|darf|bin|habe) ich\b[^.!?\n]{0,40}\b(?:nicht|kein)",
    "pt": r"\bcomo (?:uma? )?(?:ia|intelig[êe]ncia artificial|modelo de linguagem|assistente)\b[^.!?\n]{0,40}\bn[ãa]o (?:posso|tenho (?:acesso|a capacidade)|consigo)",
    "it": r"\b(?:come|in quanto|essendo) (?:un'? ?|una )?(?:ia|ai|intelligenza artificiale|modello (?:di linguaggio|linguistico)|assistente)\b[^.!?\n]{0,40}\bnon (?:posso|sono in grado|ho (?:accesso|la capacit))",
    "ru": r"\bкак (?:ии|искусственный интеллект|языковая модель|ии-модель|ии-ассистент|ассистент)\b[^.!?\n]{0,40}\b(?:не могу|не имею|не способ)",
    "ar": r"(?:بصفتي|كوني|باعتباري) (?:نموذج|ذكاء|مساعد)[^.!?؟\n]{0,60}لا (?:أستطيع|يمكنني|أملك)",
    "hi": r"(?:एक )?(?:एआई|ए\.?आई\.?|AI|ai|कृत्रिम बुद्धिमत्ता|भाषा मॉडल)[^।!?\n]{0,30}(?:के रूप में|होने के नाते)[^।!?\n]{0,50}नहीं",
    "zh": r"(?:作为|作為|身为|我是)(?:一个|一個|一名|一款)?(?:AI|ai|人工智能|人工智慧|大型?语言模型|語言模型|语言模型|智能助手)[^。！？\n]{0,20}(?:无法|不能|没有能力|不具备|沒有能力|無法|没有权限)",
    "ja": r"(?:AI|ai|人工知能|言語モデル)(?:アシスタント|モデル|言語モデル)?(?:として|である(?:ため|私)|なので|ですので|のため)[^。！？\n]{0,40}(?:できません|できかね|ありません|持って(?:い|お)(?:りません|ません)|かねます)",
    "ko": r"(?:AI|ai|인공지능|언어 모델)(?: 언어)?(?: 모델| 어시스턴트| 비서)?(?:로서|이기 때문에|이므로|이라서)[^.!?\n]{0,40}(?:없습니다|않습니다|어렵습니다)",
    "nl": r"\bals (?:een )?(?:ai|taalmodel|ai-taalmodel)\b[^.!?\n]{0,10} kan ik [^.!?\n]{0,30}(?:niet|geen)",
    "tr": r"\bbir (?:yapay zeka|dil modeli)[^.!?\n]{0,60}(?:amam|emem|amıyorum|emiyorum)",
    "pl": r"\bjako (?:ai|sztuczna inteligencja|model językowy)[^.!?\n]{0,40}nie (?:mogę|jestem|mam)",
    "vi": r"\blà (?:một )?(?:ai|mô hình ngôn ngữ|trí tuệ nhân tạo)[^.!?\n]{0,40}không (?:thể|có)",
    "id": r"\bsebagai (?:ai|model bahasa|kecerdasan buatan)[^.!?\n]{0,40}tidak (?:bisa|dapat|memiliki)",
}
_BUT = re.compile(
    r"\b(?:but|however|though|pero|sin embargo|mais|cependant|aber|jedoch|allerdings|mas|porém|ma|tuttavia|но|однако|maar|ama|ancak|ale|nhưng|tetapi|namun)\b|但|不[过過]|لكن|लेकिन|परंतु|が、|けれど|지만"
)


def _any(patterns: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{re.sub(chr(10) + ' *', '', pattern)})" for pattern in patterns.values()))


_OTHER_SCRIPTS = frozenset({"ru", "ar", "hi", "zh", "ja", "ko"})


def _both(patterns: Mapping[str, str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns for a text in ASCII, and for any."""
    return _any({code: pattern for code, pattern in patterns.items() if code not in _OTHER_SCRIPTS}), _any(patterns)


_DECLINES, _DISCLAIMS = _both(DECLINES), _both(DISCLAIMS)
_SENTENCE = re.compile(r"[^.!?。！？।؟\n]{1,700}+[.!?。！？।؟\n]*+")
_SPOKEN = re.compile(r"""["“„«「『][^"”“»」』\n]{1,400}+["”“»」』]|^[ \t]*(?:>|[—–―-][ \t])[^\n]{0,700}""", re.MULTILINE)
_LETTER = re.compile(
    r"^\W{0,4}(?:subject|dear|betreff|liebe[rs]?|sehr geehrte|objet|cher|chère|madame|monsieur|asunto|estimad[oa]s?|querid[oa]|assunto|prezad[oa]|car[oa]|oggetto|gentile|тема|уважаем|дорог|件名|拝啓|尊敬的|亲爱的|주제|제목|प्रिय|विषय|الموضوع|عزيز)"
)
_MARKUP = re.compile(r"[*_#]++")


def _opening(text: str) -> str:
    """The beginning of a text in lower case, without emphasis and headings, with plain apostrophes."""
    return _MARKUP.sub("", text[:OPENING]).replace("’", "'").lower()


def _declines(sentence: str) -> bool:
    at = 0 if sentence.isascii() else 1
    disclaimed = _DISCLAIMS[at].search(sentence)
    return _DECLINES[at].search(sentence) is not None or (disclaimed is not None and _BUT.search(sentence, disclaimed.end()) is None)


def declined(text: str) -> int | None:
    """How many words follow the sentence in the opening of a text that declines; None where there is none."""
    text = text.lstrip()
    opening = _SPOKEN.sub(lambda match: " " * len(match.group()), _opening(text))
    if _LETTER.match(opening):
        return None
    for _, sentence in zip(range(SENTENCES), _SENTENCE.finditer(opening), strict=False):
        if _declines(sentence.group()):
            rest = opening[sentence.end() :] + text[OPENING:LONGEST]
            return sum(weight(script, word) for script, word in pieces(rest))
    return None


def measure(trace: Trace) -> Mapping[str, Value]:
    """The filter's metric."""
    followed = declined(trace.response)
    return {} if followed is None or _DECLINES[1].search(_opening(trace.question)) else {"response_after_refusal": followed}


_METRICS: dict[str, Metric] = {
    "response_after_refusal": count(
        "words that follow a sentence which declines the task, in the opening of the response; null where none does"
    )
}

FILTER = Filter(
    "refusal",
    "1",
    measure,
    metrics=_METRICS,
    limits=[
        Limit(
            "followed_by",
            "response_after_refusal",
            FOLLOWED,
            "refusal",
            "chosen: refusals with their advice and addresses have up to a hundred words, answers after a disclaimer more",
            over=False,
        )
    ],
)
