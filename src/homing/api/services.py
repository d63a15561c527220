"""What the API is given to work with; `wiring` builds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from homing.core.clock import Clock, system_clock
from homing.core.signing import Signer
from homing.interfaces import IFeatureEngineer, Recommendations
from homing.market.catalogue import Catalogue
from homing.people.directory import Directory
from homing.personalization.answer_token import AnswerToken
from homing.personalization.ask import Ask
from homing.personalization.leads_for import LeadsAnswer
from homing.personalization.realtime_engine import RealtimePersonalization
from homing.personalization.similar import SimilarHome
from homing.store.events import EventStore
from homing.store.keys import KeyStore
from homing.trust.denied import DENIED, Denied

__all__ = ["ApiServices", "Check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a deployment needs: whether it is there, and what to do if not. `required` ones decide readiness."""

    name: str
    ok: bool
    hint: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """The collaborators of the routes, all of one tenant.

    `answer` gives recommendations, `leads_for` the leads who want a home, `similar` homes like one; they may block.
    `realtime` answers whoever listens anew. `token` reads what a `recommendation_id` says, and refuses one that this
    tenant did not give out. `checks` may block and tells whether events can be stored. `denied` are the fields that no
    route keeps. `shoppers` seals the tokens that say who a page's shopper is.
    """

    store: EventStore
    tenant: str
    catalogue: Catalogue
    directory: Directory
    engineer: IFeatureEngineer
    answer: Callable[[Ask], Recommendations]
    token: Callable[[str], AnswerToken]
    leads_for: Callable[[str, int], LeadsAnswer]
    similar: Callable[[str, int], Sequence[SimilarHome]]
    realtime: RealtimePersonalization
    checks: Callable[[], Sequence[Check]]
    clock: Clock = system_clock
    denied: Denied = DENIED
    keys: KeyStore
    shoppers: Signer
