"""Policies: what an organisation, an application, an API key or a user may do, and how much."""

from __future__ import annotations

import time
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.admin.fields import check_fields, fault
from controlplane.admin.outage import unavailable
from controlplane.admin.policies import PolicyAdministration, check_document, not_found, tag
from controlplane.admin.precondition import Precondition
from controlplane.api.access import Permitted, actor_of, own_application
from controlplane.api.inbound import read_call
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.routers.admin import policy_openapi as openapi
from controlplane.api.routers.admin.answers import object_response, page_response, read_response
from controlplane.domain.body import parse_object
from controlplane.domain.policy import Level, PolicyEntry
from controlplane.errors import InvalidRequest, NotFound
from controlplane.policy.effective import (
    describe,
    describe_shadow,
    describe_source,
    effective_policy,
)
from controlplane.policy.validity import in_force

router = APIRouter(prefix="/admin/v1/policies", tags=["admin: policies"])
LevelPath = Annotated[
    str,
    Path(
        alias="level",
        description=openapi.LEVEL,
        examples=["application"],
        json_schema_extra={"enum": list(Level)},
    ),
]
SubjectPath = Annotated[
    str, Path(alias="subject_id", description=openapi.SUBJECT, examples=["app-default"])
]
_UNREAD = "The policies cannot be read at the moment. Try again."
MAX_VERSION = 2_147_483_647


@router.get("", summary="List policies", openapi_extra=openapi.LIST)
async def list_policies(request: Request, caller: Permitted) -> Response:
    """By level and subject. A developer sees the organisation's, its application's, and those of
    its application's keys."""
    query = request.query_params
    limit, cursor = read_limit(query), read_cursor(query)
    after = None if cursor is None else cursor.partition("/")[::2]
    level = query.get("level")
    if level is not None and level not in list(Level):
        raise fault("level", f"must be one of {', '.join(Level)}")
    with unavailable(_UNREAD):
        page, has_more = await request.app.state.container.policy_repository.page(
            caller.org_id,
            limit=limit,
            after=after,
            level=level and Level(level),
            of_application=own_application(caller),
        )
    return _page(page, cursor_at(page[-1].id) if has_more else None)


@router.get("/effective", summary="The merged policy of a caller", openapi_extra=openapi.EFFECTIVE)
async def get_effective(request: Request, caller: Permitted) -> Response:
    """What holds for the next request with this application, key or user: every limit with the
    scope that counts it, what is only tried out, and the documents it comes from, those of another
    time included."""
    query = request.query_params
    of_application = own_application(caller)
    user_id = query.get("user_id")
    if "key_id" in query and user_id is not None:
        raise InvalidRequest("A caller has either a key or a user.", param="user_id")
    if of_application is not None and user_id not in (None, caller.user_id):
        raise NotFound("There is no such user.", param="user_id")
    with unavailable(_UNREAD):
        subject, documents = await request.app.state.container.policy_repository.of_caller(
            caller.org_id,
            application_id=query.get("application_id"),
            key_id=query.get("key_id"),
            user_id=user_id,
            of_application=of_application,
        )
    now = time.time()
    policy = effective_policy(subject, [entry for entry in documents if in_force(entry, now)])
    return _json(
        {
            "application_id": subject.application_id,
            "key_id": subject.key_id,
            "user_id": subject.user_id,
            "version": policy.version,
            "policy": describe(policy),
            "shadow": describe_shadow(policy),
            "documents": [describe_source(entry, now) for entry in documents],
        }
    )


@router.post("/validate", summary="Check a policy document", openapi_extra=openapi.VALIDATE)
async def validate_policy(request: Request, caller: Permitted) -> Response:
    """Nothing is stored. A document that is wrong is answered with all its faults at once."""
    await _read_document(request)
    return _json({"valid": True})


