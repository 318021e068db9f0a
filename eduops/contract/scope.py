"""What an evaluation is about: contract, days asked for and the instant it looks from."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from eduops.contract.clause_rule import ClauseRule, RuleKey, build_rules
from eduops.contract.interval import Interval
from eduops.contract.period import (
    Period,
    end_of,
    last_day_of,
    list_months,
    list_quarters,
    list_years,
    start_of,
)
from eduops.contract.rule_book import Duty
from eduops.contract.schema import Contract
from eduops.contract.window import OnSiteHours
from eduops.contract.working_day import WorkingDays


# No slots: cached properties live in the instance's dict.
@dataclass(frozen=True)
class Scope:
    """The question: findings of `contract` whose day lies in [from_on, to_on], as of an instant."""

    contract: Contract
    from_on: date
    to_on: date
    as_of: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        """The contract's zone."""
        return self.contract.zone_info

    @cached_property
    def rules(self) -> dict[RuleKey, ClauseRule]:
        """The contract's rules by duty and name."""
        return build_rules(self.contract)

    @cached_property
    def working_days(self) -> WorkingDays:
        """The contract's working days."""
        return WorkingDays(self.contract.working_days)

    @cached_property
    def on_site_hours(self) -> OnSiteHours:
        """The contract's on-site window."""
        return OnSiteHours(self.contract, self.working_days)

    @cached_property
    def term_from_at(self) -> datetime:
        """The instant the term begins."""
        return start_of(self.contract.term.start, self.zone)

    @cached_property
    def term_to_at(self) -> datetime:
        """The instant the term has ended."""
        return start_of(self.contract.term.end_on, self.zone)

    @cached_property
    def from_at(self) -> datetime:
        """The instant the days asked for begin."""
        return start_of(self.from_on, self.zone)

    @cached_property
    def to_at(self) -> datetime:
        """The instant the days asked for have ended."""
        return end_of(self.to_on, self.zone)

    @cached_property
    def cut_as_of(self) -> datetime:
        """As-of for periods and coverage: never after the term."""
        return min(self.as_of, self.term_to_at)

    @cached_property
    def last_on(self) -> date:
        """The last day that periods and coverage look at: as-of's day, never after the term."""
        return last_day_of(self.cut_as_of, self.zone)

    @cached_property
    def has_unknown_years(self) -> bool:
        """Whether any year of the term lies outside the known schedules."""
        term = self.contract.term
        years = range(term.start.year, term.end_on.year + 1)
        return not all(self.working_days.is_known_year(year) for year in years)

    @cached_property
    def months(self) -> tuple[Period, ...]:
        """The term's months."""
        return list_months(self.contract)

    @cached_property
    def quarters(self) -> tuple[Period, ...]:
        """The term's quarters."""
        return list_quarters(self.contract)

    @cached_property
    def years(self) -> tuple[Period, ...]:
        """The term's years."""
        return list_years(self.contract)

    @cached_property
    def month_bounds(self) -> tuple[Interval, ...]:
        """The instants each month begins and has ended at, in the order of `months`."""
        return tuple(
            (start_of(each.start_on, self.zone), start_of(each.end_on, self.zone)) for each in self.months
        )

    def has_day(self, day: date) -> bool:
        """Whether a finding of that day is in the answer."""
        return self.from_on <= day <= self.to_on

    def find_rule(self, duty: Duty, rule: str) -> ClauseRule | None:
        """A rule of the contract; None where it has no such duty, and nothing is found of it."""
        return self.rules.get((duty, rule))
