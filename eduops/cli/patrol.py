"""`eduops patrol`: measure, judge, look up."""

from datetime import timedelta
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import (
    door,
    out,
    patrol_baseline,
    patrol_collect,
    patrol_collect_far,
    patrol_collect_ingest,
    patrol_collect_quarantine,
    patrol_collect_wheel,
    patrol_coverage,
    patrol_judge,
    patrol_plan,
    patrol_problem,
    patrol_record,
    patrol_trend,
)
from eduops.cli import patrol_screen as screen
from eduops.cli.instant import day_start, parse_day
from eduops.cli.noun import Noun
from eduops.core.errors import NotFound
from eduops.patrol import configuration, queries
from eduops.patrol.rules.check import render_figure
from eduops.patrol.rules.threshold import PROBES, PatrolConfig, Thresholds

app = Noun("巡检：测量、判定、查询。")
for _part in (patrol_collect, patrol_collect_ingest, patrol_collect_far, patrol_record, patrol_coverage):
    app.add_typer(_part.verbs)
for _part in (patrol_judge, patrol_trend, patrol_baseline):
    app.add_typer(_part.verbs)
app.add_typer(patrol_baseline.verbs_of_baseline, name="baseline")
app.add_typer(patrol_collect_quarantine.verbs, name="quarantine")
app.add_typer(patrol_collect_wheel.verbs, name="wheels")
app.add_typer(patrol_plan.verbs, name="plan")
app.add_typer(patrol_problem.verbs, name="problem")

_LIST_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("host", "主机"),
    out.Column("kind_text", "类别", spare=True),
    out.Column("started_at", "开始"),
    out.Column("finished_at", "结束", spare=True),
    out.Column("state_text", "结论"),
    out.Column("problems", "问题数", right=True),
)
_LIMITS = {
    "cpu_percent": "处理器使用率 %",
    "load_per_core": "每核 5 分钟负载",
    "memory_percent": "内存使用率 %",
    "swap_percent": "交换区使用率 %",
    "disk_percent": "磁盘空间使用率 %",
    "inodes_percent": "inode 使用率 %",
    "zombies": "僵尸进程 个",
    "failed_services": "失败的服务 个",
    "time_offset_seconds": "时钟偏差 秒",
    "certificate_days": "证书剩余 天（不高于）",
    "url_seconds": "网址响应 秒",
    "log_matches": "日志新增匹配 行",
    "backup_age_hours": "最新备份距今 小时",
    "disk_days": "磁盘写满前 天（不高于）",
    "connections_percent": "数据库连接占上限 %",
    "longest_transaction_seconds": "最长事务 秒",
    "longest_query_seconds": "最长查询 秒",
    "waiting_locks": "等待中的锁 个",
    "replication_lag_seconds": "复制延迟 秒",
    "replication_lag_mb": "复制延迟 MB",
    "cache_hit_percent": "缓存命中率 %（不高于）",
    "transaction_id_percent": "事务号已用 %",
    "slow_queries_per_hour": "慢查询 次每小时",
    "rejected_connections_per_hour": "被拒绝的连接 次每小时",
    "redis_memory_percent": "Redis 内存使用率 %",
    "nginx_5xx_percent": "nginx 5xx 占请求 %",
    "tomcat_seconds": "Tomcat 响应 秒",
    "heap_percent": "JVM 堆使用率 %",
    "jvm_threads": "JVM 线程 个",
    "deadlocked_threads": "JVM 死锁线程 个",
}


