"""The sets of defaults, of which a platform chooses one.

An upgrade of meshspec must not change what an unchanged spec gives (docs/adr/0014-profiles.md). So a set that is there
is never changed: other values are another set with another name, and hold where a platform names it. Defaults in which
all sets agree stand where they are used, and move here when a set chooses otherwise.
"""

from __future__ import annotations

from typing import NamedTuple


class Profile(NamedTuple):
    """What is written where neither a spec nor a platform says anything.

    Attributes:
        attempts: how often a request is tried again.
        retry_on: the conditions under which that is done, as Envoy names them
            (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter).
        surge: pods above the number asked for while they are replaced: a number, or a percentage of that number.
        unavailable: pods below it, likewise.
    """

    attempts: int
    retry_on: str
    surge: str
    unavailable: str


#: The set of every platform that names none, and of renders without a platform, as long as there is this apiVersion.
DEFAULT = "1"
PROFILES = {
    "1": Profile(
        attempts=2,
        retry_on="connect-failure,refused-stream",  # only what was never sent is repeated, so nothing is done twice
        surge="25%",
        unavailable="0",  # never fewer pods than asked for
    ),
}
