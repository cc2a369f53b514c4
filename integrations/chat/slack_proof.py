"""Slack's signature over the raw bytes of a request; its SDK's own verifier raises on hostile input (S1)."""

from __future__ import annotations

import hmac
from hashlib import sha256

STAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


def signed(secret: str, stamp: str, body: bytes) -> str:
    """What Slack writes into its header: docs.slack.dev/authentication/verifying-requests-from-slack."""
    base = b"v0:" + stamp.encode("ascii", "replace") + b":" + body
    return f"v0={hmac.new(secret.encode(), base, sha256).hexdigest()}"
