"""The four kinds of entries: their words, their fields in a YAML file and in a workbook, what they point at."""

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from typing import Any

from eduops.asset.rules.entry import Entry, NewInterface, NewLicence, NewService
from eduops.asset.rules.host import NewHost


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its key in YAML, the usual headings in a workbook (ours first), and how its text is read.

    `reads`: text, code, codes, port, count, day, yes, or a choice of `word`.
    """

    key: str
    heads: tuple[str, ...]
    reads: str = "text"
    name: str = ""
    """The name in the entry, where it is not the key."""

    @property
    def attribute(self) -> str:
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: its key in a file, its noun in commands, its word, its sheet's other names, its fields."""

    key: str
    noun: str
    word: str
    sheet_names: tuple[str, ...]
    entry: type[Any]
    """Any: weaknesses are read as a kind too."""
    fields: tuple[Field, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """The names of what a new entry cannot do without."""
        return tuple(field.name for field in fields(self.entry) if field.default is MISSING)


_NOTE = Field("note", ("备注", "说明"))
HOSTS = Kind(
    "hosts", "host", "主机", ("主机", "服务器", "主机清单", "服务器清单", "服务器台账"), NewHost,
    (
        Field("code", ("主机代码", "代码", "主机编号", "编号", "服务器编号", "服务器代码"), "code"),
        Field("name", ("主机名称", "名称", "服务器名称", "主机名", "用途")),
        Field("role", ("角色", "主机角色", "服务器角色", "类型"), "role"),
        Field("environment", ("环境", "所属环境", "运行环境"), "environment"),
        Field("address", ("地址", "IP地址", "IP", "主机地址", "内网IP", "内网地址")),
        Field("campus", ("院区", "所在院区", "机房", "位置", "所在机房")),
        Field("bastion", ("堡垒机", "跳板机", "经由")),
        Field("owner", ("责任人", "负责人", "管理员")),
        Field("warranty_until", ("保修至", "保修截止", "保修到期", "维保到期", "维保截止日期", "保修截止日"), "day"),
        Field("invented", ("虚构",), "yes", "is_invented"),
    ),
)  # fmt: skip
SERVICES = Kind(
    "services", "service", "服务", ("服务", "服务清单", "应用", "应用清单"), NewService,
    (
        Field("code", ("服务代码", "代码", "服务编号", "编号"), "code"),
        Field("name", ("服务名称", "名称", "服务", "应用名称")),
        Field("host", ("所在主机", "主机代码", "主机", "服务器", "部署主机"), "code"),
        Field("kind", ("类别", "服务类别", "类型", "服务类型"), "kind"),
        Field("product", ("产品", "软件", "产品名称", "软件名称")),
        Field("version", ("版本", "版本号", "软件版本"), "exact"),
        Field("port", ("端口", "服务端口", "监听端口"), "port"),
        Field("needs", ("依赖服务", "依赖", "依赖的服务", "前置服务"), "codes"),
        _NOTE,
    ),
)  # fmt: skip
INTERFACES = Kind(
    "interfaces", "interface", "接口", ("接口", "接口清单", "对接", "对接清单"), NewInterface,
    (
        Field("code", ("接口代码", "代码", "接口编号", "编号"), "code"),
        Field("name", ("接口名称", "名称", "接口")),
        Field("service", ("所属服务", "服务代码", "服务", "本方服务"), "code"),
        Field("system", ("对方系统", "对接系统", "外部系统", "系统名称", "对端系统")),
        Field("direction", ("方向", "数据方向", "数据流向", "流向"), "direction"),
        Field("protocol", ("协议", "接口协议", "通信协议")),
        Field("port", ("端口", "端口号"), "port"),
        Field("data", ("数据内容", "数据", "传输内容", "业务数据")),
        Field("contact", ("联系人", "对方联系人", "联系方式")),
        _NOTE,
    ),
)  # fmt: skip
LICENCES = Kind(
    "licences", "licence", "许可", ("许可", "许可证", "授权", "许可清单", "授权清单", "软件许可"), NewLicence,
    (
        Field("code", ("许可代码", "代码", "许可编号", "编号", "授权编号"), "code"),
        Field("product", ("产品", "产品名称", "软件", "软件名称")),
        Field("kind", ("许可类别", "类别", "授权方式", "许可方式", "类型")),
        Field("quantity", ("数量", "授权数量", "许可数量"), "count"),
        Field("unit", ("单位", "计量单位")),
        Field("holder", ("被许可人", "持有单位", "授权单位", "使用单位")),
        Field("host", ("所在主机", "主机代码", "主机", "绑定主机"), "code"),
        Field("valid_from", ("起始日", "开始日期", "生效日期", "起始日期"), "day"),
        Field("valid_until", ("到期日", "到期日期", "截止日期", "有效期至", "失效日期"), "day"),
        Field("perpetual", ("永久", "是否永久", "永久许可"), "yes", "is_perpetual"),
        _NOTE,
    ),
)  # fmt: skip
KINDS = (HOSTS, SERVICES, INTERFACES, LICENCES)
"""In the order in which they can be written down: nothing points at what comes after it, but services at services."""


def kind_of(entry: Entry) -> Kind:
    """The kind that an entry is of."""
    return next(kind for kind in KINDS if isinstance(entry, kind.entry))


def list_references(entry: Entry) -> Iterator[tuple[str, Kind, str]]:
    """(field, kind, code) of whatever an entry points at."""
    match entry:
        case NewService():
            yield "host", HOSTS, entry.host
            for code in entry.needs:
                yield "needs", SERVICES, code
        case NewInterface():
            yield "service", SERVICES, entry.service
        case NewLicence(host=str(host)):
            yield "host", HOSTS, host
