"""How a pod is chosen: Istio's LoadBalancerSettings, by their names there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmp.spec.types import (
    Bool,
    Duration,
    DurationOrZero,
    Header,
    Locality,
    Model,
    Percent,
    Positive,
    Ratio,
    Region,
    Text,
    Weight,
    Word,
)


class CookieAttribute(Model):
    """An attribute of the cookie that the proxy sets, such as SameSite."""

    name: Word  #: For example `SameSite`.
    value: Text | None = None  #: For example `Lax`.


class HttpCookie(Model):
    """A cookie whose value decides which pod answers. With a `ttl` the proxy sets it where a request has none.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB-HTTPCookie
    """

    name: Word  #: The name of the cookie.
    path: Word | None = None  #: The path that the proxy sets it for.
    #: How long the cookie that the proxy sets lives; `0s` is the browser's session. Without it the proxy sets none.
    ttl: DurationOrZero | None = None
    attributes: tuple[CookieAttribute, ...] = ()  #: Further attributes of the cookie that the proxy sets.


class RingHash(Model):
    """Consistent hashing on a ring.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB-RingHash
    """

    minimumRingSize: Positive | None = None  #: The least number of places on the ring. Default: Istio's, 1024.


class Maglev(Model):
    """Consistent hashing by Maglev's table, whose size is a prime.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB-MagLev
    """

    tableSize: Positive  #: The size of the table, a prime.


class ConsistentHash(Model):
    """What of a request decides which pod answers.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB
    """

    httpHeaderName: Header | None = None  #: The value of a header.
    httpCookie: HttpCookie | None = None  #: The value of a cookie.
    useSourceIp: Bool | None = None  #: The address of the client.
    httpQueryParameterName: Header | None = None  #: The value of a query parameter.
    #: Hash on a ring, and how large it is. This is what Istio does where neither is written.
    ringHash: RingHash | None = None
    maglev: Maglev | None = None  #: Hash by Maglev's table, and how large it is.


class Distribute(Model):
    """Shares of the traffic from one locality (region/zone/sub-zone) to others, in percent.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting-Distribute
    """

    from_: Locality = Field(alias="from")  #: Where the traffic comes from.
    to: dict[Locality, Weight]  #: The share of each place it goes to; they sum to 100.


class Failover(Model):
    """The region that takes over for another.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting-Failover
    """

    from_: Region = Field(alias="from")  #: The region that fails.
    to: Region  #: The region that takes over.


class LocalityLbSetting(Model):
    """Where traffic goes by the place of its origin.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
    """

    enabled: Bool | None = None  #: Whether places count at all.
    distribute: tuple[Distribute, ...] = ()  #: Shares by place. Excludes `failover`.
    failover: tuple[Failover, ...] = ()  #: Which region takes over for which.
    #: Labels by which pods like the caller are preferred, the most important first.
    failoverPriority: tuple[Word, ...] = ()


class ZoneAwareLbSetting(Model):
    """Callers prefer pods of their own zone as far as these can carry it, and others take the rest.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ZoneAwareLoadBalancerSetting
    """

    enabled: Bool | None = None  #: Whether zones count at all.
    minClusterSize: Positive | None = None  #: The least number of pods in the caller's region for it to work.
    failover: tuple[Failover, ...] = ()  #: Which region takes over for which.
    failoverPriority: tuple[Word, ...] = ()  #: Labels by which pods like the caller are preferred; none is of a place.


class Warmup(Model):
    """New pods get their share of the traffic little by little.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#WarmupConfiguration
    """

    duration: Duration  #: How long it takes until a new pod has its full share.
    minimumPercent: Percent | None = None  #: The share that it begins with.
    aggression: Ratio | None = None  #: How fast the share grows; above 1 it grows faster at first. Default: Istio's, 1.


class LoadBalancer(Model):
    """How a pod is chosen for a request.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings
    """

    #: The algorithm. Default: Istio's, `LEAST_REQUEST`.
    simple: Literal["LEAST_REQUEST", "RANDOM", "ROUND_ROBIN", "PASSTHROUGH"] | None = None
    consistentHash: ConsistentHash | None = None  #: Requests that are alike go to the same pod.
    localityLbSetting: LocalityLbSetting | None = None  #: Where requests go by the place of the caller.
    #: How far requests stay in the zone of the caller. Excludes `localityLbSetting`.
    zoneAwareLbSetting: ZoneAwareLbSetting | None = None
    warmup: Warmup | None = None  #: How new pods are brought in.
