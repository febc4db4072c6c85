"""Blot out what looks like a key before it reaches a file.

Covered: Anthropic, OpenAI, AWS, GitHub, Google, Slack and Hugging Face keys in their usual shape,
bearer tokens, private keys in PEM. Not covered: passwords, and keys that were split or encoded.
"""

from __future__ import annotations

import re

REDACTED = "[redacted]"
_KEY = re.compile(
    r"\bsk-[A-Za-z0-9_-]{16,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bABSK[A-Za-z0-9+/]{20,}=*"
    r"|\bbedrock-api-key-[A-Za-z0-9+/]{20,}=*"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{30,}"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bhf_[A-Za-z0-9]{30,}"
    r"|(?<=\bBearer )[A-Za-z0-9._~+/-]{16,}=*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----"
)
_MARKS = (
    "sk-",
    "AKIA",
    "ASIA",
    "ABSK",
    "bedrock-api-key-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "AIza",
    "xox",
    "hf_",
    "Bearer ",
    "PRIVATE KEY",
)


def may_hold_key(text: str) -> bool:
    """Return False if no key can be in the text: a quick look before a thorough one."""
    return any(mark in text for mark in _MARKS)


def redact(text: str) -> str:
    """Return the text with every key replaced by `[redacted]`."""
    return _KEY.sub(REDACTED, text)


def redact_json(value: object) -> object:
    """Return a JSON value with every key in its strings replaced, names of fields included."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {redact(name): redact_json(inner) for name, inner in value.items()}
        case list():
            return [redact_json(inner) for inner in value]
        case _:
            return value
