"""What an organisation has, under the names that files give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from controlplane.cli import app, key, price, provider, route, whoami
from controlplane.cli.errors import CommandError
from controlplane.cli.options import path, segment
from controlplane.cli.policy.subcommands import PATH as POLICIES

if TYPE_CHECKING:
    from controlplane.cli.admin_client import AdminClient, Response

Document = Mapping[str, Any]
Row = Mapping[str, Any]

# What a row says beside its document: where it is, and what becomes of it.
_ADDRESS = {"routes": ("alias",), "prices": ("provider", "model", "source")}
ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One thing that is stored: where, and the document that a file would hold."""

    address: str
    document: Document


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything, by section and name. `own_key` is the name of the key that asks."""

    organization_id: str
    providers: frozenset[str]
    sections: Mapping[str, dict[str, StoredDocument]]
    key_ids: dict[str, str]
    own_key: str | None = None
    left_out: list[str] = field(default_factory=list)

    def address(self, section: str, name: str) -> str:
        """Where the document of a name is written. Raises CommandError for a key that is unknown,
        and for a name that no address can hold."""
        if section == "routes":
            return f"{route.PATH}/{path(name)}"
        if section == "prices":
            kind, _, model = name.partition("/")
            return f"{price.PATH}/{segment(kind)}/{path(model)}"
        level, _, subject = name.partition("/")
        if level == ORGANIZATION:
            subject = self.organization_id
        if level == "api-key":
            if subject not in self.key_ids:
                raise CommandError(f"There is no key '{subject}'.")
            subject = self.key_ids[subject]
        return f"{POLICIES}/{level}/{segment(subject)}"


def document_of(section: str, row: Row) -> Document:
    """What a file says of a row that the gateway returns."""
    if section == "applications":
        return {"name": row["name"]}
    if section == "keys":
        expiry = {"expires_at": row["expires_at"]} if row["expires_at"] else {}
        return {"role": row["role"], **expiry}
    if section == "policies":
        stated: Document = row["document"]
        return stated
    address = _ADDRESS[section]
    return {name: value for name, value in row.items() if name not in address and value is not None}


def read_stored(gateway: AdminClient) -> Inventory:
    """All that the organisation has. Raises CommandError."""
    me = gateway.get(whoami.PATH).body
    kinds = gateway.listing(provider.PATH).rows
    sections: dict[str, dict[str, StoredDocument]] = {
        "applications": {
            row["id"]: _entry("applications", f"{app.PATH}/{segment(row['id'])}", row)
            for row in gateway.listing(app.PATH).rows
        },
        "routes": {
            row["alias"]: _entry("routes", f"{route.PATH}/{path(row['alias'])}", row)
            for row in gateway.listing(route.PATH).rows
        },
    }
    sections["prices"] = {}
    for row in gateway.listing(price.PATH).rows:
        address = f"{price.PATH}/{segment(row['provider'])}/{path(row['model'])}"
        sections["prices"][f"{row['provider']}/{row['model']}"] = _entry("prices", address, row)
    stored = Inventory(
        organization_id=str(me.get("organization_id")),
        providers=frozenset(name for kind in kinds for name in kind["providers"]),
        sections=sections,
        key_ids={},
    )
    return _with_keys_and_policies(stored, gateway, str(me.get("subject")))


def fresh(
    gateway: AdminClient, section: str, entry: StoredDocument
) -> tuple[StoredDocument, Response]:
    """The entry as it is now, and the answer whose ETag a write is held to."""
    found = gateway.get(entry.address)
    return StoredDocument(entry.address, document_of(section, found.body)), found


def key_name(row: Row) -> str:
    """`app-support/Production`; a key without an application begins with the slash."""
    return f"{row['application_id'] or ''}/{row['name']}"


def _with_keys_and_policies(stored: Inventory, gateway: AdminClient, subject: str) -> Inventory:
    keys: dict[str, StoredDocument] = {}
    of_lineage: dict[str, str] = {}
    own_key = None
    # Newest first: during an overlap that is the one which stays.
    for row in gateway.listing(key.PATH, {"state": "active"}).rows:
        name = key_name(row)
        if subject == f"key:{row['id']}":
            own_key = name
        if name not in keys:
            stored.key_ids[name] = row["id"]
            of_lineage[row["lineage"]] = name
            keys[name] = _entry("keys", f"{key.PATH}/{segment(row['id'])}", row)
        elif row["lineage"] not in of_lineage:
            stored.left_out.append(
                f"A second key is called '{name}' ({row['id']}): it is left out."
            )
    policies: dict[str, StoredDocument] = {}
    for row in gateway.listing(POLICIES).rows:
        policy_name = _policy_name(row, stored, of_lineage)
        if policy_name is not None:
            address = f"{POLICIES}/{row['level']}/{segment(row['subject_id'])}"
            policies[policy_name] = _entry("policies", address, row)
    sections = {**stored.sections, "keys": keys, "policies": policies}
    return Inventory(
        stored.organization_id,
        stored.providers,
        sections,
        stored.key_ids,
        own_key,
        stored.left_out,
    )


def _policy_name(row: Row, stored: Inventory, of_lineage: Mapping[str, str]) -> str | None:
    """None where the policy belongs to something that is deleted: its history stays, and it governs
    nothing."""
    level, subject_id = row["level"], row["subject_id"]
    if level == ORGANIZATION:
        return ORGANIZATION
    if level == "api-key":
        name = of_lineage.get(subject_id)
        return None if name is None else f"{level}/{name}"
    if level == "application" and subject_id not in stored.sections["applications"]:
        return None
    return f"{level}/{subject_id}"


def _entry(section: str, address: str, row: Row) -> StoredDocument:
    return StoredDocument(address, document_of(section, row))
