"""The contract as code: clauses, windows, working days and the arithmetic of its figures. Pure.

    loader     check_contract(path: Path) -> tuple[Problem, ...]
               load_contract(path: Path) -> Contract                     raises ConfigError with every problem
    schema     Contract: .contract (id) .title .zone_info .term.start .term.end_on (exclusive) .parties .policy
               .campuses .programmes .outside_bodies (.members) .clauses[number] (.title .quote .consequence
               .parameters .duties .rules); contract.figure(clause, rule, name)
    rule_book  Duty, DUTIES, RULES[duty, rule] (.figures .title .how), list_rules(duty)
    clause_rule  build_rules(contract) -> {(duty, rule): ClauseRule}; ClauseRule: .duty .clause .name .named
               .consequence .kept_from .figures .is_kept(day); clause_order(clause), render_clause(clause)
    fact       TicketFact(ref, reported_at, …), Exclusion, Plan, Reopening; HostFact, PatrolFact, AttendanceFact,
               SurveyFact, DemandFact, EffortFact, DeliverableFact, StaffFact, CertificateFact, TrainingFact,
               ReviewFact, VulnerabilityFact; Facts(tickets=(), hosts=(), patrols=None, …)
    ticket_fact  parse_ticket(record: Mapping[str, object], zone: ZoneInfo, *, file="", address="", say=str) -> TicketFact
               raises InputError with every problem
    ticket_row build_record(row: Mapping[str, object]) -> dict[str, object]   a csv/xlsx row, Chinese headers known,
               plan_* columns and JSON cells, as the object parse_ticket takes; HEADERS
    instant    parse_instant(value, zone, *, day_end=False) -> datetime   UTC; a bare day only where day_end
    engine     evaluate(contract, facts, *, from_on: date, to_on: date, as_of: datetime) -> Evaluation
               Evaluation: .findings .counted .by_clause .provisional .outside .obligations .to_json()
               Evaluation.obligations: Obligation .key .clause .rule .period .opened_at .figure .closed_at .closed_by
               .closing_figure (of the whole term as of as_of)
               deadlines(contract, ticket, as_of) -> tuple[Clock, ...]
               Clock: .clause .rule .source .limit .limit_minutes .due_at .added .met_at .is_missed(as_of)
    explain    explain_ticket(contract, ticket, *, as_of, others=()) -> TicketExplanation (module explanation):
               .day .resolution .plan .clocks (.segments) .absences .stoppage (.parts .counts .sums) .findings;
               explain_text.render_explanation(it, zone) -> list[str]
    forecast   forecast(contract, facts, *, from_on, to_on, as_of, until) -> tuple[Finding, ...]; cut_facts
    conflict   list_conflicts(contract, facts, *, from_on, to_on, as_of) -> tuple[Conflict, ...]: .setting .title
               .clauses .matters .readings (.value .text .is_in_force .evaluation) .list_own(reading) .to_json()
    policy     OPEN_READINGS: the settings with two readings
    finding    Finding: .key .clause .rule .consequence .subject .period .due_at .actual_at .limit .actual
               .actual_raw .unit .counted .provisional .text .on (day) .to_json()
    clause     explain_clause(contract, number) -> ClauseExplanation      raises NotFound; list_clauses(contract)
               ClauseExplanation: .number .title .quote .consequence .parameters .rules (.rule .title .consequence
               .figures .kept_from .how)
    delivery_rule  report_due_on(scope, rule, month), documents_due_on(scope, rule, quarter) -> date
    scope      Scope(contract, from_on, to_on, as_of): .zone .rules .find_rule(duty, rule)
               .working_days .on_site_hours .months .quarters .years
    working_day  WorkingDays(contract.working_days): .is_working_day(day) .is_provisional(day)
               .count_working_days(start_on, end_on) .get_nth(start_on, n) .get_nth_back(last_on, n) .known_until()
    window     OnSiteHours(contract, working_days): .is_on_site(instant) .list_ranges(day) .is_provisional(instant)
    period     list_months/list_quarters/list_years(contract), list_weeks(from_on, to_on) -> tuple[Period, ...];
               Period: .label .start_on .end_on (exclusive) .last_on; start_of/end_of(day, zone), day_of(instant, zone)

All instants are aware UTC datetimes, all periods half-open; nothing here reads the clock.
"""
