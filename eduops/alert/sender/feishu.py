"""飞书: a group's own robot, signed. https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

from eduops.alert.secret import Place, read_secret
from eduops.alert.sender import http
from eduops.alert.sender.letter import Letter, Outlet
from eduops.alert.sender.wecom import find_mentions, judge_code

IS_MARKDOWN = False
MOST_BYTES = 9_000
"""The service takes 20 KB of JSON, in which a line end or a quotation mark takes two."""

_LIMITED = {11232: timedelta(minutes=1), 11233: timedelta(minutes=1), 99991400: timedelta(minutes=1)}
_MEANINGS = {
    9499: "对方说内容不合格式，或发得太快",
    11232: "发得太快，被限制",
    11233: "发得太快，被限制",
    99991400: "发得太快，被限制",
    19001: "机器人的网址不对或机器人已被移除",
    19021: "签名不符或已过一小时：核对密钥和本机时钟",
    19022: "本机的 IP 地址不在机器人的白名单里",
    19024: "没有机器人要求的关键词",
}


def send(letter: Letter, outlet: Outlet) -> None:
    """Sends one message. Raises Fault where it was not taken."""
    place = Place(outlet.channel.secret_file, outlet.channel.secret_env)
    secret = read_secret(place, outlet.home, what=f"渠道 {outlet.name} 的签名密钥")
    calls = "".join(f'<at user_id="{name}"></at>' for name in find_mentions(letter, outlet))
    # Whatever came in with the data must not call everybody.
    text = letter.text.replace("<", "＜").replace(">", "＞") + (f"\n{calls}" if calls else "")
    body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        seconds = int(letter.sent_at.timestamp())
        body |= {"timestamp": str(seconds), "sign": sign(secret, seconds)}
    content = json.dumps(body, ensure_ascii=False).encode()
    answer = http.post(outlet, content=content, secrets=(secret,) if secret else ())
    fields = answer.fields()
    code = fields.get("code", fields.get("StatusCode"))
    said = fields.get("msg", fields.get("StatusMessage"))
    judge_code(answer, code, said, meanings=_MEANINGS, limited=_LIMITED)


def sign(secret: str, seconds: int) -> str:
    """HMAC-SHA256 of nothing at all, under "instant, line end, secret" as the key: so the service wants it."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
