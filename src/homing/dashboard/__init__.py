"""The page at `/`: pick a lead, see what it did and which homes it should see next, and why. Works without a script."""

from homing.dashboard.leads import LeadList, LeadSummary
from homing.dashboard.pages import PageServices, routes

__all__ = ["LeadList", "LeadSummary", "PageServices", "routes"]
