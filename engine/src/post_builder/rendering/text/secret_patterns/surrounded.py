"""Passwords, and keys without a form of their own: they are told by what is around them."""

from __future__ import annotations

_PLACEHOLDER = r"(?!\*{3}|x{4}|X{4}|\.{3}|…|<|\[|\$|%|your|YOUR|example|EXAMPLE|REDACTED|redacted)"
"""What stands where documentation hides a secret."""

_ASSIGNED = rf"[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?{_PLACEHOLDER}"

_NAMED = (
    r"(?i:(?:api|access|auth|secret|private|client|account|refresh|session|signing|encryption)[_-]?"
    r"(?:key|token|secret)|passw(?:or)?d|passphrase)"
)
"""What a variable or a key of a mapping is called that holds a secret."""

SURROUNDED = {
    "aws-secret-key": (
        r"(?i:aws_?(?:secret|session)[\w-]{0,20}|secret_?access_?key|session_?token)"
        + _ASSIGNED
        + r"[\w/+=]{40}"
    ),
    "wandb-key": (
        r"(?:(?i:wandb_api_key)"
        + _ASSIGNED
        + r"|wandb\.login\([^)\n]{0,80}?key=[\"'])[0-9a-f]{40}|wandb_v1_\w{40,}"
    ),
    "cloudflare-key": r"(?i:cloudflare[\w-]{0,20})" + _ASSIGNED + r"[\w-]{37,40}",
    "authorization-header": (
        r"(?i:authorization)" + _ASSIGNED + r"(?:(?i:bearer|basic|token|digest)\s{1,3}"
        rf"{_PLACEHOLDER}[\w.~+/=-]{{8,}}|(?=[\w.~+/-]{{0,60}}\d)[\w.~+/=-]{{20,}})"
    ),
    "key-in-header": (
        r"(?i:subscription-key|x-[a-z-]{1,30}-(?:key|token))"
        + _ASSIGNED
        + r"(?=[\w-]{0,60}\d)[\w-]{20,}"
    ),
    "bearer-token": rf"(?i:bearer) {_PLACEHOLDER}(?=[\w.~+/=-]{{0,60}}\d)[\w.~+/=-]{{20,}}",
    "cookie": (
        r"(?i:cookie)" + _ASSIGNED + r"[\w.-]{1,40}="
        rf"{_PLACEHOLDER}(?=[\w.~+/%=-]{{0,60}}\d)[\w.~+/%=-]{{20,}}"
    ),
    "curl-password": (
        r"curl (?:[^\n]{0,200}? )?(?:-u|--user)[ =][\"']?[\w.@+-]{1,60}:"
        rf"{_PLACEHOLDER}[^\s\"']{{6,}}|sshpass -p ?[\"']?{_PLACEHOLDER}[^\s\"']{{4,}}"
    ),
    "signed-url": r"[?&](?:X-Amz-Signature|X-Goog-Signature)=[0-9a-fA-F]{64,}",
    "connection-string": (
        rf"(?:;\s{{0,3}}(?i:pwd|password)\s?=\s?{_PLACEHOLDER}[^;\s\"'<>]{{4,}}"
        rf"|(?:host|port|user|dbname)=[^\s,]{{1,100}} password={_PLACEHOLDER}[^\s\"'<>]{{4,}}"
        r"|:5432:[\w*-]{1,60}:[\w.-]{1,60}:[^\s:\"'<>]{4,})"
    ),
    "npm-login": (
        rf"\b_(?:auth|authToken|password)\s?=\s?[\"']?{_PLACEHOLDER}(?=[\w+/-]{{0,60}}\d)[\w+/=-]{{12,}}"
    ),
    "password-in-url": rf"://[^\s/@:\"'<>]{{0,100}}:{_PLACEHOLDER}[^\s/@:\"'<>]{{3,200}}@(?!sha\d)[\w\[]",
    "database-url": (
        r"(?:postgres|mysql|maria|mongo|redis|amqp|mssql|oracle|snowflake)[\w+]{0,20}://"
        rf"[^\s/@:\"'<>]{{0,100}}:{_PLACEHOLDER}(?!\d{{1,5}}[/?,])[^\s\"'<>]{{3,200}}?@[\w\[]"
    ),
    "token-in-url": (
        r"[?&;](?i:(?:access|auth|refresh|id|api|private|session|secret)?[_-]?"
        r"(?:token|key|apikey|secret|password|passwd|signature))="
        rf"{_PLACEHOLDER}(?=[\w.~%+/-]{{0,60}}\d)[\w.~%+/-]{{8,}}"
    ),
    "token-as-user": r"://(?=[\w-]{0,60}\d)[A-Za-z0-9_-]{20,200}:?@[\w\[]",
    "netrc-password": (
        r"(?:machine\s{1,9}\S{1,200}|default\s{1,9}login\s{1,9}\S{1,200})(?:\s{1,9}(?:login|account)\s{1,9}\S{1,200}){0,2}"
        r"\s{1,9}password\s{1,9}\S"
    ),
    "secret-variable": (
        r"[A-Z][A-Z0-9]{1,20}_(?:[A-Z0-9]{1,20}_){0,3}(?:TOKEN|SECRET|KEY|PAT)"
        + _ASSIGNED
        + r"(?=[\w.~+/-]{0,60}\d)(?=[\w.~+/-]{0,60}[A-Za-z])[\w.~+/=-]{20,}"
    ),
    "password-variable": (
        r"[A-Z][A-Z0-9_]{1,30}(?:PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD)"
        + _ASSIGNED
        + r"(?![/~.])(?=[^\s\"']{0,60}\d)(?=[^\s\"']{0,60}[A-Za-z])[^\s\"'<>,;(){}\[\]]{6,}"
    ),
    "assigned-secret": (
        _NAMED + _ASSIGNED + r"(?:(?=[^\s\"']{0,100}\d)(?=[^\s\"']{0,100}[A-Za-z])"
        r"[^\s\"'<>,;(){}\[\]]{12,})"
    ),
    "quoted-password": (
        r"(?i:passw(?:or)?d|passphrase|secret[_-]?key)[\"']?\s{0,3}[=:]\s{0,3}(?P<quote>[\"'])"
        rf"{_PLACEHOLDER}(?=[^\s\"']{{0,60}}\d)(?=[^\s\"']{{0,60}}[A-Za-z])"
        r"[^\s\"'<>]{8,100}(?P=quote)"
    ),
}
"""A regular expression by the name under which an author allows it."""
