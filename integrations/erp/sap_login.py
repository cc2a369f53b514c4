"""How we prove to SAP who we are by a certificate instead of a password (X.509, mutual TLS), and how that fails."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

from workflow.errors import Away

LOGIN_REFUSED = timedelta(minutes=15)  # until the next attempt with what SAP has refused


def tls(certificate: Path | None, key: Path | None, authority: Path | None) -> ssl.SSLContext:
    """What TLS is spoken with, from PEM files; `key` None: it stands in the certificate's file.

    `authority` is who signed SAP's own certificate where that is no public one; the public ones then count no more.
    Raises OSError (ssl.SSLError among it) where a file cannot be used.
    """
    context = ssl.create_default_context(cafile=authority)
    if certificate is not None:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    return context


def refused(error: BaseException) -> Away | None:
    """What a TLS handshake said no with; None where it was something else that broke. Nothing was done there."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLError):
        found = found.__cause__ or found.__context__
    if found is None or isinstance(found, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return None
    if isinstance(found, ssl.SSLCertVerificationError):
        why = f"SAP's certificate is not trusted ({found.verify_message}); LINECALL_SAP_CA names who signed it"
    else:
        why = "SAP refuses our certificate; is it over, or not mapped to a user? LINECALL_SAP_CERTIFICATE"
    return Away(why, after=LOGIN_REFUSED)


def _no_passphrase() -> str:
    raise ssl.SSLError("the key has a passphrase, and nobody is there to type it")
