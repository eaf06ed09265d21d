"""The policies of an organisation, each with the name of whose it is."""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import ApiKeyRow, Application, Organization, Policy
from controlplane.domain.budget import Owner
from controlplane.domain.policy import Level, PolicyDocument

_NAMES = {
    Level.ORGANIZATION: Organization.name,
    Level.APPLICATION: Application.name,
    Level.API_KEY: ApiKeyRow.name,
}
_QUERY = (
    select(Policy.level, Policy.subject_id, Policy.version, Policy.document, *_NAMES.values())
    .outerjoin(
        Organization, and_(Policy.level == Level.ORGANIZATION, Organization.id == Policy.subject_id)
    )
    .outerjoin(
        Application,
        and_(
            Policy.level == Level.APPLICATION,
            Application.org_id == Policy.org_id,
            Application.id == Policy.subject_id,
        ),
    )
    .outerjoin(
        ApiKeyRow,
        and_(
            Policy.level == Level.API_KEY,
            ApiKeyRow.org_id == Policy.org_id,
            ApiKeyRow.id == Policy.subject_id,
        ),
    )
)


class BudgetOwners:
    """Raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def policies(
        self, org_id: str, *, application_id: str | None = None
    ) -> list[tuple[PolicyDocument, Owner]]:
        """All of them; of one application its own and those of its keys."""
        query = _QUERY.where(Policy.org_id == org_id)
        if application_id is not None:
            own = and_(Policy.level == Level.APPLICATION, Policy.subject_id == application_id)
            query = query.where(or_(own, ApiKeyRow.application_id == application_id))
        async with self._database.tenant(org_id) as connection:
            rows = (await connection.execute(query)).all()
        found = []
        for level_name, subject_id, version, document, *names in rows:
            level = Level(level_name)
            name = dict(zip(_NAMES, names, strict=True)).get(level)
            entry = PolicyDocument(level, subject_id, version, document)
            found.append((entry, Owner(level, subject_id, name)))
        return found
