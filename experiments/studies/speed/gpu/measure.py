"""Measure a GPU: `python experiments/studies/speed/gpu/measure.py`; see README.md. Without a GPU: `--device cpu --quick`.

Ways of computing run in turn, so that what else the machine does hits all alike. Prints its tables and writes them to
results.json and results.md beside this file; with --quick it writes only if --output names a folder.
"""

import argparse
import json
import sys
import time
from copy import deepcopy
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
import torch._dynamo
from card import describe, find_fused, measure_peak, time_whole
from lengths import NARRATIVES, load_network, make_sets
from table import render
from variants import Batch, Lesson, Scoring, count_operations, in_turn, make_scorings, make_trainings

from narratives.classifiers.transformer.batches import find_multiple
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.network import freeze

HERE = Path(__file__).parent
SLOWLY = 10_000  # characters for the CPU's path
COMPARED = 64  # texts whose logits are compared with the CPU's
Results = dict[str, Any]


def main() -> None:
    """Measure, print, write."""
    options = parse_options()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no GPU that torch can use on this machine; to try the script without one: --device cpu --quick", file=sys.stderr)
        sys.exit(2)
    start = time.monotonic()

    def is_over(share: float) -> bool:
        return time.monotonic() - start > 60 * options.minutes * share

    device = torch.device(options.device)
    tokenizer, network, weights = load_network(options.encoder)
    product = TransformerClassifier()
    product.network_, product.tokenizer_ = network, tokenizer
    skipped: dict[str, str] = {}
    results: Results = {
        "machine": describe(device),
        "encoder": {"name": Path(options.encoder).name, "weights": weights, "window": product._window()},
        "peak": measure_peak(device, options.quick),
        "scoring": {},
        "whole": {},
    }
    sets = make_sets(tokenizer.backend_tokenizer, options.texts)
    tell("peak measured, texts made")
    compiled = device.type == "cuda" and not options.no_compile
    ways = make_scorings(deepcopy(network).to(device), compiled, skipped)
    results["agreement"] = compare(ways, network, product, sets["mix"][:COMPARED], device)
    results["fused"] = find_kernels(ways, product, sets["mix"], device)
    tell("agreement compared")
    for k, (name, texts) in enumerate(sets.items()):
        share = 0.6 * (k + 1) / len(sets)
        results["whole"][name] = measure_whole(product, texts, device, options.rounds, partial(is_over, share - 0.05))
        results["scoring"][name] = measure_scoring(ways, product, texts, options.rounds, skipped, partial(is_over, share))
        tell(f"scored: {name}")
    del ways
    results["training"] = measure_training(
        network.to(device), product, sets["mix"][: options.texts // 4], options.rounds, compiled, skipped, partial(is_over, 0.9)
    )
    results["skipped"] = skipped
    page = render(results)
    if folder := options.output or (None if options.quick else HERE):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (folder / "results.md").write_text(page, encoding="utf-8")
    print(page)


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure scoring and training on a GPU; see README.md.")
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2", help="its name, or its folder (without weights: random)")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--texts", type=int, help="texts in the mix (8192; 32 with --quick)")
    parser.add_argument("--rounds", type=int, help="rounds of all ways (5; 2 with --quick)")
    parser.add_argument("--minutes", type=float, default=8.0, help="no further round is begun when this time runs out (8)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--output", type=Path, help="folder for results.json and results.md")
    parser.add_argument("--quick", action="store_true", help="a trial of the script, not of the device")
    options = parser.parse_args()
    options.texts = options.texts or (32 if options.quick else 8192)
    options.rounds = options.rounds or (2 if options.quick else 5)
    return options


def measure_scoring(
    ways: list[Scoring], product: Any, texts: list[str], rounds: int, skipped: dict[str, str], is_over: Any
) -> Results:
    """Computing alone: batches are ready in memory, logits stay on the device."""
    device = next(ways[0].network.parameters()).device
    batches = {way.name: _make(way, product, texts, device) for way in ways}
    ways, memory = run_all(ways, lambda way: way.run(batches[way.name], device), device, skipped)
    seconds = in_turn(ways, rounds, lambda way: time_whole(device, lambda: way.run(batches[way.name], device)), is_over)
    found: Results = {"texts": len(texts), "ways": {}}
    for way in ways:
        lengths = [int(n) for batch in batches[way.name] for n in batch.mask.sum(1)]
        computed = sum(batch.ids.numel() for batch in batches[way.name])
        found["ways"][way.name] = {
            "seconds": seconds[way.name],
            "tokens": sum(lengths),
            "padding": 1 - sum(lengths) / computed,
            "operations": count_operations(way.network.encoder, lengths),
            "batches": len(batches[way.name]),
            "memory_mib": memory[way.name],
        }
    return found


