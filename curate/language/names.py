"""What languages are called, in the languages that questions are commonly asked in, and the words by which a question shows that it is about a language.

A name that ends in * stands for all words that begin so. Lists are ours. Where one word is a nation's adjective too ("French"), the name alone says little: see `task.py`.
"""

import re
from collections.abc import Mapping

_ALPHABETIC: Mapping[str, str] = {
    "en": "english inglés inglesa inglese anglais* englisch* inglês inglesa angielsk* engels engelsk* английск* ingilizce inggris angličtin* anglick* angol* αγγλικ* engleză englanti* englannin*",
    "fr": "french francés francesa francese francês français* französisch* французск* frans fransk* francusk* fransızca prancis francouzsk* francia γαλλικ* franceză",
    "de": "german deutsch* alemán alemana allemand* tedesco tedesca alemão alemã немецк* duits tysk* niemieck* almanca jerman německ* német* γερμανικ*",
    "es": "spanish español* castellano espagnol* spagnol* espanhol* spanisch* испанск* spaans spansk* hiszpańsk* ispanyolca spanyol* španělsk* ισπανικ*",
    "it": "italian italiano italiana italien* italiaans итальянск* włosk* italyanca ιταλικ*",
    "pt": "portuguese portugués portuguesa portugais* portoghese português* portugiesisch* португальск* portugees portugalsk* portekizce",
    "nl": "dutch neerlandés holandés néerlandais* niederländisch* olandese holandês нидерландск* голландск* nederlands",
    "ru": "russian ruso rusa russe russo russa russisch* русск* russisk* ryska rosyjsk* rusça rusia rusky ruštin* orosz* ρωσικ*",
    "zh": "chinese mandarin* cantonese chino mandarín chinois* cinese chinês chinesisch* китайск* chinees kinesisk* chińsk* çince tiongkok čínsk* κινεζικ* pinyin hanzi",
    "ja": "japanese japonés japonais* giapponese japonês japanisch* японск* japans japansk* japońsk* japonca jepang japonsk* kanji hiragana katakana romaji",
    "ko": "korean coreano coréen* koreanisch* корейск* koreaans koreańsk* korece hangul",
    "ar": "arabic árabe arabe* arabo arabisch* арабск* arabsk* arapça",
    "hi": "hindi* хинди",
    "ur": "urdu*",
    "bn": "bengali bangla",
    "fa": "persian farsi persa persisch* персидск*",
    "tr": "turkish turco turc* türkisch* турецк* türkçe",
    "pl": "polish polaco polonais* polacco polnisch* польск* polski*",
    "uk": "ukrainian ucraniano ukrainien* ukrainisch* украинск*",
    "vi": "vietnamese vietnamita vietnamien* vietnamesisch* вьетнамск*",
    "th": "thai tailandés thaï тайск*",
    "id": "indonesian indonesio indonésien* indonesisch* индонезийск*",
    "el": "greek griego grec grecque greco grego griechisch* греческ*",
    "he": "hebrew hebreo hébreu ebraico hebräisch* иврит*",
    "la": "latin latín latein* латинск* latino",
    "sv": "swedish sueco suédois* svedese schwedisch* шведск* svensk*",
    "da": "danish danés danois* dänisch* датск* dansk*",
    "no": "norwegian noruego norvégien* norwegisch* норвежск* norsk*",
    "fi": "finnish finés finnois* finnisch* финск* suomeksi",
    "cs": "czech checo tchèque tschechisch* чешск* čeština češtin*",
    "hu": "hungarian húngaro hongrois* ungarisch* венгерск* magyar*",
    "ro": "romanian rumano roumain* rumänisch* румынск* română",
    "ca": "catalan catalán català katalanisch*",
    "sa": "sanskrit sánscrito",
    "sw": "swahili kiswahili",
    "tl": "tagalog filipino",
    "ta": "tamil",
    "te": "telugu",
    "ga": "irish gaelic",
    "cy": "welsh",
    "eo": "esperanto",
}
NAMES: dict[str, str] = {}
STEMS: dict[str, str] = {}
for _code, _names in _ALPHABETIC.items():
    for _name in _names.split():
        (STEMS if _name.endswith("*") else NAMES)[_name.rstrip("*")] = _code
SHORTEST = min(map(len, STEMS))

