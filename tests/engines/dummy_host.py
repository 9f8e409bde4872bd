"""A host without a model, run as a program: it speaks the protocol of curate/engines/hosting/wire.py with the standard library alone.

A prompt's text is an order: `die` ends the process at once, `die until FILE` does so until FILE exists, which it creates on the way, `sleep` never answers, anything else is echoed.
It also starts a child that ignores SIGTERM, as an engine's stuck worker would.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def read(fd: int, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = os.read(fd, size - len(got))
        if not piece:
            sys.exit(0)
        got += piece
    return got


def main(requests: int, answers: int) -> None:
    subprocess.Popen([sys.executable, "-c", CHILD])
    while True:
        message = json.loads(read(requests, int.from_bytes(read(requests, 4), "big")))
        if message["op"] == "close":
            return
        args = message.get("args", {})
        order = args.get("text") or ""
        if order == "die" or (order.startswith("die until") and not Path(order.split()[-1]).exists()):
            if order != "die":
                Path(order.split()[-1]).touch()
            print("Traceback (most recent call last):\n  File x\nValueError: the model fell over", file=sys.stderr, flush=True)
            os._exit(70)
        if order == "sleep":
            continue
        if message["op"] == "start" and args["engine_args"].get("refuse"):
            time.sleep(0.1)
            reply = {"id": message["id"], "error": {"kind": "UsageError", "message": "no such thing"}}
        elif message["op"] == "cancel":
            reply = {"id": message["id"], "result": {"text": "", "finish_reason": "abort", "completion_tokens": 5}}
        elif message["op"] == "complete":
            reply = {"id": message["id"], "result": {"text": order, "finish_reason": "stop", "token_ids": [1, 2], "completion_tokens": 2}}
        else:
            reply = {"id": message["id"], "result": order}
        body = json.dumps(reply).encode()
        os.write(answers, len(body).to_bytes(4, "big") + body)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
