"""The bodies of requests: forms of our own pages, JSON of programs; anything else is refused with a reason."""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from narratives.serve.guard.problems import Problem

_FIELDS = 1000  # of a form
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


async def read_form(request: Request) -> dict[str, list[str]]:
    """The fields of a form, each with all its values; `Problem` where it did not come from one of our pages."""
    _need_type(request, _FORM)
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict", encoding="utf-8")
    except ValueError:
        raise Problem(400, "this is no form: UTF-8, percent-encoded, at most a thousand fields") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    if not request.state.sessions.is_csrf(request.state.session, "".join(fields.pop("csrf", []))):
        raise Problem(403, "this form is of a page that was opened before the server began anew; open the page again")
    return fields


def take_one(fields: dict[str, list[str]], name: str) -> str:
    """The one value of a field; empty where it is not there."""
    return fields.get(name, [""])[-1]


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a request; `Problem` says what is wrong with it."""
    _need_type(request, _JSON)
    try:
        value = _DECODER.decode((await request.body()).decode("utf-8"))
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Problem(400, f"broken JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Problem(400, "broken JSON: nested too deeply") from None
    except ValueError as error:
        raise Problem(400, f"broken JSON: {str(error)[:100]}") from None
    if not isinstance(value, dict):
        raise Problem(422, 'the body must be an object such as {"texts": ["..."]}')
    return value


def is_text(value: object) -> bool:
    """Whether a value is a text that UTF-8 can hold: JSON can write halves of characters."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _need_type(request: Request, wanted: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise Problem(415, f"Content-Type must be {wanted}, not '{given[:80]}'")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)  # made once: it takes longer than a short text to decode
