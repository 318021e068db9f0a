"""What a step or a command changed, for people: names and words in Chinese, instants in the contract's zone."""

import re
from collections.abc import Mapping
from datetime import datetime

from eduops.cli import out
from eduops.desk.rules import word
from eduops.ledger.rules import KINDS as LEDGER_KINDS
from eduops.patrol.rules.check import STATE_WORDS
from eduops.patrol.rules.run import KIND_WORDS as PATROL_KINDS
from eduops.training.rules.course import MODES as COURSE_MODES

HEADS = {
    **word.FIELDS,
    "step": "步骤", "at": "时刻", "before": "原为", "after": "改为", "reason": "理由", "field": "更正",
    "minutes": "分钟", "tickets": "工单", "name": "名称", "sha256": "校验值", "size_bytes": "字节", "file": "文件",
    "deadline": "约定期限", "management": "管理部门", "agreed_by": "同意人", "recurring_problem": "重复问题",
    "assignee": "指派给", "escalated_to": "升级给", "solution": "解决办法", "engineer": "实施工程师",
    "process": "实施过程", "result": "维护结果", "confirmed_at": "确认时间", "confirmed_by": "确认人",
    "confirmed_how": "确认方式", "plan_department_approved_by": "科室批准人",
    "plan_management_approved_by": "管理部门批准人", "workaround": "临时办法", "solved_at": "根治时间",
    "entries": "条数", "first_entry": "首条", "last_entry": "末条", "kinds": "其中", "counted": "计违约",
    "counted_before": "更正前计违约", "ledger_entry": "台账序号", "customer": "甲方", "document": "文件或校验值",
    "figure": "数值", "period": "期间", "closing": "结账序号", "facts": "事实校验值",
    "target": "数据", "statement": "怎样改", "approved_by": "批准人", "score": "得分",
    "added": "新增", "changed": "更新", "unchanged": "未变", "known": "已有", "imported": "导入", "retired": "停用",
    "host": "主机", "role": "角色", "environment": "环境", "address": "地址", "action": "动作", "state": "状态",
    "failure": "失败原因", "fault": "失败原因", "backup": "备份", "passed": "通过",
    "bank": "题库", "seed": "种子", "items": "题数", "paper": "试卷", "programme": "培训项目", "opens_at": "开考",
    "rehearsal": "演练", "learners": "学员", "attempts": "答卷", "saved": "已存作答", "lost": "丢失", "graded": "已评",
    "waiting": "待评", "revealed": "显示", "renewed_to": "续签至", "quota": "人数上限",
    "alias": "别名", "merged_into": "并入", "moved_to": "转至", "staff_numbers": "工号", "suspended": "停用",
    "mode": "授课形式", "hours": "学时", "lecturer": "讲师", "start_on": "开始日期", "last_on": "结束日期",
    "documents": "文档数", "thresholds": "阈值校验值", "baseline": "基线",
    "tenants": "机构", "numbers": "题号", "revised": "修订", "filled": "补上的项", "id_there": "那边的编号",
    "hosts": "主机", "services": "服务", "interfaces": "接口", "licences": "许可", "service": "服务", "interface": "接口",
    "product": "产品", "version": "版本", "port": "端口", "needs": "依赖服务", "note": "备注", "system": "对方系统",
    "direction": "方向", "protocol": "协议", "data": "数据内容", "contact": "联系人", "quantity": "数量", "unit": "单位",
    "holder": "被许可人", "valid_from": "起始日", "valid_until": "到期日", "is_perpetual": "永久", "campus": "院区",
    "bastion": "堡垒机", "owner": "责任人", "warranty_until": "保修至", "is_invented": "虚构",
    "visits": "检查", "agreed_with": "甲方同意人", "agreed_on": "同意日期", "scope": "评估范围", "content": "评估内容",
    "added_visits": "加上的检查", "dropped_visits": "去掉的检查", "is_light": "轻量", "problem": "问题", "text": "内容",
    "fingerprint": "指纹", "channels": "渠道",
    "place": "存放处", "scheduler": "由谁定时", "removed_runs": "清理的运行记录",
    "severity": "等级", "found_on": "发现日期", "demanded_by": "要求人", "demanded_on": "要求整改日期",
    "due_on": "整改期限", "fixed_on": "整改日期", "fix": "整改措施", "verified_on": "复测日期", "verified_by": "复测人",
    "is_done": "成功", "measure": "指标", "figure_before": "优化前", "figure_after": "优化后", "done_on": "完成日期",
}  # fmt: skip
"""How each name of a change is said."""
_STEPS = word.STEPS | {
    "log": "登记已答复的咨询", "change": "改动", "request": "申请", "approve": "批准",
    "agree_plan": "同意计划", "record_patrol": "登记人工巡检", "withdraw": "撤回",
    "apply": "执行", "undo": "撤回", "begin": "开始", "finish": "完成", "fail": "失败",
    "rejudge": "重新判定", "verify": "校验",
    "copy": "开始复制", "copied": "复制完", "prune": "开始删除", "removed": "已删除",
}  # fmt: skip
_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": word.KINDS
    | LEDGER_KINDS
    | {"campus": "院区", "department": "科室", "outside_hospital": "外院", "quarterly": "季度报告"}
    | {kind.value: said for kind, said in PATROL_KINDS.items()}
    | {"database": "数据库", "middleware": "中间件", "application": "应用", "other": "其他"},
    "impact": word.IMPACTS,
    "cause": word.CAUSES,
    "channel": word.CHANNELS,
    "step": _STEPS,
    "mode": COURSE_MODES,
    "action": {
        "install": "安装", "uninstall": "卸下",
        "add": "登记", "retire": "停用", "trust": "信任", "drop": "删除", "change": "改动", "import": "导入",
        "sync": "同步", "demand": "要求整改", "fix": "整改", "verify": "复测通过", "reopen": "重开",
    },
    "severity": {"critical": "严重", "high": "高危", "medium": "中危", "low": "低危"},
    "direction": {"inbound": "接收", "outbound": "发送", "both": "双向"},
    "state": {state.value: said for state, said in STATE_WORDS.items()}
    | {"found": "新发现", "lasting": "仍在", "changed": "有变化", "gone": "已消失", "settled": "工单已了结仍在"}
    | {"active": "恢复", "suspended": "停用", "closed": "关闭", "open": "开设", "withdrawn": "撤下", "delivered": "已送达"},
}  # fmt: skip
_SUBJECTS = {
    "database": "数据库",
    "ledger": "违约台账",
    "tenant": "机构",
    "programme": "培训项目",
    "schedule": "计划任务",
}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")


