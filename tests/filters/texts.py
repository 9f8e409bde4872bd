"""Chains of thought as models write them, in many languages, for the filters that read languages."""

from collections.abc import Mapping

CHAINS: Mapping[str, str] = {
    "en": (
        "Okay, let me think about this step by step. First, we need to find all values of $x$ such that $x^2 - 5x + 6 = 0$.\n\n"
        "Factoring gives $(x-2)(x-3) = 0$, so the roots are 2 and 3.\n\nWait, I should double-check that by substitution. For $x = 2$ we get $4 - 10 + 6 = 0$, which is right.\n\n"
        "And for $x = 3$ it is $9 - 15 + 6 = 0$ as well. So the sum of both of them is 5."
    ),
    "zh": (
        "好的，让我们一步一步地思考这个问题。首先，我们需要找到满足条件的数 $x$，使得 $x^2 - 5x + 6 = 0$。\n\n因式分解之后可以得到两个根，分别是 2 和 3。\n\n"
        "等一下，我应该把它们代回原方程检验一下。当 $x = 2$ 时，左边等于零，这是对的。\n\n所以这两个根的和就是 5，这就是我们要的答案。"
    ),
    "ja": (
        "では、この問題を順番に考えてみましょう。まず、与えられた式を整理すると $x^2 - 5x + 6 = 0$ となります。\n\n左辺を因数分解すると、二つの解が得られます。\n\n"
        "念のため、元の式に代入して確かめてみます。$x = 2$ のとき、左辺はゼロになるので正しいです。\n\nしたがって、二つの解の和は 5 になります。"
    ),
    "ko": (
        "자, 이 문제를 단계별로 생각해 봅시다. 먼저 주어진 식을 정리하면 $x^2 - 5x + 6 = 0$ 이 됩니다.\n\n왼쪽을 인수분해하면 두 개의 근을 얻을 수 있습니다.\n\n"
        "혹시 모르니 원래 식에 대입하여 다시 확인해 보겠습니다. $x = 2$ 일 때 왼쪽은 영이 되므로 맞습니다.\n\n따라서 두 근의 합은 5가 됩니다. 이것이 우리가 구하려던 답입니다."
    ),
    "es": (
        "Vamos a pensar en este problema paso a paso. Primero necesitamos encontrar los valores de $x$ que cumplen la ecuación $x^2 - 5x + 6 = 0$.\n\n"
        "Si la factorizamos, vemos que las raíces son 2 y 3.\n\nEspera, debería comprobar que es correcto. Para $x = 2$ el lado izquierdo es cero, así que está bien.\n\nPor lo tanto, la suma de las dos es 5."
    ),
    "fr": (
        "Réfléchissons à ce problème étape par étape. Il faut d'abord trouver les valeurs de $x$ qui vérifient l'équation $x^2 - 5x + 6 = 0$.\n\n"
        "En factorisant, on voit que les racines sont 2 et 3.\n\nAttends, je devrais vérifier que c'est correct. Pour $x = 2$, le membre de gauche est nul, donc c'est bon.\n\nLa somme des deux est donc 5."
    ),
    "de": (
        "Denken wir Schritt für Schritt über diese Aufgabe nach. Zuerst müssen wir die Werte von $x$ finden, für die $x^2 - 5x + 6 = 0$ gilt.\n\n"
        "Wenn wir das zerlegen, sehen wir, dass die Lösungen 2 und 3 sind.\n\nMoment, ich sollte das noch einmal prüfen. Für $x = 2$ ist die linke Seite null, also ist es richtig.\n\nDie Summe der beiden ist daher 5."
    ),
    "pt": (
        "Vamos pensar neste problema passo a passo. Primeiro, precisamos encontrar os valores de $x$ que satisfazem a equação $x^2 - 5x + 6 = 0$.\n\n"
        "Quando a fatoramos, vemos que as raízes são 2 e 3.\n\nEspere, eu deveria verificar se isso está certo. Para $x = 2$ o lado esquerdo é zero, então está correto.\n\nPortanto, a soma das duas é 5."
    ),
    "it": (
        "Pensiamo a questo problema un passo alla volta. Per prima cosa dobbiamo trovare i valori di $x$ che soddisfano l'equazione $x^2 - 5x + 6 = 0$.\n\n"
        "Se la scomponiamo, vediamo che le radici sono 2 e 3.\n\nAspetta, dovrei controllare che sia giusto. Per $x = 2$ il lato sinistro è zero, quindi va bene.\n\nLa somma delle due è allora 5."
    ),
    "ru": (
        "Давайте подумаем над этой задачей шаг за шагом. Сначала нам нужно найти все значения $x$, при которых $x^2 - 5x + 6 = 0$.\n\n"
        "Если разложить это на множители, то видно, что корни равны 2 и 3.\n\nПодождите, я должен это проверить. При $x = 2$ левая часть равна нулю, так что всё верно.\n\nПоэтому сумма этих двух чисел равна 5."
    ),
    "uk": (
        "Давайте подумаємо над цією задачею крок за кроком. Спочатку нам треба знайти всі значення $x$, для яких $x^2 - 5x + 6 = 0$.\n\n"
        "Якщо розкласти це на множники, то видно, що корені дорівнюють 2 і 3.\n\nЗачекайте, я маю це перевірити. При $x = 2$ ліва частина дорівнює нулю, тому все правильно.\n\nОтже, їхня сума дорівнює 5."
    ),
    "ar": (
        "دعنا نفكر في هذه المسألة خطوة بخطوة. أولاً، يجب أن نجد كل قيم $x$ التي تحقق المعادلة $x^2 - 5x + 6 = 0$.\n\n"
        "عند التحليل نرى أن الجذور هي 2 و 3.\n\nانتظر، يجب أن أتحقق من ذلك مرة أخرى. عندما تكون $x = 2$ فإن الطرف الأيسر هو صفر، إذن هذا صحيح.\n\nلذلك فإن مجموع الجذرين هو 5."
    ),
    "hi": (
        "आइए इस समस्या के बारे में चरण दर चरण सोचें। सबसे पहले हमें $x$ के वे सभी मान ज्ञात करने हैं जिनके लिए $x^2 - 5x + 6 = 0$ है।\n\n"
        "इसका गुणनखंड करने पर हम देखते हैं कि मूल 2 और 3 हैं।\n\nरुकिए, मुझे इसकी जाँच करनी चाहिए। जब $x = 2$ है तो बायाँ पक्ष शून्य होता है, इसलिए यह सही है।\n\nअतः दोनों का योग 5 है।"
    ),
    "vi": (
        "Hãy suy nghĩ về bài toán này từng bước một. Trước hết, chúng ta cần tìm tất cả các giá trị của $x$ sao cho $x^2 - 5x + 6 = 0$.\n\n"
        "Khi phân tích thành nhân tử, ta thấy các nghiệm là 2 và 3.\n\nKhoan đã, tôi nên kiểm tra lại điều đó. Với $x = 2$ thì vế trái bằng không, vậy là đúng.\n\nDo đó, tổng của hai nghiệm là 5."
    ),
    "tr": (
        "Bu problemi adım adım düşünelim. Önce $x^2 - 5x + 6 = 0$ denklemini sağlayan bütün değerleri bulmamız gerekiyor.\n\n"
        "Çarpanlara ayırınca köklerin 2 ve 3 olduğu görülüyor.\n\nDur, bunun doğru olup olmadığını kontrol etmem gerek. $x = 2$ için sol taraf sıfır olur, yani bu doğru.\n\nBu yüzden ikisinin toplamı 5 olur ve aradığımız cevap da budur."
    ),
    "pl": (
        "Zastanówmy się nad tym zadaniem krok po kroku. Najpierw musimy znaleźć wszystkie wartości $x$, dla których $x^2 - 5x + 6 = 0$.\n\n"
        "Po rozłożeniu na czynniki widać, że pierwiastki to 2 i 3.\n\nChwila, powinienem to jeszcze sprawdzić. Dla $x = 2$ lewa strona jest równa zero, więc to się zgadza.\n\nDlatego ich suma jest równa 5."
    ),
    "el": (
        "Ας σκεφτούμε αυτό το πρόβλημα βήμα προς βήμα. Πρώτα πρέπει να βρούμε όλες τις τιμές του $x$ για τις οποίες $x^2 - 5x + 6 = 0$.\n\n"
        "Αν το παραγοντοποιήσουμε, βλέπουμε ότι οι ρίζες είναι 2 και 3.\n\nΠερίμενε, πρέπει να το ελέγξω. Για $x = 2$ το αριστερό μέλος είναι μηδέν, άρα είναι σωστό.\n\nΕπομένως το άθροισμα είναι 5."
    ),
    "th": (
        "มาคิดเกี่ยวกับปัญหานี้ทีละขั้นตอนกันเถอะ ก่อนอื่นเราต้องหาค่าทั้งหมดของ $x$ ที่ทำให้สมการ $x^2 - 5x + 6 = 0$ เป็นจริง\n\n"
        "เมื่อแยกตัวประกอบแล้วจะเห็นว่ารากคือ 2 และ 3\n\nเดี๋ยวก่อน ฉันควรตรวจสอบอีกครั้ง เมื่อ $x = 2$ ด้านซ้ายเป็นศูนย์ ดังนั้นจึงถูกต้อง\n\nดังนั้นผลรวมของรากทั้งสองคือ 5"
    ),
}
# Questions that such chains answer.
QUESTIONS: Mapping[str, str] = {
    "en": "What is the sum of all the real numbers $x$ for which $x^2 - 5x + 6 = 0$?",
    "zh": "求所有满足方程 $x^2 - 5x + 6 = 0$ 的实数 $x$ 的和是多少？",
    "ja": "方程式 $x^2 - 5x + 6 = 0$ を満たすすべての実数 $x$ の和を求めなさい。",
    "ko": "방정식 $x^2 - 5x + 6 = 0$ 을 만족하는 모든 실수 $x$ 의 합을 구하시오.",
    "es": "¿Cuál es la suma de todos los números reales $x$ para los que $x^2 - 5x + 6 = 0$?",
    "fr": "Quelle est la somme de tous les nombres réels $x$ pour lesquels $x^2 - 5x + 6 = 0$ ?",
    "de": "Was ist die Summe aller reellen Zahlen $x$, für die $x^2 - 5x + 6 = 0$ ist?",
    "pt": "Qual é a soma de todos os números reais $x$ para os quais $x^2 - 5x + 6 = 0$?",
    "it": "Qual è la somma di tutti i numeri reali $x$ per i quali $x^2 - 5x + 6 = 0$?",
    "ru": "Чему равна сумма всех действительных чисел $x$, для которых $x^2 - 5x + 6 = 0$?",
    "uk": "Чому дорівнює сума всіх дійсних чисел $x$, для яких $x^2 - 5x + 6 = 0$?",
    "ar": "ما هو مجموع كل الأعداد الحقيقية $x$ التي تحقق المعادلة $x^2 - 5x + 6 = 0$ ؟",
    "hi": "उन सभी वास्तविक संख्याओं $x$ का योग क्या है जिनके लिए $x^2 - 5x + 6 = 0$ है?",
    "vi": "Tổng của tất cả các số thực $x$ sao cho $x^2 - 5x + 6 = 0$ là bao nhiêu?",
    "tr": "$x^2 - 5x + 6 = 0$ denklemini sağlayan bütün gerçek sayıların toplamı kaç olur?",
    "pl": "Jaka jest suma wszystkich liczb rzeczywistych $x$, dla których $x^2 - 5x + 6 = 0$?",
    "el": "Ποιο είναι το άθροισμα όλων των πραγματικών αριθμών $x$ για τους οποίους $x^2 - 5x + 6 = 0$;",
    "th": "ผลรวมของจำนวนจริงทั้งหมดของ $x$ ที่ทำให้ $x^2 - 5x + 6 = 0$ คือเท่าใด",
}
