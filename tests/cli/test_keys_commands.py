"""`homing keys`, and what a server may listen on once there is one."""

from __future__ import annotations

import pytest
from cli_ground import command

from homing.cli.serve import check_address
from homing.core.errors import BadInput
from homing.core.settings import Settings
from homing.wiring import build


def test_a_key_is_made_listed_and_revoked_each_tenant_apart(tmp_path):
    made = command("--data-dir", tmp_path, "keys", "create", "--scope", "write", "--tenant", "acme", "--json").json
    assert made["key"].startswith("homing_write_")
    shown = command("--data-dir", tmp_path, "--tenant", "acme", "--json", "keys", "list")
    assert made["key"] not in shown.out
    assert [(one["id"], one["revoked_at"]) for one in shown.json["keys"]] == [(made["id"], None)]
    assert command("--data-dir", tmp_path, "keys", "revoke", made["id"]).code == 2
    assert command("--data-dir", tmp_path, "--tenant", "acme", "keys", "revoke", made["id"]).code == 0
    (revoked,) = command("--data-dir", tmp_path, "--tenant", "acme", "--json", "keys", "list").json["keys"]
    assert revoked["revoked_at"] is not None


def test_another_address_than_loopback_is_for_servers_with_a_key(tmp_path):
    keys = build(Settings(data_dir=tmp_path)).keys
    with pytest.raises(BadInput, match="loopback"):
        check_address("0.0.0.0", 0, locked=lambda: keys.find(b"").any)
    assert command("--data-dir", tmp_path, "keys", "create", "--scope", "read").code == 0
    check_address("0.0.0.0", 0, locked=lambda: keys.find(b"").any)
