"""What the models have in common, and how a fault is worded: one clear sentence, no input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from controlplane.admin.faults import FAULT, InvalidDocument, faults_of

Model = TypeVar("Model", bound=BaseModel)

_MISSING, _UNKNOWN = "missing", "extra_forbidden"


def fault(expected: str) -> PydanticCustomError:
    """A fault in our own words: `must be ...`, without the field's name and the full stop."""
    return PydanticCustomError(FAULT, "{expected}", {"expected": expected})


def fault_at(field: str, expected: str) -> ValidationError:
    """The same for a validator of a whole model: the field that it is told of."""
    detail = InitErrorDetails(type=fault(expected), loc=(field,), input=None)
    return ValidationError.from_exception_data(field, [detail])


def told(expected: str) -> WrapValidator:
    """Words a fault of the whole value so; a fault inside it keeps its own words and place."""

    def validate(value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
        try:
            return inner(value)
        except ValidationError as error:
            if any(each["loc"] or each["type"] == FAULT for each in _details(error)):
                raise
            raise fault(expected) from None

    return WrapValidator(validate)


def one_of(names: Iterable[str]) -> WrapValidator:
    """Words the fault of a value that has to be one of these."""
    return told(f"must be one of {', '.join(names)}")


def examples(*values: Mapping[str, Any]) -> ConfigDict:
    """The `model_config` of a model that the OpenAPI document shows so."""
    return ConfigDict(json_schema_extra={"examples": [dict(value) for value in values]})


class _Closed(BaseModel):
    """A field that nothing would be done with is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    word: ClassVar[str] = "field"

    @model_validator(mode="wrap")
    @classmethod
    def _say_what_is_known(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            details = _details(error)
            if not any(each["loc"] for each in details):
                raise
            worded = [cls._worded(each) for each in details]
            raise ValidationError.from_exception_data(cls.__name__, worded) from None

    @classmethod
    def _worded(cls, detail: Any) -> InitErrorDetails:
        kind, expected = detail["type"], detail["msg"]
        if kind == _UNKNOWN:
            known = ", ".join(field.alias or name for name, field in cls.model_fields.items())
            expected = f"is not a known {cls.word} (known: {known})"
        elif kind != FAULT:
            expected = "is missing" if kind == _MISSING else "is not valid"
        return InitErrorDetails(type=fault(expected), loc=detail["loc"], input=None)


class RequestBody(_Closed):
    """What an administrator sends; its fields stand in the OpenAPI document."""


class QueryParameters(_Closed):
    """What may stand behind the question mark."""

    word: ClassVar[str] = "parameter"


class ResponseBody(BaseModel):
    """What is returned: these fields, all of them, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(model: type[Model], document: Mapping[str, Any], what: str = "request") -> Model:
    """What the document says. Raises InvalidDocument with all its faults."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidDocument(what, faults_of(_details(error))) from None


Row = TypeVar("Row", bound=ResponseBody)


class Page(ResponseBody, Generic[Row]):
    """A page of a list."""

    data: list[Row]
    next_cursor: str | None = Field(description="Null on the last page.")


def _details(error: ValidationError) -> list[Any]:
    return list(error.errors(include_url=False, include_context=False, include_input=False))
