"""A plain webhook: one JSON object, signed where a secret is named; any answer of success is a delivery."""

import hashlib
import hmac
import json

from eduops.alert.secret import Place, read_secret
from eduops.alert.sender import http
from eduops.alert.sender.letter import Fault, Letter, Outlet

IS_MARKDOWN = False
MOST_BYTES = 60_000


def send(letter: Letter, outlet: Outlet) -> None:
    """Sends one message. Raises Fault where it was not taken."""
    place = Place(outlet.channel.secret_file, outlet.channel.secret_env)
    secret = read_secret(place, outlet.home, what=f"渠道 {outlet.name} 的签名密钥")
    content = json.dumps(build_body(letter), ensure_ascii=False).encode()
    # The receiver knows a message that comes twice by its reference.
    headers = {"X-Eduops-Message": letter.ref}
    if secret:
        stamp = str(int(letter.sent_at.timestamp()))
        headers |= {"X-Eduops-Timestamp": stamp, "X-Eduops-Signature": sign(secret, stamp, content)}
    answer = http.post(outlet, content=content, headers=headers, secrets=(secret,) if secret else ())
    if outlet.channel.expect and outlet.channel.expect not in answer.text:
        raise Fault("回答里没有 alert.yaml 里 expect 写的文字，不能认为已送达", is_channel=True)


def build_body(letter: Letter) -> dict[str, object]:
    """The message as programs read it."""
    return {
        "ref": letter.ref,
        "kind": letter.kind,
        "severity": letter.severity,
        "subject": letter.subject,
        "title": letter.title,
        "text": letter.text,
        "created_at": letter.created_at.isoformat().replace("+00:00", "Z"),
        "may_be_second": letter.may_be_second,
    }


def sign(secret: str, stamp: str, content: bytes) -> str:
    """`sha256=` and HMAC-SHA256 of "seconds, point, body", in hexadecimal digits."""
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + content, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"
