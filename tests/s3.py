"""An S3 server on loopback for the tests: moto's, in a process of its own that ends with the process that started it.

`python -m tests.s3 PORT` prints its port and serves until its standard input is closed.
"""

import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
KEY, SECRET = "AKIATESTKEY0123456", "a-secret/that+must-never-be-shown"


class Server(NamedTuple):
    """A running server; `process` is ours to end."""

    port: int
    process: "subprocess.Popen[str]"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find it."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.address,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def bucket(self, name: str | None = None) -> str:
        """Make an empty bucket; its address."""
        name = name or f"bucket-{secrets.token_hex(4)}"
        self._ask("PUT", f"/{name}", b"")
        return f"s3://{name}"

    def believe_keys(self, believe: bool) -> None:
        """Whether any key is good; moto knows none, so all are refused where not."""
        self._ask("POST", "/moto-api/reset-auth", b"inf" if believe else b"0")

    def _ask(self, method: str, path: str, data: bytes) -> None:
        request = urllib.request.Request(self.address + path, data=data, method=method, headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=30).read()

    def end(self) -> None:
        """Stop it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def start(port: int = 0) -> Server:
    """Start a server, on a free port unless one is given, and wait until it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.s3", str(port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    server = Server(int(process.stdout.readline()), process)
    deadline = time.monotonic() + 60
    while True:
        try:
            server.believe_keys(True)
            return server
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


if __name__ == "__main__":
    import os
    import threading

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    serving = make_server("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    print(serving.server_port, flush=True)
    sys.stdin.read()
    os._exit(0)
