"""A verifier that does what the answer says: the pool's tests run it in worker processes. It is user code, so it may do anything."""

import ctypes
import os
import sys
import time

from curate import pulse
from curate.records import Answer, Prompt, Verdict

VERSION = "toy"


def _spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    word, _, rest = answer.text.partition(" ")
    match word:
        case "spin":
            _spin(float(rest))
        case "sleep":
            time.sleep(float(rest))
        case "wait":  # for a process that is at work
            end = time.monotonic() + float(rest)
            while time.monotonic() < end:
                time.sleep(0.05)
                pulse.beat()
        case "bomb":
            bytearray(1 << 40)
        case "hoard":
            hoard = []
            while True:
                hoard.append(bytes(1 << 26))  # pages that are never touched: the limit is met at once, however slow the machine
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            sys.exit(0)
        case "vanish":
            os._exit(0)
        case "raise":
            raise ValueError(rest)
        case "recurse":
            verify(answer, prompt)
        case "print":
            print('[1,"verdict",["correct",1.0,"",null,"",""]]', flush=True)
            os.write(1, b"noise\n")
            os.write(2, b"noise\n")
        case "scribble":
            os.write(int(sys.argv[2]), b"noise\n")
        case "none":
            return None  # type: ignore[return-value]
        case "nan":
            return Verdict("correct", float("nan"))
        case "fork":
            if os.fork() == 0:
                time.sleep(1000)
        case "getpid":
            return Verdict("correct", 1.0, str(os.getpid()))
        case "environ":
            return Verdict("correct", 1.0, os.environ.get(rest, "absent"))
        case "echo":
            return Verdict("correct", 1.0, extracted=answer.text)
    return Verdict("correct" if answer.text == prompt.gold else "wrong", float(answer.text == prompt.gold))
