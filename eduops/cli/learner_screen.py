"""What the commands over learners share: options, a learner as a row with personal data masked."""

from typing import Annotated

import typer

from eduops.cli.personal import Personal
from eduops.core.errors import UsageError
from eduops.training.models.learner import Learner
from eduops.training.queries.learner import about
from eduops.training.rules import identity
from eduops.training.rules.category import CATEGORIES


def plain_reason(reason: str) -> str:
    """A reason that says something, and holds nobody's number: it stands in the audit log. Raises UsageError."""
    if not reason.strip():
        raise UsageError("没有写原因", hint="用 --reason 写明为什么，如 --reason 离职")
    if identity.has_long_number(reason):
        raise UsageError("原因里有手机号或证件号，会进操作日志", hint="去掉号码再运行")
    return reason.strip()


STATES = {"active": "在册", "suspended": "已停用", "moved": "已调走", "merged": "已合并"}
HEADS = {
    "tenant": "机构",
    "staff_number": "工号",
    "name": "姓名",
    "category_text": "人员类别",
    "department": "科室",
    "title": "职称",
    "level": "层级",
    "phone": "手机号",
    "id_number": "身份证号",
    "state_text": "状态",
    "state_reason": "状态说明",
    "state_at": "状态时间",
    "goes_on_as": "现为",
    "is_invented": "虚构",
    "created_at": "登记时间",
}
StaffNumberArgument = Annotated[str, typer.Argument(help="工号。", metavar="工号")]
ReasonOption = Annotated[
    str, typer.Option(help="原因，写给以后查看的人；不要写手机号、证件号。", callback=plain_reason)
]
TenantOption = Annotated[str | None, typer.Option(help="所属机构的代码或名称；几家机构有同一工号时要写。")]


def learner_item(learner: Learner, tenant: str, personal: Personal) -> dict[str, object]:
    """A learner for people and programs."""
    return {
        "tenant": tenant,
        "staff_number": learner.staff_number,
        "name": learner.name,
        "category": learner.category,
        "category_text": CATEGORIES.get(learner.category or ""),
        "department": learner.department,
        "title": learner.title,
        "level": learner.level,
        "phone": personal.show(learner.phone_sealed, about("phone"), identity.mask_phone),
        "id_number": personal.show(learner.id_number_sealed, about("id_number"), identity.mask_id_number),
        "state": learner.state,
        "state_text": STATES[learner.state],
        "state_style": "" if learner.state == "active" else "yellow",
        "state_reason": learner.state_reason,
        "state_at": learner.state_at,
        "is_invented": learner.is_invented,
        "created_at": learner.created_at,
    }
