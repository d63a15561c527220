"""Every constant of the simulation, with its source, in one place; `fingerprint()` names the set in reports.

Sources in brackets: [zillow] median days to pending in US metros 2019-2024 between 6 and 28; [redfin] 8-10 tours and
1.6-1.8 offers before a purchase, 73-76 days from the first tour to the keys, 2018-19; [nar] 8-12 weeks of search, half
of the homes bought first seen online, 2 partners in about 7 of 10 purchases; [google] 55 minutes a day on home pages;
[alerts] Piazzesi, Schneider and Stroebel on e-mail alerts: a mixture of narrow and broad searchers; [portal] about
.5-1 % inquiries a view, .4-3 % of leads close, 1 visitor in 5 is in the market; [response] Oldroyd 2011: leads answered
after 42 hours on average, 23 % never; [hedonic] fields and postal code explain 88 % of the variance of log price in
King County; [judged] chosen by us so that the moments above come out. `benchmarks/simulator_moments.py` prints every
published moment beside the simulated one; its last row in the quality ledger names the constants that it holds for.
"""

from __future__ import annotations

import hashlib

# -- market
BURN_IN_DAYS = 60  # homes listed before the first day, so that the market is in its stride [judged]
MEDIAN_DAYS_TO_PENDING = 18.0  # [zillow]
SPREAD_DAYS_TO_PENDING = 0.85  # standard deviation of the logarithm [judged]
OVERPRICING = 0.04  # standard deviation of log(list price / value) [judged]
OVERPRICED_STAYS = 5.0  # log days to pending for each unit of log overpricing: 4 % too dear stays 22 % longer [judged]
CUT_AFTER_DAYS = (14.0, 28.0, 42.0)  # a price cut is considered about then [judged]
CUT_CHANCE = (0.25, 0.40, 0.50)  # rises with days on the market [judged]
CUT_SIZE = (0.01, 0.05)  # share of the price [judged]
FALL_THROUGH = 0.05  # share of pending sales that come back [judged]
BACK_AFTER_DAYS = 8.0
DAYS_TO_CLOSE = 32.0  # from pending to closed [judged]
LISTING_WEEKDAYS = (0.15, 0.16, 0.19, 0.23, 0.17, 0.06, 0.04)  # Monday first; Thursday is the favourite [judged]

# -- households
TWO_PARTNERS = 0.7  # [nar]
BOTH_REGISTER = 0.15  # share of couples in which both have an account of their own [judged]
DISAGREEMENT = 0.15  # utility lost per unit of disagreement of the partners [judged]
BUDGET_SPREAD = 0.30  # standard deviation of log budget within a segment [judged]
BEDS_HARD = 0.9  # [judged]
AREAS_HARD = 0.6  # [judged]
NARROW = 0.6  # searchers of 1-2 areas; the others name 3-4 [alerts]
MUST_HAVES = (0.25, 0.40, 0.25, 0.10)  # chance of 0, 1, 2, 3 [judged]
FEWEST_ELIGIBLE = 0.01  # share of the market a household's hard limits leave at least; else it drops wishes [judged]
STATED = {"price_max": 0.6, "bedrooms_min": 0.5, "areas": 0.35, "types": 0.3}  # share of leads who told us [judged]
ANSWERED = 0.45  # chance that a lead answered one of the seven questions [judged]

