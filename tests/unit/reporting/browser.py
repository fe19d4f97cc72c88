"""Headless Chromium over its debugging pipe: load a page, run script in it, collect what the console says."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from pathlib import Path
from types import TracebackType
from typing import Any

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-extensions", "--window-size=1400,1000")


class Browser:
    """One page; `complaints` holds console errors, uncaught exceptions and refusals of the content policy."""

    def __init__(self, program: str, profile: Path) -> None:
        here, theirs = os.pipe(), os.pipe()
        moved = (os.dup(here[0]), os.dup(theirs[1]))  # above 3 and 4, so that neither is overwritten below

        def connect() -> None:
            os.dup2(moved[0], 3)
            os.dup2(moved[1], 4)

        self.process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=connect, pass_fds=(3, 4),
        )  # fmt: skip
        for fd in (here[0], theirs[1], *moved):
            os.close(fd)
        self._write, self._read = os.fdopen(here[1], "wb", 0), os.fdopen(theirs[0], "rb", 0)
        self._rest, self._next = b"", 0
        self.complaints: list[str] = []
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    _session = ""

    def call(self, method: str, **parameters: object) -> Any:
        """One command and its answer; events on the way are kept."""
        self._next += 1
        number = self._next
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": self._session} if self._session else {})
        self._write.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self._event(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = self._read.read(1 << 20)
            assert data, "the browser has gone"
            self._rest += data
        line, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(line))

    def _event(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        method, told = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown" or (method == "Log.entryAdded" and told["entry"]["level"] == "error"):
            self.complaints.append(json.dumps(told)[:500])
        if method == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.complaints.append(json.dumps(told)[:500])

    def open(self, page: Path) -> None:
        """Load a file and wait until it is loaded."""
        self._events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(e.get("method") == "Page.loadEventFired" for e in self._events):
            self._event(self._receive())

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def busy(self) -> float:
        """Seconds of processor time that the page's thread has worked: what a loaded machine does not lengthen."""
        self.call("Performance.enable", timeDomain="threadTicks")
        return float(next(m["value"] for m in self.call("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration"))

    def picture(self) -> bytes:
        """PNG of the window."""
        return b64decode(self.call("Page.captureScreenshot")["data"])

    def paper(self) -> bytes:
        """The page as it is printed."""
        return b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self._write.close()
        self._read.close()
