"""Putting what an operator typed into a message: what does not fit is their error, told in words, and no traceback."""

from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from revocation.errors import InputError

_Model = TypeVar("_Model", bound=BaseModel)
_ADVICE: Final = {
    "string_too_long": "shorten it",
    "string_too_short": "give it",
    "too_long": "ask several times, for some of them each",
    "too_short": "name at least one",
}


def fill(model: type[_Model], **fields: object) -> _Model:
    """A body, or a message, with these fields.

    Raises:
        InputError: a field is too long, empty or of another form; says which and what is wanted.
    """
    try:
        return model(**fields)
    except ValidationError as error:
        problem = error.errors()[0]
        first, *rest = problem["loc"] or ("message",)
        place = ", ".join((str(first), *(f"number {1 + part}" for part in rest if isinstance(part, int))))
        raise InputError(_words(problem), where=place, advice=_ADVICE.get(problem["type"], "see --help")) from error


def _words(problem: ErrorDetails) -> str:
    bounds = problem.get("ctx", {})
    match problem["type"]:
        case "string_too_long":
            return f"has more than {bounds['max_length']} characters"
        case "string_too_short" | "too_short":
            return "is empty"
        case "too_long":
            return f"there are {bounds['actual_length']}, and at most {bounds['max_length']} in one message"
    return problem["msg"]
