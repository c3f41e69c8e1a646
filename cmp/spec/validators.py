"""Scalars of the language: from the text in the file to a canonical value.

Module-level functions only, and no pydantic: the compiled core schema (``_core``) refers to them by name. A plain
scalar arrives as ``str`` and is typed here by its field; ``Quoted`` is text, whatever it looks like. Each raises
``PydanticCustomError`` whose type is the diagnostic code, with the help in its context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from pydantic_core import PydanticCustomError

from cmp.node import Quoted

_UNITS_MS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def refuse(message: str, help: str = "", code: str = "MS104") -> NoReturn:
    """Raise the error that the parser turns into a diagnostic with this code and help."""
    raise PydanticCustomError(code, "{message}", {"message": message, "help": help})


def attempt(validator: Callable[[Any], Any], value: Any) -> tuple[Any, tuple[str, str, str] | None]:
    """What a validator makes of a value, and no error; or None and the code, message and help of its error."""
    try:
        return validator(value), None
    except PydanticCustomError as error:
        context = error.context or {}
        return None, (error.type, str(context.get("message")), str(context.get("help")))


def shown(value: object) -> str:
    """A value as messages name it; long text is cut, and the contents of maps and lists stay out."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def integer(value: Any) -> Any:
    """A whole number in decimal digits, without quotes, sign plus, leading zeros or underscores."""
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", value):
        if isinstance(value, Quoted):
            refuse(f"expected a number, got the text {shown(value)}", f"remove the quotes: {value}", "MS103")
        return int(value)
    refuse(f"expected a whole number, got {shown(value)}", "write decimal digits, for example 8080", "MS103")


def ratio(value: Any) -> float:
    """A decimal number, without quotes and exponent."""
    if type(value) is str and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        return float(value)
    refuse(f"expected a number, got {shown(value)}", "write for example 1.5, without quotes", "MS103")


def boolean(value: Any) -> Any:
    """``true`` or ``false`` without quotes (YAML 1.2: ``yes`` and ``on`` are text)."""
    if type(value) is bool:
        return value
    if type(value) is str and value in ("true", "false"):
        return value == "true"
    refuse(f"expected true or false, got {shown(value)}", "write true or false, without quotes", "MS103")


def duration(value: Any) -> str:
    """A duration with its unit, in canonical form: whole seconds as ``5s``, else milliseconds as ``1500ms``.

    Istio takes whole milliseconds of at least one (istio pkg/config/validation, ValidateDuration).
    """
    found = duration_or_zero(value)
    if found == "0s":
        refuse(f"{shown(value)} is shorter than 1ms", "leave the key out (or write null) for no limit")
    return found


def duration_or_zero(value: Any) -> str:
    """As ``duration``, where nothing at all has a meaning of its own."""
    text = scalar(value)
    # An end to digits and length, or a text of nothing but digits takes the square of its length.
    parts = re.findall(r"([0-9]{1,30}(?:\.[0-9]{1,30})?)(ms|h|m|s)", text[:200])
    if not parts or "".join(a + b for a, b in parts) != text:
        refuse(f"expected a duration, got {shown(value)}", "write a number with its unit: 500ms, 5s, 1m30s, 2h")
    total = 0
    for number, unit in parts:
        whole, _, fraction = number.partition(".")
        scaled = int(whole + fraction) * _UNITS_MS[unit]
        if scaled % 10 ** len(fraction):
            refuse(f"{shown(value)} is not a whole number of milliseconds", "round it to 1ms")
        total += scaled // 10 ** len(fraction)
    if total > LONGEST_MS:
        refuse(f"{shown(value)} is longer than the 292 years that Istio can count", "write for example 24h")
    return f"{total // 1000}s" if total % 1000 == 0 else f"{total}ms"


#: Go counts time in nanoseconds, with 63 bits (https://pkg.go.dev/time#Duration).
LONGEST_MS = (2**63 - 1) // 1_000_000


def percent(value: Any) -> int:
    """A share of 100 in whole percent, with or without its sign."""
    text = scalar(value).removesuffix("%")
    if not re.fullmatch(r"0|[1-9][0-9]?|100", text):
        refuse(f"expected a percentage from 0 to 100, got {shown(value)}", "write for example 70%")
    return int(text)


