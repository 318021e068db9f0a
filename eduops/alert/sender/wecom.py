"""企业微信: a group robot. https://developer.work.weixin.qq.com/document/path/91770"""

import json
from datetime import timedelta

from eduops.alert.sender import http
from eduops.alert.sender.letter import Fault, Letter, Outlet

IS_MARKDOWN = True
MOST_BYTES = 4096

_LIMITED = {45009: timedelta(minutes=2), -1: timedelta(minutes=1)}
_MEANINGS = {
    93000: "机器人的网址不对或机器人已被移除",
    93004: "机器人已被停用",
    93008: "机器人不在群里",
    40008: "对方不认这种消息",
    40058: "对方说内容不合要求",
    44004: "对方说内容是空的",
    45002: "对方说内容太长",
    45009: "发得太快，被限制",
    -1: "对方系统繁忙",
}


def send(letter: Letter, outlet: Outlet) -> None:
    """Sends one message. Raises Fault where it was not taken."""
    calls = "".join(f"<@{name}>" for name in find_mentions(letter, outlet))
    body = {"msgtype": "markdown", "markdown": {"content": letter.text + (f"\n{calls}" if calls else "")}}
    answer = http.post(outlet, content=json.dumps(body, ensure_ascii=False).encode())
    fields = answer.fields()
    judge_code(answer, fields.get("errcode"), fields.get("errmsg"), meanings=_MEANINGS, limited=_LIMITED)


def find_mentions(letter: Letter, outlet: Outlet) -> tuple[str, ...]:
    """Whom the message calls."""
    return outlet.channel.mention if letter.severity in outlet.channel.mention_for else ()


def judge_code(
    answer: http.Answer,
    code: object,
    said: object,
    *,
    meanings: dict[int, str],
    limited: dict[int, timedelta],
) -> None:
    """These services answer 200 whatever happened: only a code of 0 is a delivery. Raises Fault for any other."""
    if not isinstance(code, int) or isinstance(code, bool):
        raise Fault("回答里没有结果代码，不能认为已送达；核对网址", is_channel=True)
    if code == 0:
        return
    told = meanings.get(code) or f"对方说：{answer.quote(said)}"
    raise Fault(
        f"对方没有接受（代码 {code}）：{told}",
        pause=limited.get(code, timedelta()),
        is_channel=code in limited,
    )
