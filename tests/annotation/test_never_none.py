"""The one rule: an annotation with content arrives as labels or is reported, whatever the tool; it is never taken for none."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.labelled import CODEBOOK, NAMES, read
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.incoming import parse_entries
from narratives.errors import UserError

STAMP = {"created_at": "2026-02-01T10:00:00Z", "updated_at": "2026-02-01T10:00:00Z", "lead_time": 2.0}
WORDS = ["toll", "The toll robs us", "school:reports", "THE  TOLL robs us", "Critics > toll", "Ruins the street", "None", "7"]
SPANS = ["labels", "hypertextlabels", "paragraphlabels"]
Values = dict[str, Any]


def task(*regions: Values, id_: int = 1) -> Values:
    """A task of Label Studio with one submitted answer."""
    answer = {"id": 11, "completed_by": 1, "result": list(regions), "was_cancelled": False, **STAMP}
    return {"id": id_, "annotations": [answer], "data": {"text": f"A tram at {id_}."}}


def region(name: str, shape: str, words: Any, **place: int) -> Values:
    """What was chosen in one control."""
    return {"from_name": name, "to_name": "text", "type": shape, "value": {**place, shape: words}}


def minimal(control: str, value: Any, id_: int = 1) -> Values:
    """A record of Label Studio's JSON-MIN."""
    return {"text": f"A tram at {id_}.", "id": id_, control: value, "annotator": 1, "annotation_id": 11, **STAMP}


def save(folder: Path, name: str, *records: Values) -> Path:
    """The records in the format that the name's ending tells."""
    path = folder / name
    if path.suffix == ".csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(records[0]))
        writer.writeheader()
        writer.writerows({k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()} for row in records)
        path.write_text(out.getvalue(), encoding="utf-8")
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    else:
        path.write_text(json.dumps(list(records)), encoding="utf-8")
    return path


def problems(path: Path, **wishes: Any) -> list[str]:
    """What is reported of each entry; empty where it is taken."""
    parsed = parse_entries(read_entries(path, None, Wishes(NAMES, **wishes)), CODEBOOK, NAMES, [])
    return [problem for bad in parsed.bad for problem in bad.problems]


SPOKEN = st.sampled_from(WORDS)
SHAPES = st.sampled_from(["word", "list", "joined", "spans", "scores", "objects", "nested"])
KEYS = st.sampled_from(["label", "labels", "narrative", "narratives", "Category", "tags", "cats", "codes", "claims", "frame"])


def shape(words: list[str], form: str) -> Any:
    """The words of an annotation as some program might write them."""
    return {
        "word": words[0],
        "list": words,
        "joined": "; ".join(words),
        "spans": [{"start": 0, "end": 3, "text": "A t", "labels": [word]} for word in words],
        "scores": dict.fromkeys(words, 1),
        "objects": [{"label": word} for word in words],
        "nested": {"choices": words},
    }[form]


@st.composite
def exports(draw: st.DrawFn) -> tuple[str, Values]:
    """An export with one annotated text: the file's name and its record. Key, words, form and tool differ."""
    words = draw(st.lists(SPOKEN, min_size=1, max_size=2, unique=True))
    key, form = draw(KEYS), draw(SHAPES)
    text = {"id": "x1", "text": "A tram at noon."}
    value = shape(words, form)
    control = draw(st.sampled_from(["choices", "taxonomy", *SPANS]))
    field = draw(st.sampled_from(["accept", "label", "spans"]))
    made = {
        "flat.jsonl": {**text, key: value},
        "flat.json": {**text, key: value},
        "table.csv": {**text, key: value},
        "annotated.csv": {**text, "date": "2026", "likes": 3, key: value},
        "min.json": minimal(key, value),
        "min.csv": minimal(key, value),
        "sorted.csv": dict(sorted(minimal(key, value).items())),
        "project.json": task(region(key, control, [words] if control == "taxonomy" else words)),
        "prodigy.jsonl": {**text, "answer": "accept", "_input_hash": 1, field: value},
        "argilla.json": {"fields": {"text": "A tram."}, "responses": {key: [{"value": value, "user_id": "u"}]}, "metadata": {}},
    }
    name = draw(st.sampled_from(sorted(made)))
    return name, made[name]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(export=exports(), beside=st.booleans(), empty=st.booleans())
def test_an_annotation_arrives_or_is_reported(
    tmp_path_factory: pytest.TempPathFactory, export: tuple[str, Values], beside: bool, empty: bool
) -> None:
    name, record = export
    others = [{**record, "text": "Another text that is as it is.", "id": 2}] if beside and "text" in record else []
    path = save(tmp_path_factory.mktemp("in"), name, record, *others)
    try:
        entries = list(read_entries(path, None, Wishes(NAMES, empty_is_none=empty)))
    except UserError:
        return
    parsed = parse_entries(entries, CODEBOOK, NAMES, [])
    assert entries
    assert [incoming.passage for incoming in parsed.good if not incoming.passage.narratives] == []


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(key=KEYS.filter(lambda key: key not in ("narratives",)), words=st.lists(SPOKEN, min_size=1, max_size=2), form=SHAPES)
def test_a_second_control_is_never_passed_over(
    tmp_path_factory: pytest.TempPathFactory, key: str, words: list[str], form: str
) -> None:
    first = region("narratives", "choices", ["toll"])
    value = shape(words, form)
    second = {"from_name": key, "type": "choices", "value": value if isinstance(value, dict) else {"choices": words}}
    path = save(tmp_path_factory.mktemp("in"), "a.json", task(first, second))
    carried = {name for word in words if (name := NAMES.narrative(word))}
    unknown = [word for word in words if not NAMES.find(word)]
    found = problems(path)
    if unknown:
        assert found
    elif not found:
        [(_, _, labels)] = read(path)
        assert set(labels) == {"toll"} | carried


