"""Texts that are not UTF-8: those with a mark of UTF-16 are read, others where their encoding is named, none by a guess."""

import codecs
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.batch_runs import read_rejects, read_rows
from helpers.examples import CODEBOOK, invoke, problems_of, write_lines
from hypothesis import given
from hypothesis import strategies as st

from narratives.cli import cli
from narratives.files import BadRecord, Record, find_codec, read_records
from narratives.files.encodings import decode_stream

TEXTS = ["Żabka – „the toll“ robs us", "čtvrť školy 😀", "a second\nline"]
FIX = "save the file as UTF-8, or name its encoding: --encoding cp1252"


def save(path: Path, text: str, encoding: str) -> Path:
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_table(path: Path, encoding: str, rows: list[str], sign: str = "\t") -> Path:
    lines = [f"id{sign}text\r\n", *(f'{k}{sign}"{text}"\r\n' for k, text in enumerate(rows))]
    return save(path, "".join(lines), encoding)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.tsv.gz"])
def test_a_table_with_a_mark_is_read_as_what_the_mark_says(tmp_path: Path, name: str, encoding: str) -> None:
    records = list(read_records(write_table(tmp_path / name, encoding, TEXTS), encoding=""))
    assert [r.values["text"] for r in records if isinstance(r, Record)] == TEXTS
    assert [r.line for r in records] == [2, 3, 4]


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_lines_of_json_and_of_text_in_either_order_of_bytes(tmp_path: Path, order: str) -> None:
    mark = "\ufeff"
    lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in TEXTS)
    assert [r.values["text"] for r in read_records(save(tmp_path / "a.jsonl", mark + lines, order), encoding="")] == TEXTS  # type: ignore[union-attr]
    listed = json.dumps([{"text": text} for text in TEXTS], ensure_ascii=False, indent=1)
    assert [r.values["text"] for r in read_records(save(tmp_path / "a.json", mark + listed, order), encoding="")] == TEXTS  # type: ignore[union-attr]
    plain = save(tmp_path / "a.txt", mark + "one\r\nčtvrť\r\n", order)
    assert [r.values["text"] for r in read_records(plain, encoding="")] == ["one", "čtvrť"]  # type: ignore[union-attr]


def test_an_encoding_that_is_named_is_used_and_a_wrong_byte_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", "cp1252", ["café „toll“", "plain"], ",")
    assert [r.values["text"] for r in read_records(path, encoding="cp1252")] == ["café „toll“", "plain"]  # type: ignore[union-attr]
    assert problems_of(lambda: list(read_records(path, encoding=""))) == [f"{path}:2: byte 0xe9 is not UTF-8; {FIX}"]
    assert problems_of(lambda: list(read_records(path))) == [f"{path}:2: byte 0xe9 is not UTF-8; save the file as UTF-8"]
    path.write_bytes(b"id,text\n1,good\n2,ba\x81d\n")
    [problem] = problems_of(lambda: list(read_records(path, encoding="cp1252")))
    assert problem == f"{path}:3: byte 0x81 is not cp1252; save the file as UTF-8, or name another --encoding"
    path.rename(path.with_suffix(".json")).write_bytes(b'[{"text": "ba\x81d"}]')
    with pytest.raises(Exception, match="byte 0x81 is not cp1252"):
        list(read_records(path.with_suffix(".json"), encoding="cp1252"))


def test_a_mark_that_contradicts_the_name_is_refused(tmp_path: Path) -> None:
    for encoding, proven in (("utf-16", "UTF-16"), ("utf-8-sig", "UTF-8")):
        path = write_table(tmp_path / "a.csv", encoding, TEXTS, ",")
        [problem] = problems_of(lambda p=path: list(read_records(p, encoding="cp1252")))  # type: ignore[misc]
        assert problem.startswith(f"{path}: begins with the mark of {proven}, so it is not in cp1252; leave --encoding out")
        assert len(list(read_records(path, encoding=encoding))) == 3


def test_utf_16_without_its_mark_is_no_guess(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", "utf-16-le", TEXTS, ",")
    [problem] = problems_of(lambda: list(read_records(path, encoding="")))
    assert problem.startswith(f"{path}:1: this is UTF-16 text or no text at all") and problem.endswith("--encoding utf-16-le")
    assert len(list(read_records(path, encoding="utf-16-le"))) == 3


@pytest.mark.parametrize("name", ["nonsense", "rot13", "base64", "unicode_escape", "undefined", "idna", "punycode"])
def test_what_is_no_encoding_of_texts_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no encoding of texts"):
        find_codec(name)


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-7"]))
def test_what_was_written_is_read(text: str, encoding: str) -> None:
    named = encoding if encoding == "utf-7" else ""
    assert decode_stream(io.BytesIO(text.encode(encoding)), named, "a").read().decode("utf-8-sig") == text.removeprefix(
        "\ufeff"
    )


@given(st.binary(max_size=100), st.sampled_from(["cp1252", "utf-16-le", "cp932", "ascii", "utf-7"]))
def test_what_is_no_text_in_an_encoding_never_passes_for_one(data: bytes, encoding: str) -> None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)):
        return
    try:
        expected = data.decode(encoding).encode("utf-8")
    except UnicodeError:
        expected = b""
    text = decode_stream(io.BytesIO(data), encoding, "a").read()
    assert text == expected or (not expected and b"\xff" in text)