def measure_whole(product: Any, texts: list[str], device: torch.device, rounds: int, is_over: Any) -> Results:
    """Texts a second from texts to scores, tokenising included, as `narratives classify` computes them; and its parts."""
    exact, halved = TransformerClassifier(), TransformerClassifier()
    for classifier in (exact, halved):
        classifier.network_, classifier.tokenizer_ = deepcopy(product.network_).to(device), product.tokenizer_
    halved.bf16_ = True
    tokenizer = product.tokenizer_.backend_tokenizer
    few = [text for text, total in zip(texts, accumulate(map(len, texts)), strict=True) if total < SLOWLY] or texts[:1]
    work = {
        "float32": (texts, lambda: exact._predict_in_batches(texts, None)),
        "bf16, where the device has it": (texts, lambda: halved._predict_in_batches(texts, None)),
        "tokenising alone": (texts, lambda: tokenizer.encode_batch(texts)),
        "on the CPU, by torch, one window at a time": (few, lambda: product.predict_proba(few)),
    }
    for _, run in work.values():
        run()
    found: Results = {name: {"texts": len(given), "seconds": []} for name, (given, _) in work.items()}
    for k in range(rounds):
        if k and is_over():
            break
        for name, (_, run) in work.items():
            found[name]["seconds"].append(time_whole(device, run))
    return found


def measure_training(
    network: Any, product: Any, texts: list[str], rounds: int, compiled: bool, skipped: dict[str, str], is_over: Any
) -> Results:
    """An epoch of the product's own loop; tokens are ready, labels are random."""
    device = next(network.parameters()).device
    freeze(network.encoder, product.frozen)
    layers = network.encoder.config.num_hidden_layers
    free = 1 - int(product.frozen * layers) / layers
    lesson = Lesson(texts, NARRATIVES, product.tokenizer_, product._window())
    warm = Lesson(texts[: max(16, len(texts) // 8)], NARRATIVES, product.tokenizer_, product._window())
    ways, memory = run_all(make_trainings(network, compiled, skipped), warm.train, device, skipped)
    seconds = in_turn(ways, rounds, lambda way: time_whole(device, lambda: lesson.train(way)), is_over)
    tokens = sum(lesson.lengths)
    return {
        "texts": len(texts),
        "tokens": tokens,
        "operations": (1 + 2 * free) * count_operations(network.encoder, lesson.lengths),  # backward only where weights learn
        "ways": {
            way.name: {
                "seconds": seconds[way.name],
                "memory_mib": memory[way.name],
                "steps": -(-len(lesson.lengths) // way.batch_size),
                "padding": 1 - tokens / lesson.padded_tokens(way.batch_size, find_multiple(device)),
            }
            for way in ways
        },
    }


def compare(ways: list[Scoring], network: Any, product: Any, texts: list[str], device: torch.device) -> dict[str, float]:
    """How far each way's logits are from those of float32 on the CPU: the norm of the difference over their norm."""
    found = {}
    for way in ways:
        batches = _make(way, product, texts, device)
        exact = Scoring("reference", network, way.budget).run(batches, torch.device("cpu"))
        found[way.name] = float((way.run(batches, device).cpu() - exact).norm() / exact.norm())
    return found


def find_kernels(ways: list[Scoring], product: Any, texts: list[str], device: torch.device) -> dict[str, list[str]]:
    """The fused attention kernels that take a batch in which something is padded, by number format."""
    found = {}
    for form, way in zip(("float32", "bf16"), ways, strict=False):
        batches = _make(way, product, texts, device)
        some = next((batch for batch in batches if not bool(batch.mask.all())), batches[0])
        found[form] = find_fused(partial(way.run, [some], device))
    return found


def run_all(
    ways: list[Any], run: Any, device: torch.device, skipped: dict[str, str]
) -> tuple[list[Any], dict[str, float | None]]:
    """Run each way once, which compiles, chooses kernels and asks for memory: those that could, and the MiB they needed."""
    able, memory = [], {}
    for way in ways:
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        try:
            run(way)
        except torch.OutOfMemoryError:
            skipped[way.name] = "out of memory"
            continue
        except torch._dynamo.exc.TorchDynamoException as error:  # no compiler, say
            skipped[way.name] = str(error).strip().split("\n")[0]
            continue
        able.append(way)
        memory[way.name] = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
        tell(f"  {way.name}")
    return able, memory


def _make(way: Scoring, product: Any, texts: list[str], device: torch.device) -> list[Batch]:
    tokenizer = product.tokenizer_
    return way.batch(texts, tokenizer.backend_tokenizer, product._window(), tokenizer.pad_token_id, device)


def tell(what: str) -> None:
    """A line on standard error, so that standard output stays clean."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
