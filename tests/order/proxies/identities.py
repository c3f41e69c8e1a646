"""Who callers are: certificates with an identity of the mesh, and tokens, both of our own making."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

_SECRET = b"a secret that everybody may know, since it is for tests only"


class Files(NamedTuple):
    """Where a certificate and its key are."""

    certificate: Path
    key: Path


class Identities:
    """Certificates by the identity that they say, all of one authority.

    Attributes:
        authority: the certificate that all are checked with.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key, self.authority = directory / "key.pem", directory / "ca.pem"
        self._made: dict[str, Files] = {}
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(self._key))
        self._request("/CN=authority", self.authority, "basicConstraints=critical,CA:TRUE")

    def of(self, principal: str) -> Files:
        """The files of an identity, as ``cluster.local/ns/NAMESPACE/sa/ACCOUNT``."""
        if principal not in self._made:
            path = self._directory / f"{len(self._made)}.pem"
            signed = ("-CA", str(self.authority), "-CAkey", str(self._key))
            self._request("/", path, f"subjectAltName=critical,URI:spiffe://{principal}", *signed)
            self._made[principal] = Files(path, self._key)
        return self._made[principal]

    def client(self, principal: str) -> ssl.SSLContext:
        """How somebody with an identity connects. Names are not looked at: who answers is known by its address."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.authority)
        context.load_cert_chain(*self.of(principal))
        return context

    def _request(self, subject: str, path: Path, extension: str, *more: str) -> None:
        options = ("-subj", subject, "-addext", extension, "-days", "2", *more)
        _openssl("req", "-x509", "-new", "-key", str(self._key), "-out", str(path), *options)


def token(issuer: str, subject: str) -> str:
    """A token that those believe who have our keys."""
    parts = ({"alg": "HS256", "kid": "ours", "typ": "JWT"}, {"iss": issuer, "sub": subject, "exp": 4_102_444_800})
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in parts)
    return b".".join((signed, _encoded(hmac.digest(_SECRET, signed, hashlib.sha256)))).decode()


def keys() -> str:
    """The keys of every issuer, as Envoy reads them."""
    return json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "kid": "ours", "k": _encoded(_SECRET).decode()}]})


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
