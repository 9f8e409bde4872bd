"""Questions, each with a light rewording (a few words), a heavy one (told anew), one with other numbers or names, and one about the same things that asks for something else. All were written for this file."""

from typing import NamedTuple


class Quintet(NamedTuple):
    """A question and four others."""

    question: str
    light: str
    heavy: str
    renumbered: str
    unrelated: str


QUINTETS = (
    Quintet(
        "A bakery sells 48 muffins in the morning and half as many in the afternoon. If each muffin costs $3, how many dollars does the bakery earn from muffins that day?",
        "A bakery sells 48 muffins in the morning and half that number in the afternoon. If every muffin costs $3, how many dollars does the bakery earn from muffins on that day?",
        "In the morning 48 muffins are sold at a bakery, and in the afternoon half as many again are. What does the bakery earn that day from muffins, in dollars, at $3 a muffin?",
        "A bakery sells 72 muffins in the morning and half as many in the afternoon. If each muffin costs $5, how many dollars does the bakery earn from muffins that day?",
        "A bakery bakes muffins on trays that hold 12 each. On Monday it used 7 trays, on Tuesday twice as many. How many muffins did the bakery bake over the two days?",
    ),
    Quintet(
        "Let f be a polynomial of degree 4 with leading coefficient 1 such that f(1) = 3, f(2) = 6, f(3) = 9 and f(4) = 12. Find the value of f(5).",
        "Suppose f is a polynomial of degree 4 whose leading coefficient is 1 such that f(1) = 3, f(2) = 6, f(3) = 9 and f(4) = 12. Determine the value of f(5).",
        "A monic quartic f takes the values 3, 6, 9 and 12 at the points 1, 2, 3 and 4. Which value does the polynomial take at 5?",
        "Let f be a polynomial of degree 4 with leading coefficient 2 such that f(1) = 5, f(2) = 10, f(3) = 15 and f(4) = 20. Find the value of f(6).",
        "Let f be a polynomial of degree 3 with integer coefficients such that f(0) is odd and f(1) is odd. Prove that f has no integer root.",
    ),
    Quintet(
        "In triangle ABC the angle at A is 60 degrees, AB = 14 and AC = 22. Point D lies on side BC so that AD bisects the angle at A. Find the length of AD.",
        "In a triangle ABC the angle at A is 60 degrees, with AB = 14 and AC = 22. The point D lies on side BC so that AD bisects angle A. Compute the length of AD.",
        "Triangle ABC has AB = 14, AC = 22 and a 60 degree angle at A. How long is the bisector AD of that angle, where D is on BC?",
        "In triangle ABC the angle at A is 120 degrees, AB = 9 and AC = 16. Point D lies on side BC so that AD bisects the angle at A. Find the length of AD.",
        "In triangle ABC the circle with diameter BC meets side AB at D and side AC at E. If BC = 10 and DE = 6, find the angle at A in degrees.",
    ),
    Quintet(
        "How many positive integers less than 2000 are divisible by 6 or by 15 but not by both?",
        "How many positive integers smaller than 2000 are divisible by 6 or by 15, but not by both of them?",
        "Count the integers from 1 to 1999 that exactly one of the numbers 6 and 15 divides.",
        "How many positive integers less than 5000 are divisible by 4 or by 14 but not by both?",
        "How many positive integers less than 2000 have the property that the sum of their digits is divisible by 9?",
    ),
    Quintet(
        "A train leaves the city at 9:00 travelling east at 80 kilometers per hour. A second train leaves the same city at 10:30 travelling east at 110 kilometers per hour. At what time does the second train catch up with the first?",
        "A train leaves the city at 9:00 heading east at 80 kilometers per hour. Another train leaves the same city at 10:30 heading east at 110 kilometers per hour. At what time will the second train catch up with the first one?",
        "Two trains go east from one city: the first at 9:00 with a speed of 80 kilometers per hour, the second at 10:30 with 110. When is the first train caught by the second?",
        "A train leaves the city at 7:15 travelling east at 60 kilometers per hour. A second train leaves the same city at 8:45 travelling east at 95 kilometers per hour. At what time does the second train catch up with the first?",
        "A train 240 meters long passes a signal post in 12 seconds and a bridge in 30 seconds, at constant speed. How many meters long is the bridge?",
    ),
    Quintet(
        "You are given a list of n intervals on a line. Write a function that returns the largest number of intervals that can be chosen so that no two of them overlap.",
        "You are given a list of n intervals on a line. Implement a function returning the largest number of intervals that can be selected so that no two of them overlap.",
        "Given intervals on a line, how many of them can be picked at most without any two overlapping? Write a function that takes the list and returns that number.",
        "You are given a list of n segments on a circle. Write a function that returns the smallest number of segments that can be chosen so that all of them overlap.",
        "You are given a list of n meetings with start and end times. Write a function that merges the meetings that touch and returns the merged list, sorted by start time.",
    ),
    Quintet(
        "Given a string s of lower case letters, return the length of the longest substring in which each letter appears at most twice.",
        "Given a string s made of lower case letters, return the length of its longest substring in which every letter appears at most twice.",
        "For a string of lower case letters, find the longest substring with no letter in it more than twice, and return how long it is.",
        "Given a string s of upper case letters, return the length of the longest substring in which each letter appears at most k times.",
        "Given a string s of lower case letters, return all of its anagrams that are palindromes, in alphabetical order, without repeating any.",
    ),
    Quintet(
        "Which enzyme unwinds the DNA double helix at the replication fork, and which protein keeps the separated strands from pairing again?",
        "Which enzyme unwinds the double helix of DNA at the replication fork, and which protein prevents the separated strands from pairing again?",
        "At a replication fork the strands of DNA are separated and kept from pairing again. Name the enzyme that unwinds the double helix and the protein that does the latter.",
        "Which enzyme seals the RNA fragments at the replication fork, and which protein keeps the leading strand from folding again?",
        "Which enzyme adds the RNA primer from which DNA polymerase starts, and why can the lagging strand only be made in fragments?",
    ),
    Quintet(
        "A solution is made by dissolving 11.7 g of sodium chloride in enough water to make 500 mL. What is the molarity of the solution? The molar mass of sodium chloride is 58.5 g/mol.",
        "A solution is prepared by dissolving 11.7 g of sodium chloride in enough water to make 500 mL. What is the molarity of this solution? (The molar mass of sodium chloride is 58.5 g/mol.)",
        "Sodium chloride has a molar mass of 58.5 g/mol. If 11.7 g of it are dissolved and water is added up to 500 mL, which molarity has the solution?",
        "A solution is made by dissolving 8.5 g of sodium nitrate in enough water to make 250 mL. What is the molarity of the solution? The molar mass of sodium nitrate is 85.0 g/mol.",
        "How many mL of a 2.5 M solution of sodium chloride must be diluted with water to make 500 mL of a 0.4 M solution?",
    ),
    Quintet(
        "An urn holds 5 red, 4 blue and 3 green balls. Three balls are drawn at random without replacement. What is the probability that all three have different colours?",
        "An urn contains 5 red, 4 blue and 3 green balls. Three balls are drawn randomly without replacement. What is the probability that all three are of different colours?",
        "Three balls are taken at random, without replacement, from an urn with 5 red, 4 blue and 3 green ones. How probable is it that the colours of the three are all different?",
        "An urn holds 7 red, 2 blue and 6 green balls. Three balls are drawn at random without replacement. What is the probability that all three have different colours?",
        "An urn holds red and blue balls. When two are drawn at random without replacement, the probability that both are red is 1/2. What is the least possible number of balls?",
    ),
    Quintet(
        "一个长方形的周长是36厘米，长是宽的两倍。求这个长方形的面积是多少平方厘米？",
        "一个长方形的周长为36厘米，它的长是宽的两倍。求这个长方形的面积是多少平方厘米？",
        "已知长方形的长是宽的两倍，周长36厘米，它的面积是多少平方厘米？",
        "一个长方形的周长是48厘米，长是宽的三倍。求这个长方形的面积是多少平方厘米？",
        "一个正方形的面积是36平方厘米，把它剪成两个一样大的长方形，每个长方形的周长是多少厘米？",
    ),
    Quintet(
        "Anna, Ben and Clara each have a different pet: a cat, a dog or a parrot. Anna is allergic to fur. Ben does not have the dog. Who owns the cat?",
        "Anna, Ben and Clara each own a different pet: a cat, a dog or a parrot. Anna is allergic to fur. Ben doesn't have the dog. Who has the cat?",
        "Three friends, Anna, Ben and Clara, own a cat, a dog and a parrot, one each. Fur makes Anna sneeze since she is allergic, and the dog is not Ben's. Whose is the cat?",
        "Dora, Emil and Farid each have a different drink: a tea, a coffee or a juice. Dora is allergic to milk. Emil does not have the coffee. Who has the tea?",
        "Anna, Ben and Clara are a doctor, a lawyer and a teacher. Ben is older than the teacher, and the doctor is the youngest. Anna is no lawyer. Who is the doctor?",
    ),
)
