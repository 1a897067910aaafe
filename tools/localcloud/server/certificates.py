"""TLS certificates for Google's hosts, signed by a certificate authority of this state folder's own, which is never added to a system store."""

from __future__ import annotations

import datetime as dt
import os
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import atomic_files
from localcloud.server import records

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

AUTHORITY = "ca.pem"
BUNDLE = "ca-bundle.pem"
_KEY = "ca.key"
_LOCK = "ca.lock"
_NAME = "groundwork local cloud (simulated)"
_YEARS = dt.timedelta(days=3650)
_LEAF = dt.timedelta(days=397)  # clients refuse leaves that are valid for longer
_SKEW = dt.timedelta(days=1)
# HTTP/1.1 comes first, so that only clients that speak nothing but HTTP/2 get it: those of gRPC.
_PROTOCOLS = ["http/1.1", "h2"]
_HOSTS = 256


class Authority:
    """Signs certificates for any host; its key and certificate are created on first use in the state folder, readable only by its owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.context = lru_cache(maxsize=_HOSTS)(self._context)

    @property
    def certificate(self) -> Path:
        """The certificate file that clients have to trust."""
        path = self._folder / AUTHORITY
        if self._missing:
            # Builds, workloads and commands may be the first at the same time.
            with records.locked(self._folder / _LOCK, wait=True):
                if self._missing:
                    self._make()
        return path

    @property
    def _missing(self) -> bool:
        return not ((self._folder / AUTHORITY).exists() and (self._folder / _KEY).exists())

    def _context(self, host: str, both: bool = False) -> ssl.SSLContext:
        """The TLS context for a host; with `both`, its server also speaks HTTP/2 with any client that can."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from cryptography.x509 import load_pem_x509_certificate

        issuer = load_pem_x509_certificate(self.certificate.read_bytes())
        key = load_pem_private_key((self._folder / _KEY).read_bytes(), None)
        own = ec.generate_private_key(ec.SECP256R1())
        chain = _pem(own) + _text(_signed(host, own, (issuer, key)))  # type: ignore[arg-type]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(_PROTOCOLS[::-1] if both else _PROTOCOLS)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="leaf-") as file:  # ssl reads chains from files only
            file.write(chain)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _make(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(_NAME, key, None)
        atomic_files.write(self._folder / _KEY, _pem(key))
        atomic_files.write(self._folder / AUTHORITY, _text(certificate))


def bundle(folder: Path) -> Path:
    """A CA bundle for clients: the authorities that this machine trusts, and the state folder's own."""
    import certifi

    theirs = next((path for path in _trusted() if path.is_file()), Path(certifi.where()))
    path = folder / BUNDLE
    content = theirs.read_bytes().rstrip() + b"\n" + Authority(folder).certificate.read_bytes()
    if not path.exists() or path.read_bytes() != content:
        atomic_files.write(path, content)
    return path


def _trusted() -> list[Path]:
    named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    own = [path for path in named if path and not path.endswith(BUNDLE)]
    return [
        Path(path)
        for path in (*own, ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt")
        if path
    ]


def _signed(
    name: str, own: EllipticCurvePrivateKey, by: tuple[Certificate, EllipticCurvePrivateKey] | None
) -> Certificate:
    """A certificate for a host, or without `by` the authority's own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    issuer, key = (by[0].subject, by[1]) if by else (subject, own)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder(issuer, subject, own.public_key(), x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + (_LEAF if by else _YEARS))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None if by else 0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if by:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    else:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _text(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)
