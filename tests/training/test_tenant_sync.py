"""The contract's tenants and programmes, taken over once and kept up to date."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.made_exam import add_learner, add_tenant

from eduops.contract.loader import load_contract
from eduops.contract.schema import Contract
from eduops.core.errors import NotFound
from eduops.core.shipped import find_shipped
from eduops.store.store import Store
from eduops.training.queries import learner as learners
from eduops.training.queries import tenant as queries
from eduops.training.rules.onboarding import AgreedTerms, list_body_terms, list_tenant_terms, share_headcount
from eduops.training.service import tenant as service
from eduops.training.service.tenant import SyncResult

BUREAU = "番禺区卫生健康局"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(find_shipped("configs", "contracts", "remote-education-2024-2026.yaml"))


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_shares_of_a_headcount_make_the_whole_and_differ_by_one_at_most(total: int, parts: int) -> None:
    shares = share_headcount(total, parts)
    assert (len(shares), sum(shares)) == (parts, total)
    assert shares == sorted(shares, reverse=True)
    assert max(shares) - min(shares) <= 1


def test_the_contract_names_three_campuses_27_units_and_one_hospital(contract: Contract) -> None:
    terms = list_tenant_terms(contract)
    assert [each.name for each in terms[:3]] == ["院本部", "东院", "惠亚"]
    assert [each.number for each in terms[3:30]] == list(range(1, 28))
    assert {(each.parent_body, each.kind) for each in terms[3:30]} == {(BUREAU, "outside_hospital")}
    assert all(each.agreed.is_empty for each in terms[:30])
    assert (len(terms), len({each.code for each in terms})) == (31, 31)
    last = terms[30]
    assert (last.name, last.number, last.parent_body) == ("鹤山市人民医院", 114, None)
    assert last.agreed == AgreedTerms(fee="收费", start_on=date(2024, 12, 1), last_on=date(2027, 11, 30))
    (bureau,) = list_body_terms(contract)
    assert (bureau.name, bureau.agreed) == (BUREAU, AgreedTerms(fee="收费", headcount_quota=7683))


def test_a_hospital_of_its_own_has_its_headcount_as_quota_and_units_share_the_bodys(
    contract: Contract,
) -> None:
    bureau, hospital = contract.outside_bodies
    counted = hospital.model_copy(update={"learners": 120})
    terms = list_tenant_terms(contract.model_copy(update={"outside_bodies": (bureau, counted)}))
    assert [each.agreed.headcount_quota for each in terms] == [None] * 30 + [120]


def test_the_same_contract_again_changes_nothing(store: Store, contract: Contract, now: datetime) -> None:
    for expected in ((31, 0, 0), (0, 0, 31)):
        with store.writing() as session:
            assert service.sync_tenants(session, contract, now=now, actor="甲（虚构）") == SyncResult(
                *expected
            )
    for expected in ((11, 0, 0), (0, 0, 11)):
        with store.writing() as session:
            assert service.sync_programmes(session, contract) == SyncResult(*expected)
    with store.reading() as session:
        listed = queries.list_tenants(session)
        assert [(row.tenant.number, row.learners) for row in listed[2:5]] == [(None, 0), (1, 0), (2, 0)]
        assert listed[-1].tenant.number == 114
        assert [each.name for each in queries.list_programmes(session)] == [
            each.name for each in contract.programmes
        ]


def test_the_contracts_terms_win_over_the_kept_ones_but_not_over_a_suspension(
    sqlite_store: Store, contract: Contract, now: datetime
) -> None:
    with sqlite_store.writing() as session:
        service.sync_tenants(session, contract, now=now, actor="甲（虚构）")
        service.sync_programmes(session, contract)
        add_tenant(session, "xu", "虚构的老客户")
        heshan = queries.get_tenant(session, "鹤山市人民医院")
        heshan.kind, heshan.state, heshan.contact = "campus", "suspended", "周老师（虚构）"
        queries.get_programme(session, "basic-skills").season = "全年开展"
    with sqlite_store.writing() as session:
        assert service.sync_tenants(session, contract, now=now, actor="甲（虚构）") == SyncResult(0, 1, 30)
        assert service.sync_programmes(session, contract) == SyncResult(0, 1, 10)
    with sqlite_store.reading() as session:
        heshan = queries.get_tenant(session, "heshan-peoples-hospital")
        assert (heshan.kind, heshan.state, heshan.contact) == (
            "outside_hospital",
            "suspended",
            "周老师（虚构）",
        )
        assert queries.get_tenant(session, "xu").name == "虚构的老客户"
        assert queries.get_programme(session, "三基三严培训及考试").season == "按医院要求开展"


def test_only_those_still_here_are_counted(store: Store) -> None:
    with store.writing() as session:
        own, other = add_tenant(session, "xu-yi", "虚构甲医院"), add_tenant(session, "xu-er", "虚构乙医院")
        for number in ("1", "2", "3"):
            add_learner(session, own, number, "虚构")
        add_learner(session, own, "4", "虚构").state = "suspended"
    with store.reading() as session:
        assert [(row.tenant.name, row.learners) for row in queries.list_tenants(session)] == [
            (own.name, 3),
            (other.name, 0),
        ]
        assert learners.count_learners(session) == 3
        assert [each.staff_number for each, _ in learners.list_learners(session, limit=2)] == ["1", "2"]
        assert learners.list_learners(session, tenant_id=other.id) == []


def test_an_unknown_tenant_or_programme_is_not_found(sqlite_store: Store) -> None:
    with sqlite_store.reading() as session:
        assert queries.find_tenant(session, "无此机构") is None
        with pytest.raises(NotFound, match="没有机构「无此机构」"):
            queries.get_tenant(session, "无此机构")
        with pytest.raises(NotFound, match="没有培训项目「无此项目」"):
            queries.get_programme(session, "无此项目")
