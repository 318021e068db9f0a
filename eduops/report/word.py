"""The Chinese words of stored English ones, as documents print them."""

from collections.abc import Mapping

TICKET_KINDS = {"incident": "故障", "request": "服务请求", "consult": "咨询"}
CHANNELS = {
    "online": "在线",
    "qq": "QQ",
    "wechat": "微信",
    "email": "电子邮件",
    "telephone": "电话",
    "phone": "电话",
    "remote": "远程（堡垒机）",
    "onsite": "现场",
    "on_site": "现场",
    "patrol": "巡检发现",
}
TENANT_FINDINGS = {
    "expired": "合同已到期",
    "expires": "合同将到期",
    "over_quota": "超出名额",
    "not_begun": "合同未开始",
    "no_end": "缺到期日",
}
REGIMES = {"on_site": "现场服务时间内", "off_site": "现场服务时间外"}
RULES = {
    "response": "响应",
    "arrival": "到场",
    "resolution": "解决",
    "plan": "书面方案",
    "recovery": "恢复时长",
    "year_count": "全年次数",
    "month_count": "当月次数",
    "month_minutes": "当月时长",
    "contract_count": "合同期次数",
    "onsite_days": "现场服务天数",
    "daily_patrol": "每日巡检",
    "big_patrol": "大巡检",
    "satisfaction": "满意度",
    "rework": "返修率",
    "effort_single": "单项工作量",
    "effort_total": "累计工作量",
    "monthly_report": "月度评估报告",
    "quarter_documents": "季度材料",
    "handover": "人员交接",
    "tenure": "人员资历",
    "yearly_certificate": "年度考核",
    "vulnerability": "漏洞修复",
    "monthly_training": "月度培训",
    "monthly_review": "月度考评",
}
LEDGER_STATES = {
    "in_force": "有效",
    "waived": "已豁免",
    "revoked": "已撤销",
    "amended": "已更正",
    "discharged": "已销项",
}
BACKUP_KINDS = {"backup": "备份", "verify": "校验", "drill": "恢复演练"}
QUESTION_TYPES = {
    "single": "单选题",
    "multiple": "多选题",
    "true_false": "判断题",
    "blank": "填空题",
    "short_answer": "简答题",
    "case_analysis": "案例分析题",
}


def word_for(words: Mapping[str, str], stored: str) -> str:
    """The Chinese word; one that the table does not know is printed as it stands."""
    return words.get(stored, stored)
