"""Every noun and the one line that the root's help says of it, in the order of a working day."""

NOUNS: dict[str, str] = {
    "init": "布置数据目录并建立数据库。",
    "doctor": "检查本机、数据目录、数据库和合同，缺什么说什么。",
    "demo": "用虚构数据把主要流程完整走一遍。",
    "contract": "合同条款：核对、查看、解释。",
    "tenant": "机构：院区、科室、外院，合同和名额。",
    "learner": "学员：名册、查询、调动、停用、合并。",
    "programme": "培训项目：合同约定的院内培训。",
    "bank": "题库：从 Excel 导入、核对、查询。",
    "paper": "试卷：按组卷方案抽题。",
    "exam": "考试：安排、演练、阅卷。",
    "score": "成绩：查询、统计、导出。",
    "host": "主机：要看护的服务器。",
    "patrol": "巡检：测量、判定、查询。",
    "ticket": "工单：故障、服务请求、咨询。",
    "sla": "服务时限：评定、违约台账。",
    "survey": "满意度：登记、导入、统计科室反馈。",
    "correction": "数据修正：申请、批准、执行、撤回的记录。",
    "backup": "备份：备份、校验、恢复演练。",
    "report": "文档：生成 Word 文档。",
    "audit": "操作日志：谁在何时改了什么。",
}
