"""A real HTTP server on 127.0.0.1 that speaks OpenAI's chat protocol, and fails on demand.

A test says what is answered, as a function of the request; `fault` names one of the ways to fail.
"""

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal["status", "stall", "reset", "half", "torn", "nonsense", "page", "refuse", "filter", "length", "odd"]


FINISH = {"filter": "content_filter", "length": "length"}


@dataclass
class Loopback:
    """What the server does, and the requests it has had. All of it may change between two requests.

    `answer` gives the text to a request's body; `chances` the probability of each possible first word. A `fault` may
    differ from request to request. `model` is the name it answers under, where it says one; `pause` the seconds that
    each word takes, or a whole answer that is not streamed, `stall` those that a stalled one does.
    """

    answer: Callable[[dict[str, Any]], str]
    chances: dict[str, float] = field(default_factory=dict)
    fault: Fault | Callable[[dict[str, Any]], Fault | None] | None = None
    model: str | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    pause: float = 0.0
    stall: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # many connect at once; on a busy machine five would be turned away


@contextmanager
def serving(answer: Callable[[dict[str, Any]], str]) -> Iterator[Loopback]:
    """A running server; its address is `url`."""
    loopback = Loopback(answer)
    server = _Server(("127.0.0.1", 0), _handler(loopback))
    server.daemon_threads = True
    loopback.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._whole({"object": "list", "data": [{"id": "loopback", "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            loopback.requests.append(body)
            loopback.keys.append(self.headers["Authorization"])
            try:
                self._answer(body)
            except (BrokenPipeError, ConnectionResetError):
                loopback.hung_up.set()

        def _answer(self, body: dict[str, Any]) -> None:
            fault = loopback.fault(body) if callable(loopback.fault) else loopback.fault
            match fault:
                case "status":
                    key = self.headers["Authorization"]
                    self._whole({"error": {"message": f"no: {loopback.status} for {key}"}}, loopback.status)
                case "refuse" if loopback.refused in body:
                    self._whole({"error": {"message": f"unsupported parameter: {loopback.refused!r}"}}, 400)
                case "stall":
                    time.sleep(loopback.stall or loopback.pause)
                case "reset":
                    self.close_connection = True
                case "page":
                    self._send(b"<html>a proxy's login page</html>", 200, "text/html")
                case _ if body.get("stream"):
                    self._stream(body, fault)
                case _:
                    self._complete(body, fault)

        def _complete(self, body: dict[str, Any], fault: Fault | None) -> None:
            text = loopback.answer(body)
            time.sleep(loopback.pause)
            choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}}
            choice["finish_reason"] = FINISH.get(fault or "", "stop")
            if body.get("logprobs"):
                choice["logprobs"] = {"content": [_logprob(text.split(" ")[0], loopback.chances)]}
            whole = {"object": "chat.completion", "choices": [choice], "usage": _usage(body, text.split(" "))}
            sent = json.dumps({**whole, "model": loopback.model} if loopback.model else whole).encode()
            if fault == "nonsense":
                sent = sent[:-9]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            if fault in ("half", "torn"):
                sent, self.close_connection = sent[:20], True
            self.wfile.write(sent)
            if fault == "torn":  # not closed in order, but reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _stream(self, body: dict[str, Any], fault: Fault | None) -> None:
            words = loopback.answer(body).split(" ")
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for index, word in enumerate(words):
                if fault == "half" and index == len(words) // 2:
                    return
                if fault == "nonsense":
                    self._event('{"choices": [{"delta"')
                piece = word if index == 0 else f" {word}"
                choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
                if body.get("logprobs"):
                    choice["logprobs"] = {"content": [_logprob(piece, loopback.chances)]}
                    if fault == "odd":
                        choice["logprobs"]["content"][0]["top_logprobs"] = None
                self._event(json.dumps({"choices": [choice]}))
                time.sleep(loopback.pause)
            finish = FINISH.get(fault or "", "stop")
            self._event(json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
            if body.get("stream_options", {}).get("include_usage"):
                usage = _usage(body, words) if fault != "odd" else {"prompt_tokens": 3.5, "completion_tokens": "many"}
                self._event(json.dumps({"choices": [], "usage": usage}))
            self._event("[DONE]")

        def _event(self, data: str) -> None:
            self.wfile.write(f"data: {data}\n\n".encode())
            self.wfile.flush()

        def _whole(self, body: dict[str, Any], status: int = 200) -> None:
            self._send(json.dumps(body).encode(), status, "application/json")

        def _send(self, body: bytes, status: int, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in loopback.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    return Handler


def _usage(body: dict[str, Any], words: list[str]) -> dict[str, int]:
    prompt = sum(len(str(message["content"]).split()) for message in body["messages"])
    return {"prompt_tokens": prompt, "completion_tokens": len(words), "total_tokens": prompt + len(words)}


def _logprob(piece: str, chances: dict[str, float]) -> dict[str, Any]:
    top = [{"token": word, "logprob": math.log(chance), "bytes": None} for word, chance in chances.items()]
    return {"token": piece, "logprob": -0.1, "bytes": None, "top_logprobs": top}