@router.get("/{level}/{subject_id}", summary="The policy of one subject", openapi_extra=openapi.GET)
async def get_policy(
    request: Request, level_name: LevelPath, subject_id: SubjectPath, caller: Permitted
) -> Response:
    """The document as it was written, and its `ETag`; 304 where `If-None-Match` names that."""
    level = _level(level_name)
    with unavailable(_UNREAD):
        entry = await request.app.state.container.policy_repository.get(
            caller.org_id, level, subject_id, of_application=own_application(caller)
        )
    if entry is None:
        raise not_found(level)
    return read_response(request, entry.to_dict(), tag(entry))


@router.put("/{level}/{subject_id}", summary="Write a policy", openapi_extra=openapi.PUT)
async def put_policy(
    request: Request, level_name: LevelPath, subject_id: SubjectPath, caller: Permitted
) -> Response:
    """The body is the whole document. It holds from the next request on, as a new version.
    Writing the same again changes nothing, and succeeds."""
    subject = _level(level_name), subject_id
    document = await _read_document(request)
    condition = Precondition.of_headers(request.headers)
    entry, is_new = await _administration(request).put(
        actor_of(caller, request), subject, document, condition
    )
    return object_response(entry.to_dict(), tag(entry), 201 if is_new else 200)


@router.delete(
    "/{level}/{subject_id}",
    status_code=204,
    summary="Remove a policy",
    openapi_extra=openapi.DELETE,
)
async def delete_policy(
    request: Request, level_name: LevelPath, subject_id: SubjectPath, caller: Permitted
) -> Response:
    """The level says nothing from the next request on. Its versions stay, and can be rolled back
    to."""
    condition = Precondition.of_headers(request.headers)
    subject = _level(level_name), subject_id
    await _administration(request).remove(actor_of(caller, request), subject, condition)
    return Response(status_code=204)


@router.get(
    "/{level}/{subject_id}/versions",
    summary="The history of a policy, newest first",
    openapi_extra=openapi.VERSIONS,
)
async def list_versions(
    request: Request, level_name: LevelPath, subject_id: SubjectPath, caller: Permitted
) -> Response:
    """Every document that was ever in force; `document` is null where the policy was removed."""
    level, query = _level(level_name), request.query_params
    limit, cursor = read_limit(query), read_cursor(query)
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise fault("cursor", "is not one that a list answered")
    with unavailable(_UNREAD):
        page, has_more = await request.app.state.container.policy_repository.versions(
            caller.org_id,
            level,
            subject_id,
            limit=limit,
            before=None if cursor is None else int(cursor),
            of_application=own_application(caller),
        )
    if not page and cursor is None:
        raise not_found(level)
    return _page(page, cursor_at(str(page[-1].version)) if has_more else None)


@router.post(
    "/{level}/{subject_id}/rollback",
    summary="Go back to an older version",
    openapi_extra=openapi.ROLLBACK,
)
async def roll_back_policy(
    request: Request, level_name: LevelPath, subject_id: SubjectPath, caller: Permitted
) -> Response:
    """The document of that version holds again from the next request on, as a new version."""
    subject = _level(level_name), subject_id
    body = parse_object((await read_call(request)).body)
    check_fields(body, "version")
    version = body.get("version")
    if type(version) is not int or not 1 <= version <= MAX_VERSION:
        raise fault("version", "must be the number of a version")
    condition = Precondition.of_headers(request.headers)
    entry = await _administration(request).roll_back(
        actor_of(caller, request), subject, version, condition
    )
    return object_response(entry.to_dict(), tag(entry))


def _administration(request: Request) -> PolicyAdministration:
    parts = request.app.state.container
    return PolicyAdministration(
        parts.policy_repository,
        parts.configuration_repository,
        parts.configuration_cache,
        parts.ledger_keeper,
    )


async def _read_document(request: Request) -> dict[str, Any]:
    body = (await read_call(request)).body
    document = parse_object(body)
    check_document(document, len(body))
    return document


def _level(name: str) -> Level:
    try:
        return Level(name)
    except ValueError:
        raise NotFound(f"A level is one of {', '.join(Level)}.", param="level") from None


def _page(page: list[PolicyEntry], next_cursor: str | None) -> Response:
    return page_response([entry.to_dict() for entry in page], next_cursor)


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
