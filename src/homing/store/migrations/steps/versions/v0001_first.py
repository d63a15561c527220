"""Events by month, homes, people, merges, aliases and secrets.

Texts compare by their bytes, as they do in SQLite and in Python. Whether an event is new is decided by `event_ids`,
which is not partitioned; `event_counts` numbers the events of a tenant in the order of their commits.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

JANUARY_2000 = 946_684_800_000_000
JANUARY_2100 = 4_102_444_800_000_000
IDS = ("lead", "anonymous", "agent", "property", "session")


def text(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[str]:
    """A column of texts that are compared by their bytes."""
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable, primary_key=key)


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """A column of 64-bit numbers, such as microseconds."""
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def numbered(name: str) -> sa.Column[int]:
    """A key that the database counts up."""
    return sa.Column(name, sa.BigInteger, sa.Identity(always=True), primary_key=True)


def upgrade() -> None:
    """Make every table."""
    events()
    op.create_table(
        "listings", numbered("revision"), text("tenant"), text("property_id"), number("at"), number("known_at"),
        text("fields"),
    )  # fmt: skip
    op.create_index("listings_of_home", "listings", ["tenant", "property_id", "at", "known_at"])
    op.create_index("listings_by_revision", "listings", ["tenant", "revision"])
    op.create_table(
        "sightings", numbered("number"), text("tenant"), number("count"), number("last_at"),
        number("first_revision"), number("last_revision"), sa.Column("body", sa.LargeBinary, nullable=False),
    )  # fmt: skip
    op.create_index("sightings_of_tenant", "sightings", ["tenant", "number"])
    op.create_index("sightings_by_time", "sightings", ["tenant", "last_at"])
    op.create_table(
        "profile_versions", numbered("revision"), text("tenant"), text("kind"), text("id"), number("known_at"),
        text("body"),
    )  # fmt: skip
    op.create_index("versions_of_profile", "profile_versions", ["tenant", "kind", "id", "revision"])
    op.create_index("profiles_by_revision", "profile_versions", ["tenant", "revision"])
    op.create_table(
        "merges", numbered("revision"), text("tenant"), text("anonymous_id"), text("lead_id", nullable=True),
        number("known_at"),
    )  # fmt: skip
    op.create_index("merges_of_visitor", "merges", ["tenant", "anonymous_id", "revision"])
    op.create_index("merges_of_lead", "merges", ["tenant", "lead_id"], postgresql_where=sa.text("lead_id IS NOT NULL"))
    op.create_index("merges_by_revision", "merges", ["tenant", "revision"])
    op.create_table(
        "aliases", text("tenant"), text("kind"), sa.Column("hash", sa.LargeBinary, nullable=False), text("lead_id"),
        number("known_at"),
    )  # fmt: skip
    op.create_index("aliases_by_hash", "aliases", ["tenant", "kind", "hash", "lead_id"], unique=True)
    op.create_index("aliases_of_lead", "aliases", ["tenant", "lead_id"])
    op.create_table("secrets", text("name", key=True), sa.Column("value", sa.LargeBinary, nullable=False))


def events() -> None:
    """The table of events, a partition a month of this century; earlier and later ones stand together."""
    op.create_table(
        "events", number("sequence"), text("tenant"), text("event_id"), text("type"), number("at"), number("known_at"),
        *(text(f"{name}_id", nullable=True) for name in IDS),
        *(text(name, nullable=True) for name in ("device_type", "source_channel", "campaign_id", "data", "outcome")),
        sa.Column("outcome_value", sa.Double), number("outcome_at", nullable=True),
        number("outcome_known_at", nullable=True), postgresql_partition_by="RANGE (at)",
    )  # fmt: skip
    op.create_index("events_by_time", "events", ["tenant", "at", "event_id"])
    op.create_index("events_by_sequence", "events", ["tenant", "sequence"])
    for name in IDS:
        given = sa.text(f"{name}_id IS NOT NULL")
        op.create_index(f"events_of_{name}", "events", ["tenant", f"{name}_id", "at"], postgresql_where=given)
    for name, first, end in (("before", "MINVALUE", JANUARY_2000), ("after", JANUARY_2100, "MAXVALUE")):
        op.execute(f"CREATE TABLE events_{name} PARTITION OF events FOR VALUES FROM ({first}) TO ({end})")
    op.create_table("event_ids", text("tenant", key=True), text("event_id", key=True), number("at"))
    op.create_table("event_counts", text("tenant", key=True), number("last"))


def downgrade() -> None:
    """Drop every table, and with them all data."""
    for name in (
        "secrets", "aliases", "merges", "profile_versions", "sightings", "listings", "event_counts", "event_ids",
        "events",
    ):  # fmt: skip
        op.drop_table(name)
