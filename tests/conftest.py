"""Shared by all tests: a tiny encoder, a small learnable task, a project made of both. Nothing here touches the network."""

import json
import os
import random
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from helpers.door import start_trams
from helpers.examples import invoke, write_lines, write_project
from helpers.toy import TOPICS, Toy
from hypothesis import settings

settings.register_profile("any_machine", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("any_machine")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore Ctrl-C
os.environ["HF_HUB_OFFLINE"] = "1"  # read by the hub's library when it is first imported
os.environ["OMP_NUM_THREADS"] = "1"  # for networks as tiny as these, more threads only get into each other's way

VOCABULARY = Path(__file__).parent / "data" / "vocab.txt"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    def refuse(self: socket.socket, address: Any) -> NoReturn:
        raise AssertionError(f"a test tried to connect to {address}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of a real encoder: a random BERT of two layers, and a tokenizer that knows `vocab.txt`."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    vocabulary = {piece: k for k, piece in enumerate(VOCABULARY.read_text(encoding="utf-8").split())}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    wrap: Any = PreTrainedTokenizerFast
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    wrap(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def toy_texts() -> Toy:
    """60 texts: what each carries shows in its words, no two are near-duplicates, a quarter carries none."""
    rng = random.Random(7)
    topical = {word for words in TOPICS.values() for word in words}
    plain = [word for word in VOCABULARY.read_text(encoding="utf-8").split() if word.isalpha() and len(word) > 2]
    plain = [word for word in plain if word not in topical]
    y = np.zeros((60, len(TOPICS)), dtype=np.bool_)
    texts = []
    for row in range(len(y)):
        carried = [row % 4] if row % 4 < len(TOPICS) else []
        if row % 12 == 0:
            carried.append(1 + row // 12 % 2)
        y[row, carried] = True
        words = rng.sample(plain, rng.randint(8, 20))
        for k in carried:
            words += rng.sample(list(TOPICS.values())[k], 3)
        rng.shuffle(words)
        texts.append(" ".join(words))
    return Toy(texts, y)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path, toy_texts: Toy) -> Path:
    """A project with labels, splits and two runs, nothing trained yet. To be copied, not changed."""
    root = tmp_path_factory.mktemp("template")
    ids = list(TOPICS)
    codebook = ['name = "toy"', 'version = "1"']
    for id_ in ids:
        codebook += ["[[narrative]]", f'id = "{id_}"', f'title = "The {id_}"', 'family = "f"', f'definition = "About {id_}."']
    passages = []
    splits = ["document,split"]
    for k, (text, row) in enumerate(zip(*toy_texts, strict=True)):
        carried = {id_: "asserts" for id_, yes in zip(ids, row, strict=True) if yes}
        passages.append(json.dumps({"id": f"p{k:02}", "text": text, "document": f"d{k // 2:02}", "narratives": carried}))
        if k % 2 == 0:
            splits.append(f"d{k // 2:02},{('train', 'validation', 'train', 'test', 'train')[k // 2 % 5]}")
    tables = {
        "tfidf": "min_df = 1",
        "transformer": f'encoder = "{tiny_encoder.as_posix()}"\nepochs = 2\nlearning_rate = 1e-2\nhead_learning_rate = 1e-2',
    }
    files = {"codebook.toml": codebook, "passages.jsonl": passages, "splits.csv": splits}
    (root / "labels").mkdir()
    for name, lines in files.items():
        (root / "labels" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for run, table in tables.items():
        (root / "experiments" / run).mkdir(parents=True)
        config = f'[classifier]\nname = "{run}"\n{table}\n[evaluation]\nresamples = 50\n'
        (root / "experiments" / run / "config.toml").write_text(config, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of two narratives, trained in a second. To be copied, not changed."""
    root = write_project(tmp_path_factory.mktemp("small"))
    result = invoke(root, "train", "base")
    assert result.exit_code == 0, result.output
    return root / "models" / "base"


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    """The root of a fresh project that a test may change."""
    return Path(shutil.copytree(template, tmp_path / "project"))


@pytest.fixture(scope="session")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a project in which `narratives run tfidf transformer` has been done. To be read or copied, not changed."""
    from contextlib import nullcontext

    from narratives.project.project import Project
    from narratives.runs.run import run_all

    root = Path(shutil.copytree(template, tmp_path_factory.mktemp("finished") / "project"))
    said: list[str] = []
    run_all(Project(root), ["tfidf", "transformer"], None, said.append, lambda _: nullcontext(lambda *_: None))
    (root / "said.txt").write_text("\n".join(said), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def cascaded(template: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a project with background texts and two models that were to have a cascade. To be copied, not changed.

    That of `blend` has one. `transformer`, a poor one that raises something nearly everywhere, was refused it.
    """
    from narratives.project.project import Project
    from narratives.runs.train import train_run

    root = Path(shutil.copytree(template, tmp_path_factory.mktemp("cascaded") / "project"))
    rng = random.Random(0)
    plain = ["wheat", "harvest", "market", "clinic", "road", "convoy", "meeting", "winter", "price", "water", "lamp", "carpet"]
    texts = [" ".join([*rng.choices(plain, k=12), str(rng.random())]) for _ in range(200)]
    write_lines(root / "labels" / "background" / "feed.jsonl", *({"text": text} for text in texts))
    for run in ("blend", "transformer"):
        settings = [f'name = "{run}"', f'encoder = "{tiny_encoder.as_posix()}"', "epochs = 4", "learning_rate = 1e-2"]
        config = ["[classifier]", *settings, "[evaluation]", "resamples = 50", "[inference]", "cascade = true"]
        write_lines(root / "experiments" / run / "config.toml", *config)
        said: list[str] = []
        train_run(Project(root), run, said.append)
        write_lines(root / f"said-{run}.txt", *said)
    return root


@pytest.fixture(scope="session")
def small_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with a model of one run and its report. To be copied, not changed."""
    root = write_project(tmp_path_factory.mktemp("small") / "project")
    assert invoke(root, "run", "base").exit_code == 0
    return root


@pytest.fixture(scope="session")
def trams_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, in a folder `trams`, with its first run trained. To be copied, not changed."""
    return start_trams(tmp_path_factory.mktemp("door") / "trams")


@pytest.fixture
def trams(trams_done: Path, tmp_path: Path) -> Path:
    """A fresh copy of it."""
    return Path(shutil.copytree(trams_done, tmp_path / "trams"))


@pytest.fixture
def root(small_done: Path, tmp_path: Path) -> Path:
    """A fresh copy of `small_done` that a test may spoil."""
    return Path(shutil.copytree(small_done, tmp_path / "project"))