# Names that are of the language only: no other word need show what is meant.
_INSIDE: Mapping[str, str] = {
    "en": "英语|英語|英文|영어|ภาษาอังกฤษ|tiếng anh",
    "fr": "法语|法語|法文|フランス語|프랑스어|불어|ภาษาฝรั่งเศส|tiếng pháp",
    "de": "德语|德語|德文|ドイツ語|독일어|ภาษาเยอรมัน|tiếng đức",
    "es": "西班牙语|西班牙語|西班牙文|スペイン語|스페인어|ภาษาสเปน|tiếng tây ban nha",
    "it": "意大利语|意大利語|意大利文|イタリア語|이탈리아어",
    "pt": "葡萄牙语|葡萄牙語|葡萄牙文|ポルトガル語|포르투갈어",
    "ru": "俄语|俄語|俄文|ロシア語|러시아어|ภาษารัสเซีย|tiếng nga",
    "zh": "中文|汉语|漢語|文言文|普通话|中国語|漢文|중국어|한문|ภาษาจีน|tiếng trung",
    "ja": "日语|日語|日文|日本語|일본어|ภาษาญี่ปุ่น|tiếng nhật",
    "ko": "韩语|韓語|韩文|韓文|韓国語|한국어|ภาษาเกาหลี|tiếng hàn",
    "ar": "阿拉伯语|阿拉伯文|アラビア語|아랍어",
    "hi": "印地语|ヒンディー語|힌디어",
    "la": "拉丁语|拉丁文|ラテン語|라틴어",
    "el": "希腊语|希腊文|ギリシャ語|그리스어",
    "vi": "越南语|越南文|ベトナム語|베트남어|tiếng việt",
    "th": "泰语|泰文|タイ語|태국어|ภาษาไทย",
}
INSIDE = re.compile("|".join(f"(?P<{code}>{names})" for code, names in _INSIDE.items()))

# Arabic and Hindi names, which are adjectives too, and may have article and preposition written with them.
_ADJECTIVES: Mapping[str, str] = {
    "en": "نجليزية|अंग्रेज़ी|अंग्रेज़ी|अंग्रेजी|इंग्लिश",
    "fr": "فرنسية|फ़्रेंच|फ़्रेंच|फ्रेंच|फ्रांसीसी",
    "de": "لمانية|जर्मन",
    "es": "سبانية|स्पेनिश",
    "it": "يطالية|इतालवी",
    "pt": "برتغالية|पुर्तगाली",
    "ru": "روسية|रूसी",
    "zh": "صينية|चीनी",
    "ja": "يابانية|जापानी",
    "ko": "كورية|कोरियाई",
    "ar": "عربية|अरबी",
    "hi": "هندية|हिंदी|हिन्दी",
    "ur": "أردية|उर्दू",
    "tr": "تركية|तुर्की",
    "fa": "فارسية|فارسی|फ़ारसी",
    "sa": "संस्कृत",
}
ADJECTIVES = re.compile("|".join(f"(?P<{code}>{names})" for code, names in _ADJECTIVES.items()))
ADJECTIVES_MEANT = re.compile("ترجم|لغة|كلمة|معنى|جملة|अनुवाद|भाषा|शब्द|वाक्य|अर्थ|(?:ी|ेंच|श|न|ू|त) में")

# Beginnings of words for translating: what is translated, and into what, may be anything.
TRANSLATE = tuple(
    """translat traduc tradui traduz tradur tradut übersetz vertaal vertal tłumacz przetłumacz перевед перевод перевест översätt oversæt oversett çevir terjemah dịch μεταφρ fordít přelož prelož
    traducere käänn""".split()  # noqa: SIM905
)
TRANSLATE_INSIDE = re.compile("翻[译譯訳]|번역|[和英中]訳|[译譯][成为為]|ترجم|अनुवाद|แปล")
# Beginnings of words that, beside the name of a language, show that the language is meant.
_MEANT = """language langue idioma lengua lingua sprache язык jazyk język bahasa γλώσσ språk sprog kieli nyelv limb word phras sentence verb noun adjectiv mot palabra frase parola palavra wort wört satz sätze слов
    предложен фраз słow zdan mean signif bedeut heißt означа значит pronounc pronunci prononc aussprech ausspr произн speak spoke parl habl sprech говор grammar gramm gramát грамма vocab conjug
    konjug declens proverb idiom etymolog spell alphabet accent dialect transliterat romaniz romanis subtitle loanword haiku"""
MEANT = tuple(_MEANT.split())
# After these words a name is that of the language: "in French", "auf Deutsch", "на английский".
BEFORE = frozenset("in into to from en em al au del du do auf ins aus на по с w po på till til från fra dalam ke ing στα".split())  # noqa: SIM905
_ENGLISH_BEFORE = "in into to from"
ADJECTIVE_MAY_FOLLOW = frozenset(_ENGLISH_BEFORE.split())
AFTER = frozenset(
    "and or for of about please with using only the to that is are by as then without so when while i you if but not et y und e o i и".split()  # noqa: SIM905
)
# Between the names of a list.
JOINS = frozenset(", 、 / & and or y o u et ou und oder e и или".split())  # noqa: SIM905
