"""Run `narratives classify --engine ray` on a cluster of two machines that are processes here; one is killed half-way.

`python ray_cluster.py INPUT MODEL BROKEN RESUMED KILLED`: the last three are output folders. Prints one line of JSON: how
each run ended, and how many parts of the third were done when the machine died. It is a program of its own since Ray
needs the loopback device, which the tests may not use.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from narratives.cli import cli

SOON = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 200, "health_check_failure_threshold": 3}


def run(address: str, source: str, model: str, output: str) -> dict[str, Any]:
    words = ["classify", source, "--model", model, "--output", output, "--engine", "ray", "--address", address]
    done = CliRunner().invoke(cli, [*words, "--format", "jsonl", "--part-size", "0.0003", "--json"])
    return {"code": done.exit_code, "said": done.stderr, "answer": done.stdout, "bug": repr(done.exception)}


def list_busy(raylet: int) -> list[int]:
    """The processes that classify a part, of the machine whose head process is `raylet`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == raylet and b"Worker" in (title := (folder / "cmdline").read_bytes()) and b".submit" in title:
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return found


def kill_half_way(node: Any, output: Path, seen: list[int]) -> None:
    """Kill every process of a machine once it is at a part and 50 are done."""
    processes = [one.process.pid for group in node.all_processes.values() for one in group]
    raylet = node.all_processes["raylet"][0].process.pid
    while len(list(output.glob("part-*"))) < 50 or not (busy := list_busy(raylet)):
        time.sleep(0.001)
    seen.append(len(list(output.glob("part-*"))))
    for process in [*processes, *busy]:
        os.kill(process, signal.SIGKILL)


def main(source: str, model: str, broken: str, resumed: str, killed: str) -> None:
    from ray.cluster_utils import Cluster

    size = {"num_cpus": 1, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**size, "_system_config": SOON})
    try:
        node = cluster.add_node(**size)
        cluster.wait_for_nodes()
        ended = {"broken": run(cluster.address, source, model, broken), "resumed": run(cluster.address, source, model, resumed)}
        seen: list[int] = []
        threading.Thread(target=kill_half_way, args=(node, Path(killed), seen), daemon=True).start()
        ended["killed"] = run(cluster.address, source, model, killed)
        print(json.dumps({**ended, "seen": seen}))
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
