"""What the filters of an Envoy let in: role-based access control, tokens, and who else is asked.

Written from the pages of filters, https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter
and those beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cmp.replay.access import UnjudgedError
from tests.order.istiod.matching import Config, Connection, Http, header_fits, known, text_fits

_TOKENS = "envoy.filters.http.jwt_authn"


def admitted(filters: Iterable[Config], connection: Connection, sent: Http | None) -> frozenset[str] | None:
    """Whether a chain of network filters lets a connection in, and with it a request.

    Returns:
        None where it does not, else the clusters of the authorizers that have to say yes, too. A connection that is not
        HTTP gets no answer where HTTP is expected.
    """
    found: frozenset[str] | None = frozenset()
    for one in filters:
        if "http" in one:
            if sent is None:
                return None
            return _passed(one["http"]["httpFilters"], connection, sent, frozenset(found or ()))
        found = _passed([one], connection, None, frozenset(found or ()))
        if found is None:
            return None
    return found


def _passed(
    filters: Iterable[Config], connection: Connection, sent: Http | None, asked: frozenset[str]
) -> frozenset[str] | None:
    """One filter after the other: what one writes into the metadata, the next ones read."""
    metadata: dict[str, dict[str, Any]] = {}
    for one in filters:
        ((kind, config),) = one.items()
        if kind == "rbac":
            if not _rules_allow(config, connection, sent, metadata):
                return None
        elif kind == "jwt_authn":
            if not _token_passes(config, sent, metadata):
                return None
        elif kind == "ext_authz":
            if _is_enabled(config, metadata):
                asked |= {_authorizer(config)}
        elif kind != "tcp_proxy":
            raise UnjudgedError(f"filter {kind}")
    return asked


def _rules_allow(config: Config, connection: Connection, sent: Http | None, metadata: dict[str, Any]) -> bool:
    """Shadow rules decide nothing, but say which of them would have fitted."""
    if "shadowRules" in config:
        prefix = config.get("shadowRulesStatPrefix", "")
        fitting = _fitting(config["shadowRules"], connection, sent, metadata)
        if fitting:
            place = metadata.setdefault("envoy.filters.http.rbac" if sent else "envoy.filters.network.rbac", {})
            place[f"{prefix}shadow_effective_policy_id"] = fitting
    if "rules" not in config:
        return True
    fits = _fitting(config["rules"], connection, sent, metadata) is not None
    action = config["rules"].get("action", "ALLOW")
    return fits if action == "ALLOW" else not fits if action == "DENY" else True


def _fitting(rules: Config, connection: Connection, sent: Http | None, metadata: Config) -> str | None:
    """The name of the first policy that fits; policies are sorted by their names."""
    for name, policy in sorted(rules.get("policies", {}).items()):
        known(policy, "permissions principals")
        if any(_allows(one, connection, sent, metadata) for one in policy["permissions"]) and any(
            _is(one, connection, sent, metadata) for one in policy["principals"]
        ):
            return str(name)
    return None


def _allows(permission: Config, connection: Connection, sent: Http | None, metadata: Config) -> bool:
    ((kind, value),) = permission.items()
    if kind in ("andRules", "orRules"):
        found = (_allows(one, connection, sent, metadata) for one in value["rules"])
        return all(found) if kind == "andRules" else any(found)
    if kind == "notRule":
        return not _allows(value, connection, sent, metadata)
    if kind == "any":
        return bool(value)
    if kind == "destinationPort":
        return bool(value == connection.port)
    if kind == "header":
        return sent is not None and header_fits(value, sent)
    if kind == "urlPath":
        return sent is not None and text_fits(value["path"], sent.path)
    raise UnjudgedError(f"permission {kind}")


def _is(principal: Config, connection: Connection, sent: Http | None, metadata: Config) -> bool:
    ((kind, value),) = principal.items()
    if kind in ("andIds", "orIds"):
        found = (_is(one, connection, sent, metadata) for one in value["ids"])
        return all(found) if kind == "andIds" else any(found)
    if kind == "notId":
        return not _is(value, connection, sent, metadata)
    if kind == "any":
        return bool(value)
    if kind == "authenticated":
        name = value.get("principalName")
        return bool(connection.principal) and (name is None or text_fits(name, connection.principal))
    if kind == "header":
        return sent is not None and header_fits(value, sent)
    if kind == "metadata":
        return _metadata_fits(value, metadata)
    raise UnjudgedError(f"principal {kind}")


def _metadata_fits(matcher: Config, metadata: Config) -> bool:
    known(matcher, "filter path value")
    found: Any = metadata.get(matcher["filter"])
    for step in matcher["path"]:
        found = found.get(step["key"]) if isinstance(found, Mapping) else None
    value = matcher["value"]
    if "listMatch" in value:
        value, found = value["listMatch"]["oneOf"], found if isinstance(found, list) else None
        return any(text_fits(value["stringMatch"], one) for one in found or ())
    known(value, "stringMatch")
    return isinstance(found, str) and text_fits(value["stringMatch"], found)


def _token_passes(config: Config, sent: Http | None, metadata: dict[str, Any]) -> bool:
    """A token of a provider is kept, one of nobody known is refused; whether one may be missing is said by rules."""
    if sent is None:
        raise UnjudgedError("tokens of what is not HTTP")
    if not sent.claims:
        return "allowMissing" in str(config.get("rules"))
    for provider in config["providers"].values():
        if provider["issuer"] == sent.claims["iss"] and "audiences" not in provider:
            metadata[_TOKENS] = {provider["payloadInMetadata"]: dict(sent.claims)}
            return True
    return False


def _is_enabled(config: Config, metadata: Config) -> bool:
    matcher = config.get("filterEnabledMetadata")
    return matcher is None or _metadata_fits(matcher, metadata)


def _authorizer(config: Config) -> str:
    """The cluster of who is asked."""
    if "grpcService" in config:
        return str(config["grpcService"]["envoyGrpc"]["clusterName"])
    return str(config["httpService"]["serverUri"]["cluster"])