def answer(root: Path, *words: str | Path) -> list[dict[str, Any]]:
    done = invoke(root, "classify", *words, "--model", "base", "--output", root / "out", "--text", "--restart", "--jobs", "1")
    assert done.exit_code == 0, done.output
    return read_rows(root / "out")


def test_classify_reads_them_part_by_part_as_it_reads_utf_8(root: Path) -> None:
    texts = [f"{TEXTS[k % 2]} {k}" for k in range(60)]
    expected = answer(root, write_table(root / "a.tsv", "utf-8", texts), "--part-size", "0.0005")
    assert [row["text"] for row in expected] == texts
    for name, encoding, words in (("a.tsv", "utf-16", ()), ("a.tsv.gz", "utf-16", ()), ("a.tsv", "utf-16-be", ("utf-16-be",))):
        path = write_table(root / name, encoding, texts)
        rows = answer(root, path, "--part-size", "0.0005", *(("--encoding", *words) if words else ()))
        assert [{**row, "file": ""} for row in rows] == [{**row, "file": ""} for row in expected]


def test_a_wrong_byte_costs_its_own_record_and_another_encoding_is_another_run(root: Path) -> None:
    path = root / "a.txt"
    path.write_bytes("café\nthe toll\n".encode("cp1252") + b"ba\x81d\n")
    assert [row["text"] for row in answer(root, path)] == ["the toll"]
    assert read_rejects(root / "out")[0] == (str(path), 1, f"byte 0xe9 is not UTF-8; {FIX}")
    assert [row["text"] for row in answer(root, path, "--encoding", "cp1252")] == ["café", "the toll"]
    assert read_rejects(root / "out")[0][1:] == (
        3,
        "byte 0x81 is not cp1252; save the file as UTF-8, or name another --encoding",
    )
    done = invoke(root, "classify", path, "--model", "base", "--output", root / "out", "--text")
    assert done.exit_code == 2 and "begun with another --encoding (cp1252, not none)" in done.stderr
    done = invoke(root, "classify", path, "--model", "base", "--output", root / "new", "--encoding", "klingon")
    assert done.exit_code == 2 and "'klingon' is no encoding of texts" in done.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_standard_input_too(root: Path, encoding: str) -> None:
    words = ["--project", str(root), "classify", "-", "--model", "base", "--text"]
    words += ["--encoding", encoding] if encoding == "cp1252" else []
    done = CliRunner().invoke(cli, words, input=json.dumps({"text": "café"}, ensure_ascii=False).encode(encoding))
    assert json.loads(done.stdout)["text"] == "café"


@pytest.mark.parametrize(("encoding", "words"), [("utf-16", ()), ("cp1250", ("--encoding", "cp1250"))])
def test_labels_and_raw_texts_and_codebooks_come_in_them(project: Path, encoding: str, words: tuple[str, ...]) -> None:
    def bring(name: str, text: str, *command: str) -> None:
        done = invoke(project, *command, save(project / name, text, encoding), *words)
        assert done.exit_code == 0, done.output

    id_ = invoke(project, "codebook", "show", "--json").stdout
    narrative = json.loads(id_)["narratives"][0]["id"]
    bring("l.tsv", f"id\ttext\tlabels\nx1\tčtvrť se školou\t{narrative}\n", "labels", "import")
    bring("raw.txt", "jeden nový řádek\n", "labels", "add")
    texts = "".join(path.read_text(encoding="utf-8") for path in (project / "labels").glob("*.jsonl"))
    assert "čtvrť se školou" in texts and "jeden nový řádek" in texts


def test_a_codebook_and_a_score_of_files_that_a_spreadsheet_saved(tmp_path: Path) -> None:
    sheet = "id,family,title,definition\ntoll,critics,Mýto,Mýto okrádá lidi.\n"
    (tmp_path / "p" / "labels").mkdir(parents=True)
    done = invoke(tmp_path / "p", "codebook", "import", save(tmp_path / "s.csv", sheet, "cp1250"), "--encoding", "cp1250")
    assert done.exit_code == 0, done.output
    assert "Mýto" in (tmp_path / "p" / "labels" / "codebook.toml").read_text(encoding="utf-8")
    book = write_lines(tmp_path / "c.toml", *CODEBOOK.splitlines())
    gold = save(tmp_path / "g.csv", "id,text,narratives\n1,č,toll\n2,š,\n3,ž,school\n", "utf-16")
    answers = save(tmp_path / "a.csv", "id,narratives\n1,toll\n2,\n3,school\n", "utf-16")
    done = invoke(tmp_path, "score", gold, answers, "--codebook", book, "-o", tmp_path / "r")
    assert done.exit_code == 0, done.output


def test_nobody_jumps_in_such_a_stream(tmp_path: Path) -> None:
    stream = decode_stream(io.BytesIO(("x" * 50 + "\n").encode("utf-16")), "", "a")
    assert stream.readline() == b"x" * 50 + b"\n"
    assert not stream.seekable()  # positions are those of other bytes


def test_a_record_that_is_bad_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a"}\n{broken\n')
    assert [type(record) for record in read_records(path, encoding="latin-1")] == [Record, BadRecord]
