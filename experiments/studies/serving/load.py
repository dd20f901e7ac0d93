"""Whether the server keeps up with `classify`, and stands what strangers send.

    python experiments/studies/serving/load.py texts.jsonl --model models/tfidf [--connections 32] [--seconds 60] [--size 64]

First `classify --jobs 1` answers the texts. Then a server does, asked over 32 connections for a minute, each request with
`--size` texts, as fast as answers come. Rates are texts per second and, since other work may share the machine, texts per
second of processor time of the one process that answers; start-up and first requests are left out of both. Last, 2,000
malformed requests: raw bytes, wrong lengths, wrong types, broken JSON. Each must be refused with a 4xx, and the server must
answer afterwards.
"""

import argparse
import asyncio
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_MALFORMED = 2000


def read_cpu(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def wait_idle(process: int) -> None:
    """Wait until a process has done next to nothing for two seconds."""
    before = -1.0
    while read_cpu(process) - before > 0.05:
        before = read_cpu(process)
        time.sleep(2)


def time_batch(texts: Path, model: Path) -> tuple[float, float]:
    """Texts per second, and per second of processor time, of `classify --jobs 1`; what an empty run takes is taken off."""
    count = sum(1 for _ in texts.open(encoding="utf-8"))
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.jsonl"
        short.write_text('{"text": "short"}\n', encoding="utf-8")
        for path in (short, texts):
            command = [sys.executable, "-m", "narratives", "classify", str(path), "--model", str(model), "--jobs", "1"]
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            command += ["--output", f"{folder}/{path.stem}", "--format", "jsonl"]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds.append((time.monotonic() - began, spent))
    (empty, empty_cpu), (whole, whole_cpu) = seconds
    return count / (whole - empty), count / (whole_cpu - empty_cpu)


def make_request(body: bytes) -> bytes:
    """A request to classify as bytes."""
    head = (
        f"POST /api/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return f"{head}Accept: application/jsonl\r\n\r\n".encode() + body


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else await reader.read()
    return int(head.split(" ", 2)[1]), body


async def ask(port: int, requests: list[bytes], size: int, end: float, told: list[tuple[float, int]], offset: int) -> int:
    """Send one request after the other until the time is over; how many went wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wrong, k = 0, offset
    while time.monotonic() < end:
        began = time.monotonic()
        writer.write(requests[k % len(requests)])
        status, body = await read_answer(reader)
        told.append((time.monotonic() - began, body.count(b"\n")))
        wrong += status != 200 or body.count(b"\n") != size
        k += 1
    writer.close()
    return wrong


async def warm(port: int, texts: list[str]) -> None:
    """Ask for a few texts, so that nothing is loaded while time is taken."""
    requests = [make_request(json.dumps({"texts": [text]}).encode()) for text in texts[:200]]
    await asyncio.gather(*(ask(port, requests, 1, time.monotonic() + 1, [], k) for k in range(8)))


async def time_server(port: int, process: int, texts: list[str], connections: int, seconds: float, size: int) -> None:
    """Print rates and waiting times of so many connections."""
    groups = [texts[k : k + size] for k in range(0, len(texts) - size + 1, size)]
    requests = [make_request(json.dumps({"texts": group}).encode()) for group in groups]
    told: list[tuple[float, int]] = []
    before, began = read_cpu(process), time.monotonic()
    tasks = [ask(port, requests, size, began + seconds, told, k * 7) for k in range(connections)]
    wrong = sum(await asyncio.gather(*tasks))
    took, spent = time.monotonic() - began, read_cpu(process) - before
    waits, count = sorted(wait for wait, _ in told), sum(n for _, n in told)
    rates = f"{count / took:.0f} texts/s, {count / spent:.0f} per CPU second, {len(waits)} requests, {wrong} wrong"
    median, slow = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    print(f"server, {connections} connections, {size} texts a request: {rates}, median {median:.3f} s, p99 {slow:.3f} s")


def make_malformed(rng: random.Random) -> bytes:
    """A request that no careful program sends."""
    noise = rng.randbytes(rng.randint(1, 60))
    good = json.dumps({"text": "a"}).encode()
    kinds: list[bytes] = [
        noise + b"\r\n\r\n",
        b"GET /~" + bytes(rng.choice(b"abc%/.?&=") for _ in range(30)) + b"x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        make_request(noise),
        make_request(good[: rng.randint(0, len(good) - 1)]),
        make_request(json.dumps({"texts": rng.choice([None, 1, {}, [[]], [{}], [1.5], "a", []])}).encode()),
        make_request(json.dumps({rng.choice("abcdef"): 1, "text": "a"}).encode()),
        make_request(good).replace(b"application/json\r\n", b"text/html\r\n"),
        make_request(good).replace(b"127.0.0.1", b"evil.example"),
        make_request(good).replace(b"Content-Length: ", b"Content-Length: -"),
        make_request(good).replace(b"Content-Length: 13", b"Content-Length: 999999999"),
        make_request(good).replace(b"POST", rng.choice([b"PUT", b"DELETE", b"GET", b"PATCH"])),
        make_request(good).replace(b"Host: 127.0.0.1\r\n", b"Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n"),
        make_request(b"[" * rng.randint(10_000, 50_000)),
        make_request(b"a=b").replace(b"/api/classify", b"/label").replace(b"json\r", b"x-www-form-urlencoded\r"),
    ]
    return rng.choice(kinds)


async def send_malformed(port: int) -> None:
    """Print what became of the malformed requests."""
    rng, statuses = random.Random(3), dict[str, int]()
    for _ in range(_MALFORMED):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(make_malformed(rng))
        writer.write_eof()
        try:
            status = str((await asyncio.wait_for(read_answer(reader), 30))[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            status = "closed without an answer"
        except TimeoutError:
            status = "no answer in 30 s"
        statuses[status] = statuses.get(status, 0) + 1
        writer.close()
    print(f"{_MALFORMED} malformed requests: {dict(sorted(statuses.items()))}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(make_request(json.dumps({"text": "still there?"}).encode()))
    print(f"afterwards a good one: {(await read_answer(reader))[0]}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("texts", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", type=int, action="append")
    given: Any = parser.parse_args()
    texts = [json.loads(line)["text"] for line in given.texts.open(encoding="utf-8")]
    wall, cpu = time_batch(given.texts, given.model)
    print(f"classify --jobs 1: {wall:.0f} texts/s, {cpu:.0f} per CPU second")
    command = [sys.executable, "-m", "narratives", "serve", "--port", "0", "--model", str(given.model)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603
        line = server.stderr.readline() if server.stderr else ""
        match = re.search(r":(\d+)/ ", line)
        try:
            if not match:
                raise SystemExit(f"the server does not start: {line}")
            wait_idle(server.pid)  # it reads the labels of the project in the background
            asyncio.run(warm(int(match[1]), texts))
            for size in given.size or [64, 8, 1]:
                asyncio.run(time_server(int(match[1]), server.pid, texts, given.connections, given.seconds, size))
            asyncio.run(send_malformed(int(match[1])))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