@app.verb("list", example="eduops patrol list --from 2026-03-01 --to 2026-03-31")
def list_(
    ctx: typer.Context,
    from_: Annotated[str | None, typer.Option("--from", help="从哪天起（含）。")] = None,
    to: Annotated[str | None, typer.Option("--to", help="到哪天止（含）。")] = None,
    host: Annotated[str | None, typer.Option(help="只看这台主机。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """列出巡检，未完成的也列出；默认最近 31 天。"""
    zone = door.contract(ctx).zone_info
    with door.look(ctx) as look:
        if host:
            assets.get_host(look.session, host)
        until = day_start(parse_day(to, option="--to") + timedelta(days=1), zone) if to else None
        since = (
            day_start(parse_day(from_, option="--from"), zone)
            if from_
            else (until or look.now) - timedelta(31)
        )
        runs = queries.list_runs(look.session, since=since, until=until, host_code=host)
        problems = queries.count_problems(look.session, [screen.run_id(item) for item, _ in runs])
    rows = [
        {
            **screen.build_row(item, of),
            "problems": problems.get(screen.run_id(item), 0) if item.state else None,
        }
        for item, of in runs
    ]
    out.rows(rows, _LIST_COLUMNS, as_json=as_json, title="巡检", empty="这段时间没有巡检")


@app.verb("show", example="eduops patrol show PAT-2026-0001")
def show(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="巡检编号。")],
    document: Annotated[bool, typer.Option("--document", help="只输出巡检代理的原始文档。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """查看一次巡检：问题在前，其余在后。"""
    with door.look(ctx) as look:
        found, of = queries.get_run(look.session, ref)
        shown = screen.build_shown(found, of, queries.list_results(look.session, screen.run_id(found)))
        content = queries.find_document(look.session, screen.run_id(found)) if document else ""
    if content is None:
        why = "是人工登记的" if found.is_manual else "没有完成"
        raise NotFound(f"巡检 {ref} 没有原始文档，因为它{why}", hint=f"运行 eduops patrol show {ref} 查看")
    if content:
        typer.echo(content.rstrip("\n"))
        return
    screen.show(shown, as_json=as_json, everything=True)


@app.verb("thresholds", example="eduops patrol thresholds")
def thresholds(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """查看在用的阈值及其所在文件。"""
    path = configuration.find_config_path(door.state(ctx).home.path)
    config = configuration.load_config(path)
    if as_json:
        plain = config.model_dump(exclude_none=True)
        hosts = {
            code: {name: value for name, value in limits.items() if name in config.list_named(code)}
            for code, limits in plain["hosts"].items()
        }
        out.value({"file": path, **plain, "hosts": hosts})
        return
    columns = {
        "default": config.default,
        **{role.value: changed for role, changed in config.roles.items()},
    }
    rows = [
        {
            "title": title,
            **{name: _limits(column, key) for name, column in columns.items()},
            **{code: _own_limits(config, code, key) for code in config.hosts},
        }
        for key, title in _LIMITS.items()
    ]
    rows.append(
        {
            "title": "大巡检另加的必查项",
            **{name: _big_mandatory(column) for name, column in columns.items()},
            **{
                code: _big_mandatory(column) if "big_mandatory" in config.list_named(code) else None
                for code, column in config.hosts.items()
            },
        }
    )
    rows.append(
        {
            "title": "必查项",
            **{name: _mandatory(column) for name, column in columns.items()},
            **{
                code: _mandatory(column) if "mandatory" in config.list_named(code) else None
                for code, column in config.hosts.items()
            },
        }
    )
    heads = [
        out.Column("title", "警告限 / 严重限"),
        *(out.Column(name, name) for name in (*columns, *config.hosts)),
    ]
    out.rows(rows, heads, as_json=False, title="巡检阈值", empty="")
    typer.echo(f"文件：{path}")


def _limits(column: Thresholds, key: str) -> str:
    limits = getattr(column, key)
    return f"{render_figure(limits.warning)} / {render_figure(limits.critical)}"


def _own_limits(config: PatrolConfig, code: str, key: str) -> str | None:
    """A host's own limits; None, which reads as a dash, where its role's hold."""
    return _limits(config.hosts[code], key) if key in config.list_named(code) else None


def _big_mandatory(column: Thresholds) -> str:
    return "、".join(
        title for probe, title in PROBES.items() if probe in column.big_mandatory - column.mandatory
    )


def _mandatory(column: Thresholds) -> str:
    return "、".join(title for probe, title in PROBES.items() if probe in column.mandatory)
