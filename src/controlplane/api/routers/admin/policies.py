"""Policies: what an organisation, an application, an API key or a user may do, and how much."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from controlplane.admin.models.model import Page, one_of
from controlplane.admin.models.pages import cursor_at
from controlplane.admin.models.policies import (
    EXAMPLES,
    EffectiveQuery,
    EffectiveShown,
    PolicyBody,
    PolicyQuery,
    PolicyShown,
    Rollback,
    Validated,
    VersionQuery,
)
from controlplane.admin.outage import unavailable
from controlplane.admin.policies import PolicyAdministration, check_aside, not_found, tag
from controlplane.api.routers.admin.dependencies import Asking, Reading, Writing
from controlplane.api.routers.admin.route import AdminRoute, created, refusals
from controlplane.domain.policy import Level, PolicyEntry
from controlplane.errors import InvalidRequest, NotFound
from controlplane.policy.effective import (
    describe,
    describe_shadow,
    describe_source,
    effective_policy,
)
from controlplane.policy.validity import in_force
from controlplane.wiring import Container

router = APIRouter(prefix="/admin/v1/policies", tags=["admin: policies"], route_class=AdminRoute)
LevelPath = Annotated[
    Level, one_of(Level), Path(description="Where it is attached.", examples=["application"])
]
SubjectPath = Annotated[
    str,
    Path(
        description="The id of the organisation, the application or the API key; for the level "
        "`user` the `sub` of its token.",
        examples=["app-default"],
    ),
]
Document = Annotated[PolicyBody, Body(openapi_examples=EXAMPLES)]
UNKNOWN = refusals({404: "The organisation has no such policy or subject."})
FAULTS = refusals({400: "Not a policy: every fault, by its field."})
NO_ROLLBACK = refusals({400: "The version is a removal, or would not be taken today."})
_UNREAD = "The policies cannot be read at the moment. Try again."


@router.get("", summary="List policies")
async def list_policies(asked: Asking, query: Annotated[PolicyQuery, Query()]) -> Page[PolicyShown]:
    """By level and subject. A developer sees the organisation's, its application's, and those of
    its application's keys."""
    with unavailable(_UNREAD):
        page, has_more = await asked.parts.policy_repository.page(
            asked.caller.org_id,
            limit=query.limit,
            after=query.after,
            level=query.level,
            of_application=asked.own_application,
        )
    return _page(page, cursor_at(page[-1].id) if has_more else None)


@router.get("/effective", summary="The merged policy of a caller", responses=UNKNOWN)
async def get_effective(asked: Asking, query: Annotated[EffectiveQuery, Query()]) -> EffectiveShown:
    """What holds for the next request with this application, key or user: every limit with the
    scope that counts it, what is only tried out, and the documents it comes from, those of another
    time included."""
    of_application = asked.own_application
    if query.key_id is not None and query.user_id is not None:
        raise InvalidRequest("A caller has either a key or a user.", param="user_id")
    if of_application is not None and query.user_id not in (None, asked.caller.user_id):
        raise NotFound("There is no such user.", param="user_id")
    with unavailable(_UNREAD):
        subject, documents = await asked.parts.policy_repository.of_caller(
            asked.caller.org_id,
            application_id=query.application_id,
            key_id=query.key_id,
            user_id=query.user_id,
            of_application=of_application,
        )
    now = time.time()
    policy = effective_policy(subject, [entry for entry in documents if in_force(entry, now)])
    body = {
        "application_id": subject.application_id,
        "key_id": subject.key_id,
        "user_id": subject.user_id,
        "version": policy.version,
        "policy": describe(policy),
        "shadow": describe_shadow(policy),
        "documents": [describe_source(entry, now) for entry in documents],
    }
    return EffectiveShown.model_validate(body)


@router.post("/validate", summary="Check a policy document", responses=FAULTS)
async def validate_policy(asked: Asking, document: Document) -> Validated:
    """Nothing is stored. A document that is wrong is answered with all its faults at once."""
    await check_aside(document.root)
    return Validated()


@router.get(
    "/{level}/{subject_id}",
    summary="The policy of one subject",
    response_model=PolicyShown,
    responses=UNKNOWN,
)
async def get_policy(
    asked: Reading, level: LevelPath, subject_id: SubjectPath
) -> PolicyShown | Response:
    """The document as it was written, and its `ETag`; 304 where `If-None-Match` names that."""
    with unavailable(_UNREAD):
        entry = await asked.parts.policy_repository.get(
            asked.caller.org_id, level, subject_id, of_application=asked.own_application
        )
    if entry is None:
        raise not_found(level)
    return asked.unless_known(_shown(entry), tag(entry))


@router.put(
    "/{level}/{subject_id}",
    summary="Write a policy",
    responses=created(PolicyShown) | UNKNOWN | FAULTS,
)
async def put_policy(
    asked: Writing, level: LevelPath, subject_id: SubjectPath, document: Document
) -> PolicyShown:
    """The body is the whole document. It holds from the next request on, as a new version.
    Writing the same again changes nothing, and succeeds."""
    await check_aside(document.root)
    entry, is_new = await _administration(asked.parts).put(
        asked.actor, (level, subject_id), document.root, asked.condition
    )
    asked.response.status_code = 201 if is_new else 200
    return asked.tagged(_shown(entry), tag(entry))


@router.delete(
    "/{level}/{subject_id}", status_code=204, summary="Remove a policy", responses=UNKNOWN
)
async def delete_policy(asked: Writing, level: LevelPath, subject_id: SubjectPath) -> None:
    """The level says nothing from the next request on. Its versions stay, and can be rolled back
    to."""
    await _administration(asked.parts).remove(asked.actor, (level, subject_id), asked.condition)


@router.get(
    "/{level}/{subject_id}/versions",
    summary="The history of a policy, newest first",
    responses=UNKNOWN,
)
async def list_versions(
    asked: Asking,
    level: LevelPath,
    subject_id: SubjectPath,
    query: Annotated[VersionQuery, Query()],
) -> Page[PolicyShown]:
    """Every document that was ever in force; `document` is null where the policy was removed."""
    with unavailable(_UNREAD):
        page, has_more = await asked.parts.policy_repository.versions(
            asked.caller.org_id,
            level,
            subject_id,
            limit=query.limit,
            before=query.before,
            of_application=asked.own_application,
        )
    if not page and query.cursor is None:
        raise not_found(level)
    return _page(page, cursor_at(str(page[-1].version)) if has_more else None)


@router.post(
    "/{level}/{subject_id}/rollback",
    summary="Go back to an older version",
    responses=UNKNOWN | NO_ROLLBACK,
)
async def roll_back_policy(
    asked: Writing, level: LevelPath, subject_id: SubjectPath, wanted: Rollback
) -> PolicyShown:
    """The document of that version holds again from the next request on, as a new version."""
    entry = await _administration(asked.parts).roll_back(
        asked.actor, (level, subject_id), wanted.version, asked.condition
    )
    return asked.tagged(_shown(entry), tag(entry))


def _administration(parts: Container) -> PolicyAdministration:
    return PolicyAdministration(
        parts.policy_repository,
        parts.configuration_repository,
        parts.configuration_cache,
        parts.ledger_keeper,
    )


def _page(page: list[PolicyEntry], next_cursor: str | None) -> Page[PolicyShown]:
    return Page(data=[_shown(entry) for entry in page], next_cursor=next_cursor)


def _shown(entry: PolicyEntry) -> PolicyShown:
    return PolicyShown.model_validate(entry.to_dict())
