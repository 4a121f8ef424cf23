"""A software authenticator: what a browser and a phone make of WebAuthn's options.

It signs what a real one would, by real keys. `flaws` say what it does otherwise.
"""

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(encoded: str) -> bytes:
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


@dataclass
class Authenticator:
    """A phone with one passkey at most per account, which counts how often it signs."""

    origin: str
    counts: bool = True
    credential_id: bytes = b""
    user_handle: bytes = b""
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: dict[str, Any], **flaws: Any) -> dict[str, Any]:
        """`navigator.credentials.create`, and `toJSON()` of what it gives."""
        assert options["authenticatorSelection"]["residentKey"] == "required"
        assert options["authenticatorSelection"]["userVerification"] == "required"
        assert -7 in [each["alg"] for each in options["pubKeyCredParams"]]
        excluded = [raw(each["id"]) for each in options["excludeCredentials"]]
        assert self.credential_id not in excluded or flaws.get("again"), "InvalidStateError"
        self.credential_id = flaws.get("credential_id") or os.urandom(32)
        self.user_handle = raw(options["user"]["id"])
        attested = (
            bytes(16)
            + struct.pack(">H", len(self.credential_id))
            + self.credential_id
            + cbor2.dumps(self._cose())
        )
        data = self._data(options["rp"]["id"], ATTESTED, flaws) + attested
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        client_data = self._client_data("webauthn.create", options["challenge"], flaws)
        return self._credential(
            {
                "clientDataJSON": text(client_data),
                "attestationObject": text(cbor2.dumps(attestation)),
                "transports": ["internal", "hybrid", "carrier-pigeon"],
            }
        )

    def get(self, options: dict[str, Any], **flaws: Any) -> dict[str, Any]:
        """`navigator.credentials.get`, and `toJSON()` of what it gives."""
        assert options["userVerification"] == "required"
        allowed = [raw(each["id"]) for each in options.get("allowCredentials", [])]
        assert not allowed or self.credential_id in allowed, "NotAllowedError"
        data = self._data(options["rpId"], 0, flaws)
        client_data = self._client_data("webauthn.get", options["challenge"], flaws)
        signed = data + hashlib.sha256(client_data).digest()
        key = flaws.get("key", self.key)
        return self._credential(
            {
                "clientDataJSON": text(client_data),
                "authenticatorData": text(data),
                "signature": text(key.sign(signed, ec.ECDSA(SHA256()))),
                "userHandle": text(flaws.get("user_handle", self.user_handle)),
            }
        )

    def _data(self, rp_id: str, flags: int, flaws: dict[str, Any]) -> bytes:
        """Authenticator data: for whom, what was checked, and how often it has signed."""
        self.count += self.counts
        flags |= flaws.get("flags", PRESENT | VERIFIED)
        digest = hashlib.sha256(flaws.get("rp_id", rp_id).encode()).digest()
        return digest + struct.pack(">BI", flags, flaws.get("count", self.count))

    def _client_data(self, kind: str, challenge: str, flaws: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": flaws.get("type", kind),
                "challenge": flaws.get("challenge", challenge),
                "origin": flaws.get("origin", self.origin),
                "crossOrigin": False,
            }
        ).encode()

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": text(self.credential_id),
            "rawId": text(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def _cose(self) -> dict[int, Any]:
        """The public key as COSE has it: EC2, ES256, P-256, x, y."""
        numbers = self.key.public_key().public_numbers()
        return {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
