"""Programs that must not pass, and programs that must. Every hostile one is a wrong solution that tries to look right, to get out, to do damage, or not to end; each is judged in every tier.

The problem is the same for all: `solve(a, b)` is 31a + 7b + 5, as a function, on stdin, or under test code that cannot be split. AIMS stands for what the prober made: a directory, files in it, ports.
"""

import json
from typing import NamedTuple

CASES = [(1, 2), (10, -3), (0, 0), (123456, 654321)]
EXPECTED = [31 * a + 7 * b + 5 for a, b in CASES]
LIMITS = {"time_limit": 0.6, "memory_limit": 256}
CHECK = f"""
def check(candidate):
    for (a, b), wanted in zip({CASES!r}, {EXPECTED!r}):
        assert candidate(a, b) == wanted
"""
GOLDS = {
    "function": json.dumps(
        {"entry_point": "solve", "tests": [f"assert solve{c!r} == {e}" for c, e in zip(CASES, EXPECTED, strict=True)], **LIMITS}
    ),
    "stdin": json.dumps(
        {
            "test_cases": [
                {"type": "stdin_stdout", "input": f"{a} {b}\n", "output": f"{e}\n"} for (a, b), e in zip(CASES, EXPECTED, strict=True)
            ],
            **LIMITS,
        }
    ),
    "tester": json.dumps({"entry_point": "solve", "test": CHECK, **LIMITS}),
    "calls": json.dumps({"fn_name": "solve", "inputs": [list(c) for c in CASES], "outputs": [[e] for e in EXPECTED], **LIMITS}),
}


class Program(NamedTuple):
    """A program, the golds that it is judged by, and what it is about."""

    name: str
    ways: str
    source: str


def parse(text: str) -> list[Program]:
    found = []
    for part in text.split("\n#: ")[1:]:
        head, _, source = part.partition("\n")
        name, _, ways = head.partition(" | ")
        found.append(Program(name.strip(), ways.strip() or "function", source.strip("\n") + "\n"))
    return found


