"""What training costs while another process is busy: threads of torch that spin while they wait, or sleep.

    python experiments/studies/speed/waiting.py

An encoder of MiniLM's measures, made up, learns ten batches of 16 windows of 96 tokens, with each number of threads and each
way of waiting, alone and beside one busy process for every processor. CPU seconds count: those of waiting are among them.
"""

import json
import os
import subprocess
import sys
import time

STEPS, ROUNDS = 10, 3


def learn(threads: int) -> None:
    """Print the CPU and wall seconds of the steps."""
    import torch
    from transformers import BertConfig, BertModel

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = BertModel(BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536))
    ids = torch.randint(1000, 20_000, (16, 96))
    for step in range(STEPS + 1):
        if step == 1:  # the first one sets up
            cpu, wall = time.process_time(), time.perf_counter()
        network.zero_grad()
        network(ids).last_hidden_state.mean().backward()
    print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))


def measure(policy: str, threads: int) -> list[float]:
    """Seconds of CPU and wall for a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY")}
    environment |= {"OMP_WAIT_POLICY": policy} if policy else {}
    command = [sys.executable, __file__, str(threads)]
    return list(json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout))  # noqa: S603


def main() -> None:
    """A line for each way, the ways in turn in each round."""
    busy = "import time\nwhile True: sum(range(10_000))"
    for others in (0, os.cpu_count() or 1):
        processes = [subprocess.Popen([sys.executable, "-c", busy]) for _ in range(others)]  # noqa: S603
        try:
            for turn in range(ROUNDS):
                for policy in ("", "passive"):
                    for threads in (1, 2):
                        cpu, wall = measure(policy, threads)
                        name = f"{others} busy, {policy or 'default':7}, {threads} threads"
                        print(f"round {turn}, {name}: {cpu:6.1f} s CPU {wall:6.1f} s", flush=True)
        finally:
            for process in processes:
                process.kill()
                process.wait()


if __name__ == "__main__":
    learn(int(sys.argv[1])) if len(sys.argv) > 1 else main()
