"""Whether decisions are lost when the server is killed while people label.

    python experiments/studies/serving/kill.py [--decisions 500]

Two readers decide by HTTP as fast as they can; the server is killed with SIGKILL at random moments and started again. A
decision counts as acknowledged when the next page was answered. At the end every acknowledged one must stand in the file
once, and after `put into the labels` every one of them among the labels once.
"""

import argparse
import http.client
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, urlencode

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


class Browser:
    """A reader who keeps cookies and follows forms."""

    def __init__(self, port: int, reader: str) -> None:
        self.port = port
        self.cookies = {"narratives_reader": quote(reader)}

    def ask(self, method: str, path: str, **fields: str) -> str:
        """The page that answers; `OSError` where nobody does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {**_FORM, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            connection.request(method, path, urlencode(fields) if fields else None, headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status == 303:
            return self.ask("GET", str(answer.headers["location"]))
        return body if answer.status == 200 else ""


def start(root: Path, port: int) -> "subprocess.Popen[str]":
    """A server that listens."""
    command = [sys.executable, "-m", "narratives", "--project", str(root), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
    if server.stderr:
        server.stderr.readline()
    return server


def label(browser: Browser, acknowledged: list[str], wanted: int) -> None:
    """Decide until enough is done, whatever happens to the server."""
    while len(acknowledged) < wanted:
        try:
            page = browser.ask("GET", "/label/unlabelled")
            fields = dict(re.findall(r'name="(csrf|key|task)" value="(\w+)"', page[page.find('id="decide"') :]))
            text = re.search(r'class="reading-text"[^>]*>([^<]*)<', page)
            if len(fields) == 3 and text and browser.ask("POST", "/label/unlabelled", do="decide", none="1", **fields):
                acknowledged.append(text[1])
        except OSError:
            time.sleep(0.05)


def main() -> None:
    """Label, kill, and count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=500)
    parser.add_argument("--port", type=int, default=8790)
    given = parser.parse_args()
    rng = random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "trams"
        subprocess.run([sys.executable, "-m", "narratives", "init", str(root)], check=True, capture_output=True)  # noqa: S603
        lines = [json.dumps({"id": f"u{k}", "text": f"unread {k} {rng.random()}"}) for k in range(given.decisions + 100)]
        (root / "labels" / "waiting.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        acknowledged: list[str] = []
        kills = 0
        browsers = [Browser(given.port, name) for name in ("Ana", "Ben")]
        threads = [threading.Thread(target=label, args=(browser, acknowledged, given.decisions)) for browser in browsers]
        server = start(root, given.port)
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            enough = min(len(acknowledged) + rng.randint(5, 60), given.decisions)
            while len(acknowledged) < enough and any(thread.is_alive() for thread in threads):
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.2))
            if len(acknowledged) < given.decisions:
                server.send_signal(signal.SIGKILL)
                server.wait()
                kills += 1
                server = start(root, given.port)
        for thread in threads:
            thread.join()
        written = (root / "labels" / "decisions" / "unlabelled.jsonl").read_text(encoding="utf-8").splitlines()
        texts = [json.loads(line)["record"]["text"] for line in written]
        lost, doubled = set(acknowledged) - set(texts), len(texts) - len(set(texts))
        csrf = re.search(r'name="csrf" value="(\w+)"', browsers[0].ask("GET", "/label"))
        browsers[0].ask("POST", "/label/unlabelled", do="apply", csrf=csrf[1] if csrf else "")
        server.terminate()
        records = [json.loads(line) for path in (root / "labels").glob("*.jsonl") for line in path.open(encoding="utf-8")]
        labelled = [record["text"] for record in records if record.get("readers")]
        print(f"{len(acknowledged)} acknowledged, {kills} kills; lost {len(lost)}, doubled {doubled}")
        print(f"written down and not acknowledged: {len(texts) - len(acknowledged)}")
        lacking, twice = len(set(texts) - set(labelled)), len(labelled) - len(set(labelled))
        print(f"among the labels: {len(labelled)}, doubled {twice}, lacking {lacking}")


if __name__ == "__main__":
    main()