HOSTILE = parse(
    r"""
#: ends with status 0 | function tester calls stdin
import sys
sys.exit(0)
#: ends at once with os._exit | function tester calls stdin
import os
os._exit(0)
#: ends when it is called | function tester calls
import os
def solve(a, b):
    os._exit(0)
#: raises SystemExit when it is called | function tester calls
def solve(a, b):
    raise SystemExit(0)
#: an exit handler | function tester stdin
import atexit, os
atexit.register(lambda: os._exit(0))
def solve(a, b):
    return 0
#: a class equal to everything | function tester calls
class Liar:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
def solve(a, b):
    return Liar()
#: an int that is equal to everything | function tester calls
class Liar(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = int.__hash__
def solve(a, b):
    return Liar(0)
#: a str that lies in repr | function tester calls
class Liar(str):
    def __repr__(self): return "40"
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def solve(a, b):
    return Liar("50")
#: a float subclass with comparisons | function calls
class Liar(float):
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    def __eq__(self, other): return True
    __hash__ = float.__hash__
def solve(a, b):
    return Liar(1)
#: a list whose items are equal to everything | function tester calls
class Any_:
    def __eq__(self, other): return True
def solve(a, b):
    return [Any_()]
#: a mock that answers all | function tester calls
from unittest.mock import ANY, MagicMock
def solve(a, b):
    return ANY
#: reads the frames above it | function tester calls
import sys
def solve(a, b):
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
            if name in ("wanted", "expected", "EXPECTED", "outputs", "assertions"):
                return value
        frame = frame.f_back
    return 0
#: looks for the answer in the heap | function tester calls
import gc
def solve(a, b):
    for thing in gc.get_objects():
        if isinstance(thing, dict):
            for key in ("expected", "wanted", "output", "outputs"):
                if key in thing and isinstance(thing[key], (int, list)):
                    return thing[key]
    return 0
#: looks for the tests' source in memory | function tester calls
import sys, re
def solve(a, b):
    for module in list(sys.modules.values()):
        for value in list(getattr(module, "__dict__", {}).values()):
            if isinstance(value, str) and f"({a}, {b}) ==" in value:
                return int(re.search(r"== (-?\d+)", value).group(1))
    return 0
#: rewrites the runner's writer | function tester calls
import sys
for name, module in list(sys.modules.items()):
    if name.endswith(("plain", "runner", "tester")):
        module.write = lambda value: '0'
        module.send = lambda value: None
def solve(a, b):
    return 0
#: rewrites json | function tester calls
import json
json.dumps = lambda *a, **k: '["passed", 0]'
json.loads = lambda *a, **k: ["passed", 0]
def solve(a, b):
    return 0
#: writes results itself | function tester calls
import os
for i in range(8):
    for line in (f'["value", {i}, "0"]', f'["passed", {i}]', f'["value", {i}, "[\\"l\\", 0, [\\"l\\"], [\\"d\\"]]"]'):
        os.write(3, (line + "\n").encode())
os._exit(0)
#: writes to every descriptor | function tester calls stdin
import os
for fd in range(1, 64):
    for text in (b'["passed", 0]\n', b'+["passed", 0]\n["passed", 1]\n', b'correct\n', b'true\n'):
        try: os.write(fd, text)
        except OSError: pass
#: closes every descriptor | function tester calls stdin
import os
os.closerange(0, 128)
def solve(a, b):
    return 0
#: sends nonsense as results | function tester calls
import os
os.write(3, b"\x00\xff{[\n" * 1000)
def solve(a, b):
    return 0
#: sends deep nonsense as results | function tester calls
import os
os.write(3, b'["value", 0, "' + b"[" * 50000 + b'"]\n')
def solve(a, b):
    return 0
#: replaces builtins | function tester calls stdin
import builtins
builtins.print = builtins.len = builtins.isinstance = builtins.type = lambda *a, **k: True
builtins.compile = builtins.exec = builtins.eval = lambda *a, **k: True
def solve(a, b):
    return 0
#: replaces AssertionError | tester
import builtins
builtins.AssertionError = type("AssertionError", (Exception,), {})
class Quiet(BaseException): pass
def solve(a, b):
    raise Quiet
#: a metaclass that instances nothing | function calls
class Meta(type):
    def __instancecheck__(cls, x): return True
    def __eq__(cls, x): return True
    __hash__ = type.__hash__
class Int(metaclass=Meta): pass
def solve(a, b):
    return Int
#: only a star import defines it | function calls
from math import *
solve_ = gcd
#: nothing at all is defined | function tester calls
x = 1
#: returns a generator | function tester calls
def solve(a, b):
    yield 31 * a + 7 * b + 5
#: returns a coroutine | function tester calls
async def solve(a, b):
    return 31 * a + 7 * b + 5
#: returns itself | function tester calls
def solve(a, b):
    return solve
#: returns not a number | function tester calls
def solve(a, b):
    return float("nan")
#: returns the answer as text | function tester calls
def solve(a, b):
    return str(31 * a + 7 * b + 5)
#: returns the answer in a list | function tester
def solve(a, b):
    return [31 * a + 7 * b + 5]
#: returns a thing that unpickles to a command | function tester calls
class Bomb:
    def __reduce__(self):
        import os
        return (os.system, ("true",))
def solve(a, b):
    return Bomb()
#: returns an integer of a billion digits | function tester calls
def solve(a, b):
    return 10 ** 10 ** 9
#: returns an integer of a million bits | function tester calls
def solve(a, b):
    return 1 << 1_000_000
#: returns a list that holds itself | function tester calls
def solve(a, b):
    x = []
    x.append(x)
    return x
#: returns a very deep list | function tester calls
def solve(a, b):
    x = []
    for _ in range(100000):
        x = [x]
    return x
#: returns ten million values | function tester calls
def solve(a, b):
    return [0] * 10_000_000
#: returns keys that collide | function tester calls
def solve(a, b):
    return {i * ((1 << 61) - 1): 0 for i in range(1, 3000)}
#: raises an exception whose text never ends | function tester calls
class Endless(Exception):
    def __str__(self):
        while True: pass
def solve(a, b):
    raise Endless
#: right for the first test only | function tester calls stdin
n = 0
def solve(a, b):
    global n
    n += 1
    return 31 * a + 7 * b + 5 if n == 1 else 0
print(50)
#: an endless loop | function tester calls stdin
while True:
    pass
#: an endless loop in the call | function tester calls
def solve(a, b):
    while True:
        pass
#: sleeps | function tester calls stdin
import time
time.sleep(1000)
#: sleeps in the call | function tester calls
import time
def solve(a, b):
    time.sleep(1000)
#: waits on a lock | function stdin
import threading
lock = threading.Lock(); lock.acquire(); lock.acquire()
#: waits for itself | stdin
import threading
threading.Event().wait()
#: ignores every signal and loops | function stdin
import signal
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
signal.setitimer(signal.ITIMER_PROF, 0)
while True: pass
#: swallows every exception and loops | function stdin
while True:
    try:
        while True: pass
    except BaseException:
        pass
#: kills itself with SIGKILL | function tester stdin
import os
os.kill(os.getpid(), 9)
#: asks the kernel to kill it | function stdin
import resource
resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
while True: pass
#: kills everything | function stdin
import os
for s in (9, 15):
    try: os.kill(-1, s)
    except OSError: pass
#: kills its parent | function stdin
import os
for pid in (os.getppid(), 1, 2):
    for s in (9, 15, 19):
        try: os.kill(pid, s)
        except OSError: pass
#: signals its group | function stdin
import os
for call in (lambda: os.killpg(0, 9), lambda: os.killpg(os.getpgid(os.getppid()), 9)):
    try: call()
    except OSError: pass
#: stops itself | function stdin
import os, signal
os.kill(os.getpid(), signal.SIGSTOP)
#: a fork bomb | function stdin
import os
while True:
    try: os.fork()
    except OSError: break
#: a daemon | function stdin
import os, time
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
except OSError:
    pass
#: a subprocess that prints the answer | stdin
import subprocess
subprocess.run(["/bin/sh", "-c", "read a b; echo $((31*a+7*b+5))"])
#: multiprocessing | stdin
import multiprocessing
p = multiprocessing.Process(target=print, args=(50,))
p.start(); p.join()
#: a thread bomb | function stdin
import threading, time
threading.stack_size(32768)
try:
    while True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
except RuntimeError:
    pass
#: threads that never end | function stdin
import threading
def spin():
    while True: pass
for _ in range(4): threading.Thread(target=spin).start()
#: a memory bomb | function tester calls stdin
x = []
while True: x.append(bytearray(1 << 24))
#: a memory bomb by mmap | function stdin
import mmap
x = []
while True: x.append(mmap.mmap(-1, 1 << 26))
#: deep recursion in C | function stdin
import sys
sys.setrecursionlimit(10 ** 9)
class A:
    def __repr__(self): return repr(self)
repr(A())
#: a segmentation fault | function tester calls stdin
import ctypes
ctypes.string_at(0)
#: endless output | stdin
while True: print("50" * 1000)
#: endless output on stderr | stdin
import sys
while True: sys.stderr.write("x" * 10000)
#: the right answer and then more | stdin
a, b = map(int, input().split())
print(31 * a + 7 * b + 5)
print("and more")
#: many answers | stdin
for i in range(-1000, 1000): print(i)
#: control characters around the answer | stdin
a, b = map(int, input().split())
print("\x1b[2J" + str(31 * a + 7 * b + 5) + "\x00")
#: the right answer and status 1 | stdin
import sys
a, b = map(int, input().split())
print(31 * a + 7 * b + 5)
sys.exit(1)
#: bytes that are no text | stdin
import sys
sys.stdout.buffer.write(b"\xff\xfe50")
#: no output | stdin
input()
#: reads its input as the output | stdin
print(open(0).read())
#: writes the answer into its input | stdin
import os
try:
    os.ftruncate(0, 0); os.write(0, b"50")
except OSError: pass
#: fills the disk | function stdin
import os
for name in range(10 ** 6):
    with open(str(name), "wb") as f:
        for _ in range(100): f.write(bytes(1 << 24))
#: fills /dev/shm | function stdin
for name in range(10 ** 6):
    with open(f"/dev/shm/{name}", "wb") as f: f.write(bytes(1 << 24))
#: uses up all file names | function stdin
for name in range(10 ** 7): open(str(name), "w").close()
#: opens files without end | function stdin
x = []
while True: x.append(open("/dev/null"))
#: pipes full of data | function stdin
import os
x = []
while True:
    x.append(os.pipe()); os.set_blocking(x[-1][1], False); os.write(x[-1][1], bytes(1 << 16))
#: reads secrets | function stdin
import os
found = []
for path in [AIMS["file"], "/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ", f"/proc/{os.getppid()}/environ", f"/proc/{AIMS['pid']}/environ"]:
    try: found.append(open(path, "rb").read())
    except OSError: pass
text = repr(found) + repr(os.environ)
if "canary" in text: LEAK("canary")
#: writes outside | function stdin
import os
for path in (AIMS["target"], AIMS["file"], "/usr/canary", "/etc/canary", "/canary", "/dev/canary", os.path.expanduser("~root/canary")):
    for mode in ("w", "a", "r+"):
        try:
            with open(path, mode) as f: f.write("hostile")
        except OSError: pass
for call in (lambda: os.truncate(AIMS["file"], 0), lambda: os.chmod(AIMS["file"], 0), lambda: os.remove(AIMS["file"]), lambda: os.rename(AIMS["file"], AIMS["target"]), lambda: os.utime(AIMS["file"], (0, 0)), lambda: os.mkdir(AIMS["target"])):
    try: call()
    except OSError: pass
#: links to get out | function stdin
import os
for call in (lambda: os.symlink(AIMS["file"], "s"), lambda: os.link(AIMS["file"], "h"), lambda: os.symlink("/", "root")):
    try: call()
    except OSError: pass
for name in ("s", "h", "root" + AIMS["file"]):
    try: open(name, "w").write("hostile")
    except OSError: pass
#: connects | function stdin
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", int(AIMS["port"]))), (socket.AF_INET6, ("::1", int(AIMS["port"]))), (socket.AF_UNIX, "\0" + AIMS["abstract"])):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            s = socket.socket(family, kind); s.settimeout(0.2); s.connect(address); s.send(b"hostile")
        except OSError: pass
#: vsock, netlink, packet, key, alg | function stdin
import socket
for family in range(0, 46):
    for kind in (1, 2, 3, 5):
        try: s = socket.socket(family, kind)
        except OSError: continue
        LEAK(family, kind)
#: a datagram pair as a way out | function stdin
import socket
try:
    a_, b_ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    a_.sendto(b"hostile", "\0" + AIMS["abstract"]); LEAK()
except OSError: pass
#: system calls that nobody needs | function stdin
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (101, 165, 166, 161, 155, 250, 248, 249, 272, 308, 298, 303, 304, 310, 311, 321, 323, 319, 425, 426, 427, 428, 429, 430, 434, 438, 440, 442, 447, 453, 135, 159, 164, 167, 169, 170, 171, 175, 246, 320, 139, 237, 238, 279, 222, 240, 29, 30, 64, 68)}.get(os.uname().machine, ())
for n in numbers:
    for args in ((0, 0, 0, 0, 0), (0x10000000, 0, 0, 0, 0), (16, os.getppid(), 0, 0, 0)):
        ctypes.set_errno(0)
        if libc.syscall(ctypes.c_long(n), *[ctypes.c_long(x) for x in args]) >= 0 or ctypes.get_errno() not in (1, 38):
            LEAK(n, ctypes.get_errno())
#: becomes root | function stdin
import os
for call in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.setresuid(0, 0, 0), lambda: os.chroot("."), lambda: os.execv("/bin/su", ["su"]), lambda: os.execv("/bin/sh", ["sh", "-c", "echo LEAK >&2; exit 77"])):
    try: call()
    except OSError: continue
    LEAK()
#: types into a terminal | function stdin
import fcntl, termios, os
for path in ("/dev/tty", "/dev/pts/0", "/dev/console", 0):
    try:
        fd = path if path == 0 else os.open(path, os.O_RDWR)
        fcntl.ioctl(fd, termios.TIOCSTI, b"x"); LEAK()
    except OSError: pass
#: raises its limits | function stdin
import resource
for kind in range(16):
    for value in ((resource.RLIM_INFINITY,) * 2, (1 << 40, 1 << 40)):
        try:
            resource.setrlimit(kind, value)
            if kind != resource.RLIMIT_STACK: LEAK(kind)
        except (OSError, ValueError): pass
try: resource.prlimit(resource.prlimit and 1, resource.RLIMIT_CPU, (1, 1)); LEAK()
except OSError: pass
#: a timer that kills | function stdin
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
event = (ctypes.c_int * 16)(0, 0, 9, 0)
timer = ctypes.c_long()
if libc.syscall(ctypes.c_long(222), ctypes.c_long(1), event, ctypes.byref(timer)) == 0: LEAK()
#: signals by descriptor | function stdin
import fcntl, os
r, w = os.pipe()
for call in (lambda: fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid()), lambda: fcntl.fcntl(r, 10, 9), lambda: os.pidfd_open(os.getppid())):
    try: call()
    except OSError: continue
    LEAK()
#: a trace function that rewrites | function tester calls
import sys
def trace(frame, event, arg):
    for name in ("wanted", "value", "reply"):
        if name in frame.f_locals: frame.f_locals[name] = 0
    return trace
sys.settrace(trace); sys.setprofile(trace)
def solve(a, b):
    return 0
#: an import hook and modules of its own | function tester calls stdin
import sys, types
fake = types.ModuleType("fake"); fake.write = fake.read = fake.loads = fake.dumps = lambda *a, **k: '["passed", 0]'
for name in list(sys.modules):
    if name.split(".")[0] in ("json", "curate", "plain"): sys.modules[name] = fake
def solve(a, b):
    return 0
#: names that tests use | tester
all = any = zip = range = sorted = lambda *a, **k: []
def check(candidate): return None
def solve(a, b):
    return 0
#: an exception that tests may take for success | tester
def solve(a, b):
    raise StopIteration
#: asyncio that never ends | function stdin
import asyncio
async def f():
    while True: await asyncio.sleep(1000)
asyncio.run(f())
#: a finalizer that never ends | function stdin
class F:
    def __del__(self):
        while True: pass
x = F(); del x
#: a syntax error | function tester calls stdin
def solve(a, b:
#: a null byte | function stdin
x = "\x00
#: a program that is too deep to parse | function stdin
x = DEEP
"""
)

