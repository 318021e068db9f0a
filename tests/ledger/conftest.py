"""The shipped contract and evaluations to post."""

import pytest
from ledger_case import judge, late_ticket

from eduops.contract.engine import Evaluation
from eduops.contract.loader import load_contract
from eduops.contract.schema import Contract
from eduops.core.shipped import find_shipped


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(find_shipped("configs", "contracts", "remote-education-2024-2026.yaml"))


@pytest.fixture
def evaluation(contract: Contract) -> Evaluation:
    """Four breaches and a notice."""
    return judge(contract, late_ticket(1))


@pytest.fixture
def large_evaluation(contract: Contract) -> Evaluation:
    """Four breaches and a notice for each of twelve tickets."""
    return judge(contract, *map(late_ticket, range(1, 13)))
