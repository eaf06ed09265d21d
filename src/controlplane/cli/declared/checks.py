"""What a document means once it is stored, by the gateway's own models: they say what is right, and
what a field that is left out stands for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.models.api_keys import NewKey
from controlplane.admin.models.directory import NewApplication
from controlplane.admin.models.model import read
from controlplane.admin.models.prices import PriceDocument
from controlplane.admin.models.routes import RouteDocument
from controlplane.admin.policies import check_document
from controlplane.admin.prices import own_price
from controlplane.admin.routes import route_of
from controlplane.domain.policy import Level
from controlplane.errors import InvalidRequest

Document = Mapping[str, Any]
Faults = list[tuple[str, str]]


def faults_of(section: str, name: str, document: Document, providers: Collection[str]) -> Faults:
    """Pairs of a field and what is wrong with it; the field is empty for the whole."""
    try:
        meaning(section, name, document, providers)
    except InvalidDocument as error:
        return list(error.faults)
    except InvalidRequest as error:
        return [("", error.message)]
    return []


def meaning(section: str, name: str, document: Document, providers: Collection[str]) -> Document:
    """The row that the gateway would return. Raises InvalidRequest with all that is wrong."""
    row = _row(section, name, document, providers)
    as_json: Document = orjson.loads(orjson.dumps(row))
    return as_json


def _row(section: str, name: str, document: Document, providers: Collection[str]) -> Document:
    match section:
        case "applications":
            return read(NewApplication, {**document, "id": name}).model_dump()
        case "keys":
            application, slash, key = name.partition("/")
            if not slash:
                raise InvalidRequest("A key is named APP/NAME; one without application /NAME.")
            owner = {"application_id": application} if application else {}
            # What is left out stays as it is.
            wanted = read(NewKey, {**document, **owner, "name": key})
            row = wanted.model_dump(mode="json", include=set(document))
            if wanted.expires_at is not None:
                row["expires_at"] = wanted.expires_at.isoformat()
            return row
        case "routes":
            return route_of(name, read(RouteDocument, document), providers).to_dict()
        case "prices":
            provider, slash, model = name.partition("/")
            if not slash:
                raise InvalidRequest("A price is named PROVIDER/MODEL, such as openai/gpt-5.5.")
            return own_price(provider, model, read(PriceDocument, document), providers).to_dict()
        case _:
            level, _, subject = name.partition("/")
            if level not in set(Level) or (level == Level.ORGANIZATION) == bool(subject):
                raise InvalidRequest(
                    "A policy is named organization, application/APP, api-key/APP/NAME or user/SUB."
                )
            check_document(document)
            return {"document": document}
