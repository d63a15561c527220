"""What is refused for want of a key or of what it may do, by the sentence it brings."""

from __future__ import annotations

from api_ground import Served, build

from homing.services.keys import CreateKey

__all__ = ["TABLE"]


def keyed(ground, scope="read", origins=()) -> tuple[Served, dict[str, str]]:
    """The API once there is a key, and the headers that carry it."""
    served = build(ground.new())
    text = CreateKey(served.keys, "default", lambda: 1)(scope, origins).text
    return served, {"Authorization": f"Bearer {text}"}


TABLE = {
    "This needs a key that counts.": lambda ground: keyed(ground)[0].client.get("/v1/leads/ann/features"),
}
