"""An OpenAI-compatible server on loopback for benchmarks: it answers after a set time, and fails as it is told.

    python -m bench.endpoint --seconds 0.2 --log requests.log [--faults]

Prints its address, then serves until it is ended. Each request is hashed into the log, a line each. The paper's
questions for new samples get usable answers, any other question a sentence of no meaning.
With `--faults`, nine requests in twenty fail, each in one of nine ways; which, depends on the question and on how often
it was asked, so that every run is the same.
"""

import argparse
import asyncio
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

FAULTS = ("429", "500", "reset", "stall", "half", "nonsense", "wrong model", "empty", "length")


class Endpoint:
    """One server: its answers, its faults, and its count of what was asked."""

    def __init__(self, seconds: float, log: Path, *, faults: bool) -> None:
        self.seconds = seconds
        self.faults = faults
        self._log = log.open("a", buffering=1)
        self._times: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].split("\r\n")[0])
                if not await self._answer(json.loads(await reader.readexactly(length)), writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Answer one request; gives whether the connection stays open."""
        question = body["messages"][-1]["content"]
        asked = hashlib.sha256(json.dumps([body["messages"], body.get("seed")]).encode()).hexdigest()[:16]
        self._log.write(f"{asked}\n")
        self._times[asked] += 1
        fault = self._fault(f"{asked} {self._times[asked]}")
        text = _text(question, asked)
        completion = {
            "id": asked,
            "object": "chat.completion",
            "model": "another-model" if fault == "wrong model" else body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "" if fault == "empty" else text},
                    "finish_reason": "length" if fault == "length" else "stop",
                    **({"logprobs": _sure_of(text)} if body.get("logprobs") else {}),
                }
            ],
            "usage": {"prompt_tokens": len(question) // 4, "completion_tokens": 20, "total_tokens": 0},
        }
        content = json.dumps(completion).encode()
        await asyncio.sleep(self.seconds)
        match fault:
            case "429":
                _send(writer, b'{"error": {"message": "slow down"}}', "429 Too Many Requests", "Retry-After: 0.05\r\n")
            case "500":
                _send(writer, b'{"error": {"message": "oops"}}', "500 Internal Server Error")
            case "reset":
                writer.transport.abort()
                return False
            case "stall":
                await asyncio.sleep(30)
                return False
            case "half":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + content[: len(content) // 2])
                await writer.drain()
                return False
            case "nonsense":
                _send(writer, content[:-5])
            case _:
                _send(writer, content)
        await writer.drain()
        return True

    def _fault(self, draw: str) -> str | None:
        lot = int(hashlib.sha256(draw.encode()).hexdigest(), 16) % 20
        return FAULTS[lot] if self.faults and lot < len(FAULTS) else None


def _text(question: str, asked: str) -> str:
    """An answer: a rewrite with every name, yes to nine in ten, an imagined picture; or a sentence."""
    task, _, tweet = question.partition("\n")
    if task.startswith("Transform"):
        words = tweet.split()
        return f"Guess what, friends: {' '.join(words[3:])}, {' '.join(words[:3])}!"
    if task.startswith("Whether"):
        return "No" if int(asked, 16) % 10 == 0 else "Yes"
    if task.startswith("What is a possible image"):
        return f"A photo of people in the street, taken at noon, with the sign {asked} above them."
    return f"The tweet of {len(question)} characters speaks of {asked}."


def _sure_of(text: str) -> dict[str, Any]:
    """Log-probabilities of a yes or a no that is clear."""
    other = "No" if text == "Yes" else "Yes"
    chances = [{"token": word, "logprob": chance, "bytes": None} for word, chance in ((text, -0.05), (other, -3.0))]
    return {"content": [{**chances[0], "top_logprobs": chances}]}


def _send(writer: asyncio.StreamWriter, content: bytes, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)


async def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--faults", action="store_true")
    args = parser.parse_args()
    endpoint = Endpoint(args.seconds, args.log, faults=args.faults)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