# -- the mean and spread of tastes: utility for one unit of each attribute (see taste.py) [judged]
TASTES: dict[str, tuple[float, float]] = {
    "price": (-1.2, 0.5),  # log(price / comfortable price)
    "over": (-9.0, 2.0),  # the part of it above zero
    "size_gap": (-3.0, 0.8),  # |log(living area / wanted)|
    "baths": (0.25, 0.2),
    "lot": (0.15, 0.5),
    "newness": (0.15, 0.6),
    "grade": (0.5, 0.3),
    "condition": (0.25, 0.25),
    "view": (0.25, 0.35),
    "waterfront": (0.3, 0.6),
    "distance": (-1.1, 0.4),  # log(1 + km to the nearest anchor / 3)
    "in_area": (0.9, 0.3),
    "appeal": (0.3, 0.1),  # what everyone sees in the photos and no field holds: with styles an eighth [hedonic]
    "style_1": (0.0, 0.35),  # what some love and some hate, and no field holds
    "style_2": (0.0, 0.35),
}
PARTNERS_APART = 0.6  # a partner's own spread of tastes, as a share of the household's [judged]
SEGMENTS: dict[str, dict[str, object]] = {  # [judged]; `budget` is log(cap / median price)
    "first_time": {"share": 0.32, "budget": -0.12, "beds": (1, 2, 3), "lean": {"price": -0.5, "newness": 0.1}},
    "move_up": {"share": 0.28, "budget": 0.30, "beds": (3, 4), "lean": {"grade": 0.2, "lot": 0.2}},
    "relocating_family": {"share": 0.16, "budget": 0.35, "beds": (3, 4, 4), "lean": {"distance": -0.3, "baths": 0.1}},
    "downsizer": {"share": 0.12, "budget": 0.10, "beds": (2, 2, 3), "lean": {"lot": -0.4, "condition": 0.3}},
    "investor": {"share": 0.07, "budget": -0.05, "beds": (1, 2), "lean": {"price": -0.8, "style_1": 0.0}},
    "luxury": {"share": 0.05, "budget": 0.95, "beds": (3, 4, 5), "lean": {"view": 0.4, "waterfront": 0.7}},
}

# -- intent: how a lead's seriousness moves from day to day, and how often it visits
INTENTS = ("dreamer", "researcher", "active", "offer")
INTENT_START = (0.38, 0.40, 0.19, 0.03)  # about 1 in 5 in the market [portal]
INTENT_DAY = (
    (0.992, 0.008, 0.000, 0.000),
    (0.006, 0.982, 0.012, 0.000),
    (0.000, 0.012, 0.970, 0.018),
    (0.000, 0.000, 0.040, 0.960),
)  # [judged]
SESSIONS_A_DAY = (0.05, 0.15, 0.52, 0.66)  # by intent [judged]
ACTIVITY_SPREAD = 0.8  # standard deviation of log activity: heavy tails, median 40-80 views of active leads [judged]
KNOWN_BEFORE = 0.55  # share of leads known before the first day; the others register evenly over the days [judged]
AFTER_PURCHASE = 0.08  # visits go on at this share after buying [judged]
PREAPPROVED = (0.05, 0.25, 0.65, 0.95)  # by intent at the start [judged]

# -- browsing
SLATE = 20  # homes on a page of results [judged]
EXPLORED = 0.2  # share of the page drawn from beyond the filters [judged]
NEWEST_FIRST = 0.5  # share of pages sorted by newest first; the others in an order without meaning [judged]
POSITION_BIAS = 0.5  # utility lost per log rank [judged]
OUTSIDE = 2.6  # utility of opening nothing, above the household's reference [judged]
REFERENCE = 0.70  # quantile of the utilities of all homes within its limits that a household takes for normal [judged]
NAIVE = 0.5  # how far the tastes of the inexperienced are off, in spreads of tastes [judged]
NOISE_START = 0.5  # extra noise of a household that has seen nothing ... [judged]
NOISE_VIEWS = 30.0  # ... which fades with this many views [judged]
SEEN_AGAIN = 1.5  # utility lost by a home opened before [judged]
LOGGED_SLATES = 0.15  # share of sessions whose first page is logged home by home [judged]
MOST_OPENED = 8  # homes opened from one page, at most
LONGEST_VISIT_MINUTES = 140  # with half an hour on the last home under HOURS_TO_PENDING: no act on a home just sold
PAGES = (1, 2, 4, 4)  # pages of results looked at, at least, by intent [judged]
PAGE_SECONDS = 350.0  # median time on a page of results [google]
DWELL_SECONDS = 130.0  # median time on a home's page [judged]
DWELL_SPREAD = 0.8
SAVE_ABOVE, SAVE_CHANCE = 0.92, 0.40  # quantile of utility among its eligible homes above which it saves [judged]
LIKE_ABOVE, LIKE_CHANCE = 0.80, 0.12
SHARE_ABOVE, SHARE_CHANCE = 0.92, 0.22
PASS_BELOW, PASS_CHANCE = 0.30, 0.30
JUDGEMENT_NOISE = 0.5  # spread of what a household thinks of a home on its page, before experience [judged]
REVISIT = 0.45  # chance that a session returns to saved homes
LOCAL_HOURS = (
    *(0.6, 0.3, 0.2, 0.1, 0.1, 0.2, 0.6, 1.4, 2.0, 2.2, 2.3, 2.5),
    *(3.0, 2.8, 2.4, 2.4, 2.6, 3.2, 4.2, 5.5, 6.2, 5.8, 3.8, 1.8),
)  # visits by hour of the lead's day: evenings [judged]
WEEKEND = 1.35  # more visits on Saturdays and Sundays [judged]
DEVICES = {"mobile": 0.62, "desktop": 0.30, "tablet": 0.08}  # [judged]

