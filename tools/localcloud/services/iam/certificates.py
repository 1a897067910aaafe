"""The key pairs and certificates of service account keys. Their library is loaded on first use: few clouds see a key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.x509 import Certificate

_PASSWORD = b"notasecret"  # that of every PKCS #12 file of Google's


def pair(bits: int) -> RSAPrivateKey:
    """A new key pair."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return generate_private_key(65537, bits)


def made(name: str, key: RSAPrivateKey, begin: datetime, end: datetime) -> Certificate:
    """A certificate of a key, signed by the key itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin.replace(microsecond=0))
    return builder.not_valid_after(end.replace(microsecond=0)).sign(key, SHA256())


def read(pem: bytes) -> Certificate:
    """A certificate from its text. Raises ValueError."""
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem)


def public_key(certificate: Certificate) -> RSAPublicKey | None:
    """The RSA key in a certificate; None if it holds a key of another kind."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return public if isinstance(public, RSAPublicKey) else None


def fingerprint(certificate: Certificate) -> str:
    """The SHA-256 fingerprint of a certificate, in hexadecimal digits."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()


def text(certificate: Certificate) -> str:
    """A certificate as text (PEM)."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def public_text(certificate: Certificate) -> bytes:
    """The public key in a certificate as text (PEM)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_text(key: RSAPrivateKey) -> str:
    """A private key as text (PEM)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def packed(key: RSAPrivateKey, certificate: Certificate) -> bytes:
    """A PKCS #12 file of a key and its certificate."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    locked = BestAvailableEncryption(_PASSWORD)
    return pkcs12.serialize_key_and_certificates(b"privatekey", key, certificate, None, locked)
