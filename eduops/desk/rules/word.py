"""The desk's words: what is stored, and how people read it."""

import re

KINDS = {"incident": "故障", "request": "服务请求", "consult": "咨询"}
IMPACTS = {"system": "系统停机", "department": "部门级业务影响", "limited": "有限影响"}
CAUSES = {
    "software": "软件",
    "hardware": "硬件",
    "network": "网络",
    "third_party": "第三方",
    "customer": "甲方",
    "unknown": "未查明",
}
CHANNELS = {
    "onsite": "现场",
    "phone": "电话",
    "online": "在线（QQ、微信、邮件）",
    "remote": "远程（堡垒机）",
    "patrol": "巡检发现",
}
"""How a ticket came in and was served (clause 2.4); what a patrol found, nobody had to report."""
PREFIXES = {"incident": "INC", "request": "REQ", "consult": "CON"}
STATES = {
    "open": "待响应",
    "responded": "处理中",
    "waiting": "等待甲方",
    "resolved": "已解决",
    "closed": "已关闭",
}
STEPS = {
    "open": "报修",
    "import": "导入",
    "assign": "指派",
    "escalate": "升级到支持团队",
    "respond": "响应",
    "arrive": "到场",
    "wait": "等待甲方",
    "go_on": "继续",
    "resolve": "解决",
    "confirm": "甲方确认",
    "reopen": "重开",
    "close": "关闭",
    "plan": "提交方案",
    "approve_plan": "方案批准",
    "agree_remote": "同意远程",
    "outage": "停机起止",
    "cause": "查明原因",
    "impact": "影响改定",
    "plan_window": "计划内作业",
    "record": "维护记录",
    "attach": "附件",
    "link": "归入重复问题",
    "unlink": "移出重复问题",
    "correct": "更正",
    "note": "巡检备注",
}
"""Every step that a ticket's story may hold."""
FIELDS = {
    "kind": "类别",
    "title": "标题",
    "impact": "影响",
    "cause": "原因",
    "department": "科室",
    "channel": "渠道",
    "reporter": "报修人",
    "reported_at": "报修时间",
    "responded_at": "响应时间",
    "arrived_at": "到场时间",
    "resolved_at": "解决时间",
    "closed_at": "关闭时间",
    "remote_agreed_by": "同意远程人",
    "planned": "计划内",
    "planned_approved_by": "计划批准人",
    "planned_from": "计划开始",
    "planned_to": "计划结束",
    "outage_start": "停机开始",
    "outage_end": "停机结束",
    "plan_submitted_at": "方案提交时间",
    "plan_department_approved_at": "科室审批时间",
    "plan_management_approved_at": "管理部门审批时间",
    "plan_deadline": "方案期限",
}
"""The facts of a ticket as tables head them; the same words as imported files use."""
_INNER = {
    "exclusions": (
        "第 {} 段等待甲方",
        {"from": "开始", "to": "结束", "reason": "原因", "agreed_by": "同意人"},
    ),
    "reopened": ("第 {} 次重开", {"reopened_at": "时间", "resolved_at": "后的解决时间"}),
}
_PATH = re.compile(r"(exclusions|reopened)\[(\d+)\]\.(\w+)")


def name_field(field: str) -> str:
    """A field of the ticket format as people call it: `exclusions[1].to` is 第 1 段等待甲方的结束."""
    inner = _PATH.fullmatch(field)
    if inner is None:
        return FIELDS.get(field, field)
    whole, parts = _INNER[inner[1]]
    joined = "" if inner[3] == "resolved_at" else "的"
    return f"{whole.format(inner[2])}{joined}{parts.get(inner[3], inner[3])}"
