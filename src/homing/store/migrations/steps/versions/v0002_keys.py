"""Keys of the API, each found by its hash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of keys."""
    texts = [sa.Column(name, sa.Text(collation="C"), nullable=False) for name in ("tenant", "id", "scope", "origins")]
    op.create_table(
        "keys", sa.Column("hash", sa.LargeBinary, primary_key=True), *texts,
        sa.Column("created_at", sa.BigInteger, nullable=False), sa.Column("revoked_at", sa.BigInteger),
    )  # fmt: skip
    op.create_index("keys_by_id", "keys", ["tenant", "id"], unique=True)


def downgrade() -> None:
    """Drop it; without keys whoever reaches the server may call."""
    op.drop_table("keys")
