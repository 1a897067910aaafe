"""A state folder has one certificate authority, however many ask for it first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from localcloud.server import certificates
from localcloud.server.certificates import Authority


def test_those_who_ask_at_the_same_time_get_one_authority_and_its_key(tmp_path: Path) -> None:
    """Builds, workloads and commands do: a certificate of one and a key of another would make every push fail."""
    together = Barrier(12)

    def certificate(_: int) -> bytes:
        together.wait(30)
        return Authority(tmp_path).certificate.read_bytes()

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(certificate, range(12)))) == 1
    key = load_pem_private_key((tmp_path / "ca.key").read_bytes(), None)
    assert key.public_key() == load_pem_x509_certificate((tmp_path / certificates.AUTHORITY).read_bytes()).public_key()
    text = certificates.bundle(tmp_path).read_bytes()
    assert text.endswith((tmp_path / certificates.AUTHORITY).read_bytes())
