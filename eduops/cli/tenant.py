"""`eduops tenant`: the organisations whose people learn."""

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.training.queries import tenant as queries
from eduops.training.service import tenant as service

app = Noun("机构：院区、科室、外院。")

KINDS = {"campus": "院区", "department": "科室", "outside_hospital": "外院"}


@app.verb("sync", example="eduops tenant sync")
def sync(ctx: typer.Context, dry_run: out.DryRunOption = False, as_json: out.JsonOption = False) -> None:
    """按合同文件登记院区和外院；再次运行不会重复登记。"""
    contract = door.contract(ctx)
    with door.work(ctx, dry_run=dry_run) as work:
        result = service.sync_tenants(work.session, contract, now=work.now)
        work.changed("tenant", added=result.added, changed=result.changed)
    out.synced("机构", result, as_json=as_json, dry_run=dry_run)


@app.verb("list", example="eduops tenant list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出机构和在册学员数。"""
    with door.look(ctx) as look:
        rows = [
            {
                "code": row.tenant.code,
                "name": row.tenant.name,
                "kind": row.tenant.kind,
                "kind_text": KINDS[row.tenant.kind],
                "parent_body": row.tenant.parent_body,
                "number": row.tenant.number,
                "fee": row.tenant.fee,
                "contract_until": row.tenant.contract_until,
                "state": row.tenant.state,
                "learners": row.learners,
            }
            for row in queries.list_tenants(look.session)
        ]
    columns = (
        out.Column("number", "编号", right=True),
        out.Column("code", "代码"),
        out.Column("name", "名称"),
        out.Column("kind_text", "类别"),
        out.Column("parent_body", "上级单位", spare=True),
        out.Column("learners", "学员", right=True),
    )
    out.rows(rows, columns, as_json=as_json, title="机构", empty="还没有机构。按合同登记：eduops tenant sync")
