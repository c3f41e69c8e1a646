"""How fast what may fail is used up before somebody is called: windows and rates of alerts.

https://sre.google/workbook/alerting-on-slos/ (6: Multiwindow, Multi-Burn-Rate Alerts)
"""

from __future__ import annotations

from typing import NamedTuple

#: The time over which an objective holds where nothing else is said.
DAYS = 30


class Burn(NamedTuple):
    """One alert: so much of what may fail is gone in the long window, and in the short one it goes on.

    ``spent`` is the share of the budget in percent, ``hours`` the long window in hours.
    """

    severity: str
    spent: int
    hours: int
    long: str
    short: str

    def rate(self, days: int) -> str:
        """How many times faster than allowed: 14.4, 6, 3 and 1 with 30 days."""
        return f"{round(self.spent * days * 24 / self.hours / 100, 3):g}"

    def possible(self, budget: str, days: int) -> bool:
        """Whether so much can fail: never more than all."""
        return float(self.rate(days)) * float(budget) < 1


BURNS = (
    Burn("page", 2, 1, "1h", "5m"),
    Burn("page", 5, 6, "6h", "30m"),
    Burn("ticket", 10, 24, "1d", "2h"),
    Burn("ticket", 10, 72, "3d", "6h"),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def budget(percent: float) -> str:
    """The share that may fail, as a number."""
    return f"{round(1 - percent / 100, 5):.5f}".rstrip("0")