# -- from inquiry to keys
INQUIRY = (0.001, 0.005, 0.05, 0.13)  # chance a session asks about its best saved home, by intent [portal]
INQUIRY_GAP = 1.0  # it must come this close to the best home seen so far, in utility [judged]
NEVER_ANSWERED = 0.35  # by slow agents [response]
NEXT_TOUR = 0.95  # chance that a tour without a bid is followed by another [redfin]
DAYS_BETWEEN_TOURS = 1.5  # mean days until the agent proposes it; it takes place one to four days later [redfin]
AGENT_FINDS = 0.85  # chance that the agent proposes a home the household has not opened, if there is one [nar]
AGENT_LOOKS_AT = 20  # homes among which the agent finds one [judged]
TOUR_MISSED, TOUR_CANCELLED = 0.04, 0.06  # [judged]
OFFER_AFTER_TOURS = 4  # tours before a household bids at all [redfin]
BID_ABOVE = 0.93  # reservation utility: a quantile of its eligible homes [judged]
OFFER_CHANCE = 0.22  # for each tour of a home that reaches its reservation utility [redfin]
OFFER_AGAIN = 0.65  # the same once a bid was lost [redfin]
OFFER_ACCEPTED = 0.43  # 1.6-1.8 offers a purchase [redfin]
HOURS_TO_PENDING = 3  # from the accepted offer to the listing's change of status [judged]
OFFER_RATIO = (0.96, 1.03)  # of the list price; never above the budget [judged]

# -- agents and e-mail
LEADS_AN_AGENT = 25
AGENT_MINUTES = ((0.25, 5.0), (0.45, 90.0), (0.30, 4_500.0))  # share of agents, median minutes to answer [response]
SAVED_SEARCH = 0.4  # share of leads that save a search and get alerts [judged]
ALERT_EVERY_DAYS = 3.5
EMAIL_OPENED, EMAIL_CLICKED = 0.35, 0.3  # [judged]

# -- when it becomes known; nobody has published these, so they are assumed, and each can be set to 0
DELAYED_NOTE = 0.3  # share of tours that the agent writes down only later that day [judged]
NOTE_DAYS_LATE = 0.3  # of these the share written down one to three days later still [judged]
NIGHTLY_CRM = 0.35  # share of agents whose calls, messages and stages come from their CRM once a night [judged]
OFFLINE_VISITS = 0.05  # share of visits by phone that lose their connection and arrive as one batch [judged]
OFFLINE_HOURS = 3.0  # mean hours after the visit until such a batch arrives [judged]


def fingerprint() -> str:
    """Twelve hexadecimal digits that change when any constant does."""
    values = sorted((name, repr(value)) for name, value in globals().items() if name.isupper())
    return hashlib.sha256(repr(values).encode()).hexdigest()[:12]