def fraction(value: Any) -> int | float:
    """A share of 100 in thousandths of a percent, with or without its sign; whole percent as a whole number.

    Envoy counts in millionths (istio pilot/pkg/networking/core/route/route.go, translatePercentToFractionalPercent).
    """
    text = scalar(value).removesuffix("%")
    if not re.fullmatch(r"(0|[1-9][0-9]?)(\.[0-9]{1,3})?|100(\.0{1,3})?", text):
        refuse(
            f"expected a percentage from 0 to 100, got {shown(value)}",
            "write for example 70% or 0.1%, no finer than 0.001%",
        )
    return int(float(text)) if float(text).is_integer() else float(text)


def count_or_percent(value: Any) -> str:
    """A number of pods, or a share of them in whole percent, as text."""
    text = scalar(value)
    if not re.fullmatch(r"(0|[1-9][0-9]{0,8})%?", text):
        refuse(f"expected a number or a percentage, got {shown(value)}", "write for example 1 or 25%")
    return text


def cpu(value: Any) -> str:
    """A CPU quantity in Kubernetes' canonical form (``0.5`` is ``500m``)."""
    help = "write cores or millicores: 1, 500m"
    if scalar(value).endswith("i"):
        refuse(f"{shown(value)} is not a number of cores", help)
    return _quantity(value, help)


def memory(value: Any) -> str:
    """A memory quantity in Kubernetes' canonical form (``1024Mi`` is ``1Gi``); fractions of a byte are refused."""
    found = _quantity(value, "write a number with its unit: 256Mi, 1Gi")
    if found[-1] in "num":
        meant = re.match(r"[0-9.]+", scalar(value))
        refuse(f"{shown(value)} is a fraction of a byte", f"did you mean {meant[0] if meant else ''}Mi?")
    return found


def quantity(value: Any) -> str:
    """A quantity of anything in Kubernetes' canonical form (``1000m`` is ``1``)."""
    return _quantity(value, "write a number, with a unit where it has one: 2, 500m, 1Gi")


def _quantity(value: Any, help: str) -> str:
    """Canonical form as in apimachinery resource.Quantity: no fraction, the largest unit that keeps it whole.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = re.fullmatch(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?([numkMGTPE]|[KMGTPE]i)?(?:e([0-9]))?", scalar(value))
    if not match:
        refuse(f"expected a quantity, got {shown(value)}", help)
    whole, fraction, unit, exponent = match[1], match[2] or "", match[3] or "", int(match[4] or 0)
    digits = int(whole + fraction)
    if unit in _BINARY:
        scaled = digits * 1024 ** _BINARY[unit]
        if scaled % 10 ** len(fraction) or exponent:
            refuse(f"{shown(value)} is not a whole number of bytes", help)
        return _binary(scaled // 10 ** len(fraction))
    power = _DECIMAL[unit] + exponent - len(fraction)
    while digits and digits % 10 == 0:
        digits, power = digits // 10, power + 1
    if not digits:
        return "0"
    if power < -9:
        refuse(f"{shown(value)} is finer than a billionth", help)
    power -= (shift := power % 3)
    return (
        f"{digits * 10**shift}{next(u for u, p in _DECIMAL.items() if p == min(power, 18))}"
        if power <= 18
        else refuse(f"{shown(value)} is too large", help)
    )


def cipher_suite(value: str) -> str:
    """A cipher suite of TLS up to 1.2, by OpenSSL's name (istio pkg/config/security, ValidCipherSuites)."""
    if value not in CIPHER_SUITES:
        refuse(f"{shown(value)} is not a cipher suite", "one of " + ", ".join(CIPHER_SUITES))
    return value


CIPHER_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
)


def port_number(value: str) -> str:
    """A number of a port that stands as a key."""
    if not re.fullmatch("[1-9][0-9]{0,4}", value) or int(value) > 65535:
        refuse(f"{shown(value)} is not a port", "write a number from 1 to 65535")
    return value


def amount(quantity: str) -> int:
    """A canonical quantity in billionths, to compare two."""
    digits = quantity.rstrip("".join({*"".join(_DECIMAL), "i"}))
    unit = quantity[len(digits) :]
    scale: int = 1024 ** _BINARY[unit] * 10**9 if unit in _BINARY else 10 ** (_DECIMAL[unit] + 9)
    return int(digits) * scale


def _binary(total: int) -> str:
    unit = ""
    for name in _BINARY:
        if total % 1024 or not total:
            break
        total, unit = total // 1024, name
    return f"{total}{unit}"


def scalar(value: Any) -> str:
    """The text of a plain value; a map or a list is refused."""
    if not isinstance(value, str):
        refuse(f"expected text, got {shown(value)}", "write one value", "MS103")
    return value
