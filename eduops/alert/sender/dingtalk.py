"""钉钉: a group's own robot, signed. https://open.dingtalk.com/document/robots/custom-robot-access"""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

from eduops.alert.secret import Place, read_secret
from eduops.alert.sender import http
from eduops.alert.sender.letter import Letter, Outlet
from eduops.alert.sender.wecom import find_mentions, judge_code

IS_MARKDOWN = True
MOST_BYTES = 9_000
"""The service takes 20 000 bytes of JSON, in which a line end or a quotation mark takes two."""

# A robot that sent more than 20 in a minute is cut off for ten minutes.
_LIMITED = {
    130101: timedelta(minutes=10),
    410100: timedelta(minutes=10),
    660026: timedelta(minutes=10),
    -1: timedelta(minutes=1),
}
_MEANINGS = {
    130101: "发得太快，被限制十分钟",
    410100: "发得太快，被限制十分钟",
    660026: "发得太快，被限制十分钟",
    300001: "机器人的网址不对或机器人已被移除",
    300005: "机器人的网址不对或机器人已被移除",
    310000: "安全设置不符：核对加签密钥、关键词和 IP 地址段，以及本机时钟",
    400101: "机器人的网址不对或机器人已被移除",
    400102: "机器人已被停用",
    -1: "对方系统繁忙",
}


def send(letter: Letter, outlet: Outlet) -> None:
    """Sends one message. Raises Fault where it was not taken."""
    place = Place(outlet.channel.secret_file, outlet.channel.secret_env)
    secret = read_secret(place, outlet.home, what=f"渠道 {outlet.name} 的加签密钥")
    params = sign(secret, round(letter.sent_at.timestamp() * 1000)) if secret else {}
    mentions = find_mentions(letter, outlet)
    people = [name for name in mentions if name != "all"]
    text = letter.text + "".join(f"\n\n@{name}" for name in people)
    body = {
        "msgtype": "markdown",
        "markdown": {"title": letter.title, "text": text},
        "at": {
            "atMobiles": [name for name in people if name.isdecimal()],
            "atUserIds": [name for name in people if not name.isdecimal()],
            "isAtAll": "all" in mentions,
        },
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    answer = http.post(outlet, content=content, params=params, secrets=(secret,) if secret else ())
    fields = answer.fields()
    judge_code(answer, fields.get("errcode"), fields.get("errmsg"), meanings=_MEANINGS, limited=_LIMITED)


def sign(secret: str, milliseconds: int) -> dict[str, str]:
    """What is added to the address: the instant, and HMAC-SHA256 of "instant, line end, secret" under the secret."""
    said = f"{milliseconds}\n{secret}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    return {"timestamp": str(milliseconds), "sign": base64.b64encode(digest).decode()}
