"""SHA-256 without OpenSSL, which hashlib loads whole: a tenth of the agent's time and two of its megabytes."""

# Any: hash objects have no common type.
from typing import Any

try:
    from _sha2 import sha256 as _sha256  # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256 as _sha256
    except ImportError:
        # Built without its own: then OpenSSL's.
        from hashlib import sha256 as _sha256

_BLOCK_BYTES = 64


def sha256(content: bytes = b"") -> Any:
    """As hashlib.sha256."""
    return _sha256(content)


def hmac_sha256(key: bytes, message: bytes) -> str:
    """HMAC (RFC 2104) in hexadecimal digits."""
    key = (sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()
