from __future__ import annotations

import pytest

from homing.core.errors import BadInput
from homing.services.import_people import ImportAgents, ImportLeads


def counts(report):
    return report.read, report.created, report.updated, report.unchanged, [refused.row for refused in report.refused]


@pytest.mark.parametrize("name", ["leads.jsonl", "leads.jsonl.gz"])
def test_leads_come_in_and_bad_ones_are_refused_by_line(directory, write, name):
    lines = [{"lead_id": "a", "email": "x"}, {"lead_id": "b", "time_zone": "Nowhere"}, {"lead_id": "a", "stage": "hot"}]
    report = ImportLeads(directory)(write(name, lines))
    assert counts(report) == (3, 1, 1, 0, [2])
    assert report.dropped == {"email": 1}
    assert directory.lead("a").stage == "hot"


def test_the_same_leads_again_are_unchanged(directory, write):
    path = write("leads.jsonl", [{"lead_id": "a"}])
    ImportLeads(directory)(path)
    assert counts(ImportLeads(directory)(path)) == (1, 0, 0, 1, [])


def test_agents_come_in(directory, write):
    report = ImportAgents(directory)(write("agents.jsonl", [{"agent_id": "a", "capacity": 40}, {"agent_id": ""}]))
    assert counts(report) == (2, 1, 0, 0, [2])
    assert directory.agent("a").capacity == 40


def test_people_in_a_table_are_refused(directory, write):
    with pytest.raises(BadInput, match="be JSON lines"):
        ImportLeads(directory)(write("leads.csv", "lead_id\na\n"))
    assert directory.lead_ids() == ()
