"""Every figure that a patrol may have has its word."""

import json

import pytest
from patrol.healthy_document import GOLDEN, sign

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.figure import FIGURE_WORDS
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.threshold import Ceiling, Floor, PatrolConfig, Thresholds

LIMITS = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig).default


def test_every_figure_with_limits_has_a_word():
    limited = {
        name
        for name, field in Thresholds.model_fields.items()
        if isinstance(getattr(LIMITS, name), Ceiling | Floor)
    }
    assert limited <= FIGURE_WORDS.keys()
    assert len(set(FIGURE_WORDS.values())) == len(FIGURE_WORDS)


@pytest.mark.parametrize("path", sorted(GOLDEN.parent.glob("*.json")), ids=lambda path: path.stem)
def test_every_figure_of_a_document_has_a_word(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    found = judge(parse_document(sign(document)), LIMITS)
    assert {check.metric for check in found.checks if check.value is not None} <= FIGURE_WORDS.keys()