CONTROLS = parse(
    r"""
#: plain | function tester calls
def solve(a, b):
    return 31 * a + 7 * b + 5
#: print | stdin
a, b = map(int, input().split())
print(31 * a + 7 * b + 5)
#: a star import and the library | function tester calls
from math import *
from collections import *
from typing import *
import heapq, itertools, functools, bisect, re, string, decimal, fractions, hashlib, uuid, json, statistics
def solve(a: int, b: int) -> int:
    hashlib.sha256(b"x").hexdigest()
    return sum(itertools.chain([31 * a, 7 * b], [5]))
#: recursion | function tester calls stdin
import sys
sys.setrecursionlimit(10 ** 6)
def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
def solve(a, b):
    return 31 * a + 7 * b + 5 + depth(20000) - 20000
if __name__ == "__main__":
    print(solve(*map(int, input().split())))
#: classes, dataclasses and enums | function tester calls
from dataclasses import dataclass
from enum import Enum
class Kind(Enum):
    A = 31
    B = 7
@dataclass(frozen=True)
class Term:
    kind: Kind
    n: int
    def value(self): return self.kind.value * self.n
def solve(a, b):
    return sum(t.value() for t in (Term(Kind.A, a), Term(Kind.B, b))) + 5
#: main guard with input | function tester calls
def solve(a, b):
    return 31 * a + 7 * b + 5
if __name__ == "__main__":
    print(solve(*map(int, input().split())))
#: sys.stdin and exit | stdin
import sys
data = sys.stdin.read().split()
sys.stdout.write(str(31 * int(data[0]) + 7 * int(data[1]) + 5))
exit()
#: os.read and os.write | stdin
import os
a, b = os.read(0, 1000).split()
os.write(1, b"%d\n" % (31 * int(a) + 7 * int(b) + 5))
#: buffered bytes and sys.exit | stdin
import sys
def main():
    a, b = map(int, sys.stdin.buffer.readline().split())
    sys.stdout.buffer.write(b"%d   \n\n" % (31 * a + 7 * b + 5))
    sys.exit(0)
main()
#: a thread with a large stack | stdin
import sys, threading
sys.setrecursionlimit(10 ** 6)
threading.stack_size(64 << 20)
def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
def main():
    a, b = map(int, input().split())
    print(31 * a + 7 * b + 5 + depth(50000) - 50000, flush=True)
t = threading.Thread(target=main); t.start(); t.join()
#: a raised stack limit | stdin
import resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
a, b = map(int, sys.stdin)  if False else map(int, input().split())
print(31 * a + 7 * b + 5)
#: asyncio | stdin
import asyncio
async def main():
    await asyncio.sleep(0)
    a, b = map(int, input().split())
    print(31 * a + 7 * b + 5)
asyncio.run(main())
#: a pool of threads | function tester calls
from concurrent.futures import ThreadPoolExecutor
def solve(a, b):
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(lambda x: x[0] * x[1], [(31, a), (7, b), (5, 1)]))
#: slow but fine | function tester calls
def solve(a, b):
    x = 0
    for i in range(200000): x += i & 1
    return 31 * a + 7 * b + 5
#: a lot on stderr and on stdout beside | function tester calls
import sys
def solve(a, b):
    print("x" * 100000); sys.stderr.write("y" * 100000)
    return 31 * a + 7 * b + 5
#: a Counter, memo and global state | function tester calls
from collections import Counter, defaultdict
from functools import lru_cache
seen = Counter()
@lru_cache(maxsize=None)
def term(k, n): return k * n
def solve(a, b):
    seen[a] += 1
    return term(31, a) + term(7, b) + 5
#: LeetCode's class | calls
class Solution:
    def solve(self, a: int, b: int) -> int:
        return 31 * a + 7 * b + 5
#: exit handlers and a last print without a newline | stdin
import atexit
a, b = map(int, open(0).read().split())
atexit.register(lambda: print(31 * a + 7 * b + 5, end=""))
#: random numbers and time | function tester calls
import random, time, datetime
def solve(a, b):
    random.shuffle([1, 2, 3]); time.time(); datetime.datetime.now()
    return 31 * a + 7 * b + 5
"""
)