def test_spans_are_reported_with_a_way_to_take_them(tmp_path: Path) -> None:
    for place, shape_ in enumerate(SPANS):
        spans = region("label", shape_, ["toll"], start=0, end=4)
        path = save(tmp_path, f"{place}.json", task(spans), {**task(id_=2)})
        [told] = problems(path)
        assert told.startswith(f"{path}: task 1: these are spans: 'label' holds ")
        assert "--spans" in told
        assert read(path, spans=True) == [("A tram at 1.", "1", {"toll": None}), ("A tram at 2.", "1", {})]
    flat = save(tmp_path, "min.json", minimal("label", [{"start": 0, "end": 4, "text": "A tr", "labels": ["toll"]}]))
    assert len(problems(flat)) == len(problems(flat, labels=("label",))) == 1
    prodigy = {"text": "A tram.", "spans": [{"start": 0, "end": 4, "label": "toll"}], "answer": "accept", "_view_id": "spans"}
    path = save(tmp_path, "p.jsonl", prodigy)
    assert problems(path)[0].startswith(f"{path}:1: these are spans")
    assert read(path, spans=True) == [("A tram.", "", {"toll": None})]


def test_a_list_of_words_in_a_minimal_export_is_read(tmp_path: Path) -> None:
    path = save(tmp_path, "min.json", minimal("claim", ["toll", "school"]), {**minimal("x", None, 2)})
    assert [labels for _, _, labels in read(path)] == [{"toll": None, "school": None}, {}]


def test_single_choices_that_no_narrative_is_called_are_reported(tmp_path: Path) -> None:
    records = [minimal("claim", "Ruins the street", 1), minimal("claim", "None", 2)]
    for path in (save(tmp_path, "min.json", *records), save(tmp_path, "min.csv", *records)):
        told = problems(path)
        assert [line.split(";")[0] for line in told] == [
            f"{path}: task 1: unknown label 'Ruins the street'",
            f"{path}: task 2: unknown label 'None'",
        ]


def test_another_question_is_kept_beside_the_text_once_the_user_names_the_labels(tmp_path: Path) -> None:
    both = task(region("claim", "choices", ["toll"]), region("mood", "choices", ["angry"]))
    path = save(tmp_path, "a.json", both)
    assert "'mood' holds" in problems(path)[0]
    [entry] = read_entries(path, None, Wishes(NAMES, labels=("claim",)))
    assert (entry.values["narratives"], entry.values["mood"]) == (["toll"], ["angry"])
    [note] = entry.notes
    assert "'mood'" in note
    with pytest.raises(UserError, match="no such question or control in it; did you mean 'claim'"):
        problems(path, labels=("claims",))


def test_what_was_refused_never_comes_back_as_none(tmp_path: Path) -> None:
    path = save(tmp_path, "a.jsonl", {"text": "A tram.", "narratives": [], "labels": ["toll"]})
    [entry] = read_entries(path, None, Wishes(NAMES))
    assert "'labels' holds" in entry.problem
    assert entry.values["narratives"] == ["?"]


def test_metadata_beside_labels_is_no_annotation(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", {"id": "1", "text": "A tram.", "label": "toll", "category": "press", "tags": "a, b"})
    assert read(path) == [("A tram.", "", {"toll": None})]
    hot = save(tmp_path, "b.csv", {"id": "1", "text": "A tram.", "toll": 0, "school": 0, "category": "press"})
    assert read(hot) == [("A tram.", "", {})]


NAMED = "id text label labels narratives data annotations result value fields responses accept options answer spans annotator"
NAMED += " annotation_id metadata toll school split cats choices type from_name status annotation annotation_agent"
FIELDS = st.sampled_from([*NAMED.split(), "labels.responses", "stances", "extras", "decision"])
ODD = st.recursive(
    st.sampled_from([None, True, 0, 1.5, -1, float("nan"), "", "toll", "Ruins", "asserts", "[1", "{}", "a;b", "2026"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=st.lists(st.dictionaries(FIELDS, ODD, max_size=5), min_size=1, max_size=3),
    form=st.sampled_from([None, "jsonl", "csv", "label-studio", "doccano", "prodigy", "argilla"]),
    spans=st.booleans(),
)
@example(records=[{"text": True}, {"id": None, "narratives": True, "text": None, "label": True}], form=None, spans=False)
@example(records=[{"id": None, "spans": [None]}], form="prodigy", spans=True)
@example(records=[{"text": True, "data": [[True, True]]}], form=None, spans=True)
@example(records=[{"label": [[True, True]], "annotation_id": True}], form=None, spans=True)
def test_no_record_is_so_odd_that_it_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, records: list[Values], form: str | None, spans: bool
) -> None:
    path = save(tmp_path_factory.mktemp("in"), "a.json", *records)
    try:
        parsed = parse_entries(read_entries(path, form, Wishes(NAMES, spans=spans)), CODEBOOK, NAMES, [])
    except UserError as error:
        assert str(path) in str(error)
        return
    assert len(parsed.good) + len(parsed.bad) >= 1