def render_change(change: Mapping[str, object], *, heads: Mapping[str, str] = HEADS) -> str:
    """A change as "标题：…；类别：故障"; what is empty is left out. A name that nobody knows stays as it is."""
    field = str(change.get("field", ""))
    return "；".join(
        f"{heads.get(name, name)}：{render_value(field if name in ('before', 'after') and field else name, value)}"
        for name, value in change.items()
        if value not in (None, "", [], {}) or field
    )


def render_subject(subject: str) -> str:
    """What a change was made to: a reference as it is, a whole list by its name."""
    return _SUBJECTS.get(subject, subject)


def render_value(name: str, value: object) -> str:
    """The value of a field as people read it: words in Chinese, instants in the contract's zone, 空 for nothing."""
    match value:
        case "" | None:
            return "空"
        case Mapping() if name == "kinds":
            return "、".join(f"{LEDGER_KINDS.get(kind, kind)} {count}" for kind, count in value.items())
        case Mapping():
            return f"（{render_change(value)}）"
        case list() | tuple():
            return "、".join(render_value(name, part) for part in value)
        case str() if name == "field":
            return word.name_field(value)
        case str() if _INSTANT.fullmatch(value):
            return out.text(datetime.fromisoformat(value))
        case str():
            return _WORDS.get(name, {}).get(value) or out.text(value)
    return out.text(value)
