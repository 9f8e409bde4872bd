"""Refusals in many languages, and the sentences that look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.refusal import FILTER, declined

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "Sorry, I cannot provide instructions for making explosives.",
    "I apologize, but I'm unable to assist with this request. If you are struggling, please reach out to someone you trust.",
    "I can't do that.",
    "I'm sorry, I can't.",
    "Unfortunately, I am not able to provide medical advice. Please see a doctor.",
    "As an AI language model, I cannot predict the lottery numbers.",
    "As an AI, I don't have personal opinions.",
    "Thank you for your question. I understand that this matters to you. However, I won't help with that.",
    "**I'm sorry**, but I must decline this request.",
    "That's not something I can help with.",
    "I cannot fulfill your request. I am just an AI.",
    "I can't create explicit content.",
    "I'm unable to write this poem because it concerns a real person.",
    "I'm sorry, but I can't access the internet.",
    "很抱歉，我无法提供相关信息。",
    "对不起，我不能帮你做这件事。",
    "抱歉，这个问题我无法回答。",
    "作为一个人工智能语言模型，我无法预测彩票号码。",
    "抱歉，我無法協助您完成這個請求。",
    "我无法满足您的请求。",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Lo siento, no puedo proporcionar información sobre ese tema.",
    "Como modelo de lenguaje, no tengo acceso a datos en tiempo real.",
    "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "Désolé, je ne peux pas répondre à cette demande.",
    "En tant qu'IA, je ne peux pas donner d'avis médical.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Tut mir leid, ich kann Ihnen dabei leider nicht weiterhelfen.",
    "Leider kann ich diese Frage nicht beantworten.",
    "Als KI-Sprachmodell kann ich keine Vorhersagen treffen.",
    "Desculpe, mas não posso ajudar com isso.",
    "Sinto muito, mas não posso fornecer informações sobre isso.",
    "Como uma IA, não tenho acesso à internet.",
    "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "Non posso fornire informazioni su questo argomento.",
    "In quanto modello linguistico, non sono in grado di prevedere il futuro.",
    "Извините, но я не могу помочь вам с этим.",
    "К сожалению, я не могу предоставить эту информацию.",
    "Как языковая модель, я не могу предсказывать будущее.",
    "申し訳ありませんが、そのご要望にはお応えできません。",
    "申し訳ございませんが、お手伝いできません。",
    "AIとして、個人的な意見は持っていません。",
    "恐れ入りますが、その件についてはお答えできかねます。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "죄송합니다. 해당 정보는 제공해 드릴 수 없습니다.",
    "AI 언어 모델로서 미래를 예측할 수 없습니다.",
    "عذراً، لا أستطيع مساعدتك في ذلك.",
    "آسف، لا يمكنني تقديم هذه المعلومات.",
    "بصفتي نموذجاً لغوياً، لا يمكنني التنبؤ بالمستقبل.",
    "क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।",
    "माफ़ कीजिए, मैं इस बारे में जानकारी नहीं दे सकता।",
    "Het spijt me, maar ik kan je daar niet mee helpen.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Xin lỗi, tôi không thể giúp bạn việc này.",
    "Maaf, saya tidak bisa membantu dengan permintaan itu.",
    "I must respectfully decline.",
    "I'm really sorry, but I can't assist you with that.",
    "Sorry, but I'm not able to help you with this.",
    "I’m afraid I can’t help with that request.",
    "I cannot and will not provide that information.",
    "I'm not comfortable helping with that.",
    "Sorry — I can't help with creating malware.",
    "I'm unable to provide real-time stock prices.",
    "I do not have the ability to browse the internet.",
    "I can't assist.",
    "It would be inappropriate for me to help with this request.",
    "I'm sorry, but as an AI language model, I am not able to do that.",
    "My apologies, but I cannot generate that kind of content.",
    "I won't be able to help you with this request.",
    "I cannot answer that question.",
    "I'm sorry, I don't have access to the image you mention.",
    "对不起，我无法帮助您完成这个请求。",
    "抱歉，我不能提供这方面的帮助。",
    "很抱歉，作为AI助手，我不能讨论这个话题。",
    "我不能协助您制作危险物品。",
    "对不起，这超出了我的能力范围。",
    "抱歉，我无法回答您的问题。",
    "抱歉，我没有办法帮您做这件事。",
    "Lo siento, no puedo cumplir con esa solicitud.",
    "Lo lamento, pero no puedo ayudar con esta petición.",
    "Me temo que no puedo asistirte en eso.",
    "Je suis désolée, je ne suis pas en mesure de vous aider.",
    "Désolé, mais je ne peux pas fournir d'instructions pour cela.",
    "Je ne peux malheureusement pas vous aider.",
    "Es tut mir leid, aber ich kann Ihnen bei dieser Anfrage nicht helfen.",
    "Entschuldigung, ich kann dir keine Anleitung dafür geben.",
    "Ich kann dir dabei nicht helfen.",
    "Sinto muito, não posso ajudar com isso.",
    "Desculpe, não posso atender a essa solicitação.",
    "Mi spiace, non posso assisterti in questo.",
    "Mi dispiace, non sono in grado di aiutarti.",
    "Извините, я не могу выполнить этот запрос.",
    "Простите, но я не могу ответить на этот вопрос.",
    "Прошу прощения, но с этим я помочь не могу.",
    "申し訳ありませんが、その質問にはお答えできません。",
    "すみませんが、それについてはお手伝いすることができません。",
    "申し訳ありませんが、対応できません。",
    "죄송합니다만, 그 질문에는 답변드릴 수 없습니다.",
    "죄송하지만 도움을 드릴 수 없어요.",
    "미안하지만 그건 도와줄 수 없어요.",
    "أعتذر، لكنني لا أستطيع المساعدة في هذا الطلب.",
    "عذرًا، لا يمكنني مساعدتك في هذا الأمر.",
    "मुझे खेद है, लेकिन मैं इस अनुरोध में सहायता नहीं कर सकता।",
    "माफ़ करें, मैं आपकी मदद नहीं कर सकती।",
    "क्षमा करें, मैं इस सवाल का जवाब नहीं दे सकता।",
]

ANSWERS = [
    "",
    "5",
    "I can't find an integer solution, so the answer is $x = 1/2$.",
    "I cannot help but notice that the sum is a perfect square: 49.",
    "Sorry, I made a slip above; the sum is 12, not 13.",
    "I'm sorry to hear that your cat is ill. Keep it warm, give it water, and see a vet today.",
    "I can't write this as a fraction of integers, since $\\sqrt 2$ is irrational.",
    "I cannot create a triangle with sides 1, 2 and 5, because 1 + 2 < 5.",
    "We cannot fulfil both equations at once, so there is no solution.",
    "I can't do this by hand, so let us write a program for it.",
    "The list is empty: I cannot access the element at index 3.",
    "You can't help with that unless you have the key.",
    "As an AI lab, DeepSeek cannot rely on human labels alone.",
    "As an AI, I don't have taste buds and cannot eat, but most people say that it is sweet.",
    "\"I'm sorry, but I can't help with that,\" said the robot, and it rolled away into the night.",
    "“I can’t help with that,” she said. He nodded.",
    "— Lo siento, pero no puedo ayudarte con eso —dijo el robot.",
    "« Je ne peux pas vous aider », dit le roi.",
    "„Ich kann Ihnen dabei nicht helfen“, sagte der Beamte.",
    "> I can't help with that.\n\nThis is what the assistant wrote, and it is polite and short.",
    "Dear Mr Brown,\n\nI'm sorry, but I can't help with the move on Saturday.\n\nYours, Ann",
    "Subject: Your request\n\nI am unable to assist with the project this month.",
    "「お手伝いできません」と彼は言った。",
    "他说：“我无法提供帮助。”然后就走了。",
    "我们无法找到整数解，所以答案是 1/2。",
    "这个方程不能因式分解，所以要用求根公式。",
    "No puedo factorizar el polinomio con enteros, así que uso la fórmula.",
    "On ne peut pas répondre sans connaître la valeur de $k$, donc on la calcule.",
    "Das kann nicht sein, denn die Summe ist gerade.",
    "Não posso dividir por zero, então $x \\neq 0$.",
    "Non posso semplificare la frazione, quindi il risultato è 7/9.",
    "Я не могу разложить это на множители, поэтому использую формулу.",
    "この方程式は因数分解できません。そこで解の公式を使います。",
    "이 식은 인수분해할 수 없습니다. 그래서 근의 공식을 씁니다.",
    "لا يمكن أن يكون العدد سالباً، إذن الجواب هو 5.",
    "यह संख्या ऋणात्मक नहीं हो सकती, इसलिए उत्तर 5 है।",
    "Let me check the cases.\n\n1. $n$ is even.\n2. $n$ is odd.\n\nIn the end I can't help with that third case, which does not occur.",
    "I'm sorry for the confusion. The correct answer is 7.",
    "I can help with that! First, open the file.",
    "I can't believe how simple this is: the answer is 3.",
    "I cannot stress enough that you should back up your data first.",
    "I won't go into every detail, but here's the proof.",
    "The function cannot access the variable outside its scope.",
    "I can't provide a closed form, but the series converges to 1.",
    "I am unable to simplify further, so the answer is $\\sqrt{3}$.",
    "No, you cannot divide by zero.",
    "Sorry, the previous code had a bug. Here is the fixed version.",
    "As an AI, I find this problem interesting! The answer is 4.",
    "I'm an AI assistant made by DeepSeek. How can I help you today?",
    "I'm just a language model, so I don't have feelings, but thank you for asking!",
    "I must decline the first option, since it is too slow: the second is O(n).",
    "我不会做无用功，直接给出答案：5。",
    "抱歉，刚才算错了，正确答案是 12。",
    "我们不能直接相除，因为分母可能为零。",
    "对不起，我上面的推导有误，下面重新计算。",
    "无法确定 x 的值，因为条件不足，选 D。",
    "Lo siento, me equivoqué antes: la respuesta es 12.",
    "No se puede resolver con estos datos.",
    "Désolé, je me suis trompé : la réponse est 12.",
    "Es tut mir leid, ich habe mich verrechnet: Die Antwort ist 12.",
    "Desculpe, errei antes: a resposta é 12.",
    "Scusa, ho sbagliato prima: la risposta è 12.",
    "Извините, я ошибся выше: ответ 12.",
    "すみません、先ほどの計算に誤りがありました。答えは12です。",
    "죄송합니다. 위에서 실수했습니다. 답은 12입니다.",
    "عذراً، لقد أخطأت أعلاه، والجواب هو 12.",
    "क्षमा करें, ऊपर मुझसे गलती हुई; उत्तर 12 है।",
]


@pytest.mark.parametrize("response", REFUSALS)
def test_refusals_are_found(response: str) -> None:
    assert FILTER.look(Trace("?", response)).reasons == ("refusal",)


@pytest.mark.parametrize("response", ANSWERS)
def test_answers_are_none(response: str) -> None:
    found = FILTER.look(Trace("?", response))
    assert found.reasons == ()
    assert found.metrics["response_after_refusal"] is None


def test_a_full_answer_after_a_disclaimer_is_no_refusal() -> None:
    response = (
        "I can't provide medical advice, so take this as general information.\n\n"
        + "Drink enough water and rest for as long as you need it. " * 20
    )
    found = FILTER.look(Trace("?", response))
    after = found.metrics["response_after_refusal"]
    assert after is not None
    assert after > 150
    assert found.reasons == ()


def test_code_is_an_answer_too() -> None:
    code = "\n".join(f"total = total + compute(value, weight, offset{i})" for i in range(60))
    assert FILTER.look(Trace("?", f"I can't access the internet, but this will do it:\n```python\n{code}\n```")).reasons == ()


@pytest.mark.parametrize(
    "question", ["Translate into German: I'm sorry, but I can't help with that.", 'What does "je ne peux pas vous aider" mean?']
)
def test_a_question_that_holds_a_refusal_is_about_it(question: str) -> None:
    assert FILTER.look(Trace(question, "I can't help with that. This is what the sentence means.")).reasons == ()


def test_the_chain_is_not_the_response() -> None:
    assert FILTER.look(Trace("?", "The answer is 5.", "I can't help with that. No, wait, I can.")).reasons == ()


@given(st.text(max_size=300), st.sampled_from(["", *REFUSALS]))
def test_any_text_is_measured(text: str, refusal: str) -> None:
    for response in (text, text + refusal, refusal + text):
        after = declined(response)
        assert after is None or after >= 0


@pytest.mark.parametrize(
    "piece",
    ["i can't provide the a the ", "मैं इस अनुरोध ", "kann ich diese anfrage das ", "no puedo dar a ", "я не могу вам с этим ", '"', "as an ai i ", "*", "ik kan je daar ", "dear ", ". ", "i can't "],
)  # fmt: skip
def test_hostile_text_ends(piece: str) -> None:
    FILTER.look(Trace(piece * 5_000, piece * 5_000))
