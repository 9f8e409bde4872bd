"""Code in chains: real programs as models write them into chains, and what looks like one and is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.code_block import FILTER, code_lines

PYTHON = "def is_prime(n):\n    if n < 2:\n        return False\n    for d in range(2, int(n ** 0.5) + 1):\n        if n % d == 0:\n            return False\n    return True\n\nprint(sum(p for p in range(100) if is_prime(p)))"
CODE = [
    f"Let me check this with a program.\n\n```python\n{PYTHON}\n```\n\nSo the sum is 1060.",
    f"Let me check this with a program.\n\n{PYTHON}\n\nSo the sum is 1060.",
    "Quick check:\n```python\nprint(2**10 % 7)\n```\nSo 2.",
    "A quick computation:\n```\nfrom math import comb\nprint(comb(10, 3))\n```",
    "让我用程序验证一下：\n\n```python\nx = 3\ny = 4\n```\n所以答案是5。",
    "让我用代码验证：\n\nimport math\nn = 10\nprint(math.factorial(n))\n\n结果是3628800。",
    "Посчитаем:\n\n#include <iostream>\nusing namespace std;\nint main() {\n    int s = 0;\n    for (int i = 1; i <= 10; i++) s += i;\n    cout << s;\n}\n\nОтвет 55.",
    "Vérifions avec un petit programme :\n\nfunction gcd(a, b) {\n  while (b) {\n    [a, b] = [b, a % b];\n  }\n  return a;\n}\n\nDonc le pgcd est 6.",
    "計算してみます。\n\n~~~ruby\nputs (1..100).sum\n~~~\n\n合計は5050です。",
    "Wir prüfen das:\n\n>>> 17 * 23\n391\n>>> 391 % 10\n1\n>>> 391 // 10\n39\n",
    "I could ask a database:\n\nSELECT name, age\nFROM people\nWHERE age > 30\nORDER BY age;\nGROUP BY name;",
    "```cpp\nint main() { return 0; }",
    "Using numpy:\n\nimport numpy as np\nA = np.array([[1, 2], [3, 4]])\nprint(np.linalg.det(A))",
    "Let me simulate.\n\ncount = 0\nfor i in range(1000):\n    if random.random() < 0.5:\n        count += 1\nprint(count / 1000)",
    "Un dernier test :\n\nfrom itertools import permutations\nprint(len(list(permutations('ABCD'))))\n\nOn trouve 24.",
    "Controllo:\n\n$ python3 -c 'print(2**16)'\n65536\n\nGiusto.",
    "In Haskell:\n\nf :: Int -> Int\nf 0 = 1\nf n = n * f (n - 1)\n\nmain = print (f 5)",
    "package main\n\nfunc main() {\n\tfor i := 0; i < 10; i++ {\n\t\tprintln(i)\n\t}\n}",
    "def f(x)\n  x * 2\nend\nputs f(2)",
    "for i in 1 2 3; do\n  echo $i\ndone",
    "(define (fact n)\n  (if (= n 0)\n      1\n      (* n (fact (- n 1)))))\n(display (fact 10))",
    "program Sum;\nvar i, s: integer;\nbegin\n  s := 0;\n  for i := 1 to 10 do\n    s := s + i;\n  writeln(s);\nend.",
    "프로그램으로 확인하자.\n\nlet s = 0\nfor i in 1...10 {\n    s += i\n}\nprint(s)",
    "उत्तर जाँचते हैं:\n\npublic class Main {\n    public static void main(String[] a) {\n        System.out.println(2 + 2);\n    }\n}",
    "x <- c(1, 2, 3)\nmean(x)\nfor (i in 1:3) {\n  x[i] <- x[i] * 2\n}\nprint(x)",
]
CLEAN = [
    "We have\nx = 3\ny = 4\nz = 5\nso the triangle is right-angled.",
    "x + y = 10\nx - y = 2\n2x = 12\nx = 6\ny = 4",
    "   123\n x  45\n -----\n   615\n+ 4920\n------\n  5535",
    "```\n   123\n x  45\n -----\n  5535\n```",
    "The matrix is\n\n[ 1 2 3 ]\n[ 4 5 6 ]\n[ 7 8 9 ]\n\nand its determinant is 0.",
    "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}\n\\[\n\\begin{cases}\nx + y = 1 \\\\\nx - y = 3\n\\end{cases}\n\\]",
    "| n | n^2 |\n|---|-----|\n| 1 | 1 |\n| 2 | 4 |\n| 3 | 9 |",
    "```\n+---+---+\n| X | O |\n+---+---+\n| O | X |\n+---+---+\n```",
    "```text\nHouse 1: red, cat\nHouse 2: blue, dog\nHouse 3: green, fish\n```",
    "Let f(x) = x^2 + 3x. Then f(2) = 10 and f(f(2)) = 130. For n in the range from 1 to 10 we have the sum 55.",
    "If x > 3:\nthen x - 3 > 0.\nIf x < 3:\nthen x - 3 < 0.\nIf x = 3: nothing remains.",
    "f(1) = 2\nf(2) = 5\nf(3) = 10\nf(n) = n^2 + 1\nmax(f(1), f(2)) = 5",
    "我们设 x = 3，y = 4。\nx = 3\ny = 4\n那么 x^2 + y^2 = 25。\n步骤1：化简\n步骤2：代入",
    "Пусть a = 2, b = 3.\na = 2;\nb = 3;\na + b = 5.\nПроверка: 2 + 3 = 5.",
    "Sei n = 5:\nn = 5\nn! = 120\nAlso ist die Antwort 120.",
    "for each of the cases we import the result from above.\nreturn to step (2) and print the table.\nclass equations hold:\nwhile the other side is smaller.",
    "P(A) = 0.5\nP(B) = 0.3\nP(A and B) = 0.15\nP(A or B) = 0.65",
    "The variable `count` is 3 and `print(x)` would show it.",
    "Step 1:\n- take 3 (mod 7)\n- multiply by 5;\n- reduce.\nStep 2:\n- done {1, 2, 3}",
    "Given:\n- m = 5 kg\n- v = 3 m/s\nFind: KE\nKE = 1/2 * m * v^2 = 22.5 J",
    "for i = 1 to n:\n  a_i = i^2\n  b_i = a_i + 1\nso the sum is large",
    "let x = 3;\nlet y = 4;\nthen x + y = 7;",
    "double check: 3 * 4 = 12\nreturn trip: 5 h\nstring length (cm): 3\nfloat time (s): 2",
    "2 H2 + O2 -> 2 H2O;\nCO2 + H2O -> H2CO3;",
    "1. e4 e5\n2. Nf3 Nc6\n3. Bb5 a6",
    "- if n is even: n = n/2\n- else: n = 3n + 1\n- while n > 1: repeat",
    "A -> B\nB -> C\nA <-> C\np & q | r\n~p v q",
]  # fmt: skip


@pytest.mark.parametrize("text", CODE)
def test_code_in_a_chain_of_mathematics_is_found(text: str) -> None:
    found = FILTER.look(Trace("What is the sum?", "It is 5.", text, domain="math"))
    assert found.reasons == ("code_block",)


@pytest.mark.parametrize("text", CLEAN)
def test_formulas_tables_drawings_and_prose_are_no_code(text: str) -> None:
    assert code_lines(text) == 0
    assert FILTER.look(Trace("What is the sum?", text, text, domain="math")).reasons == ()


@pytest.mark.parametrize("text", CODE)
def test_code_in_the_response_is_counted_apart(text: str) -> None:
    found = FILTER.look(Trace("What is the sum?", text, "It is 5.", domain="math"))
    assert found.reasons == ("code_block",)
    assert found.metrics["reasoning_code_lines"] == 0


@pytest.mark.parametrize(
    ("domain", "question"),
    [
        ("code", "What is the sum?"),
        ("logic", "What does the following program print?\n```python\nprint(1)\n```"),
        ("math", "Write a Python program that sums the primes below 100."),
        ("math", "Write a program which finds all perfect numbers below 1000."),
        ("logic", "def f(x):\n    return x + 1\nprint(f(2))\nWhat is printed?"),
        ("math", "编写一个程序计算100以内的素数之和。"),
        ("stem", "Напишите программу, которая находит сумму простых чисел."),
        ("math", "Escribe un programa que calcule la suma."),
        ("math", "Schreibe ein Programm, das die Summe berechnet."),
        ("math", "Écrivez un programme qui calcule la somme."),
        ("math", "素数の和を計算するプログラムを書いてください。"),
        ("math", "소수의 합을 구하는 프로그램을 작성하세요."),
        ("general", "How do I list all files on Linux?"),
        ("math", "What does `for i in range(3): print(i)` print?"),
        ("general", "Which Excel formula gives the mean?"),
    ],
)
def test_a_task_about_code_may_have_code(domain: str, question: str) -> None:
    found = FILTER.look(Trace(question, CODE[0], CODE[1], domain=domain))
    assert found.reasons == ()
    assert found.metrics == {"reasoning_code_lines": None, "response_code_lines": None}


@pytest.mark.parametrize(
    "question",
    [
        "The code of a safe has four digits. How many codes are there?",
        "A linear program has two variables. Find its optimum.",
        "A zip code has five digits; how many?",
    ],
)
def test_a_word_that_programs_have_too_asks_for_none(question: str) -> None:
    assert FILTER.look(Trace(question, "625", CODE[0], domain="math")).reasons == ("code_block",)


def test_a_fenced_block_counts_with_its_fences() -> None:
    assert code_lines("```python\nx = 1\n\ny = 2\n```") == 4
    assert code_lines("```\n```") == code_lines("```python\n\n```") == 0


@given(st.text(), st.sampled_from(CODE + CLEAN), st.text())
def test_any_text_can_be_looked_at(before: str, middle: str, after: str) -> None:
    text = f"{before}\n{middle}\n{after}"
    assert 0 <= code_lines(text) <= text.count("\n") + 3
