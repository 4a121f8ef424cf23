"""Paystack's sandbox as a process of its own, and what a test can tell it."""

from typing import Any

import httpx2

from tests.support.sandbox import Control, Sandbox

SECRET_KEY = "sk_test_paystack"
VISA = "4084084084084081"
DECLINED = "4084080000005408"
# It asks for a PIN (1234), then for a one-time password (123456).
VERVE = "5060666666666666666"
# It asks the payer's bank.
BANK_CARD = "4123450131001381"
# It approves by itself.
PHONE = "0551234987"
# Asked for by hand: `answer_phone`.
PHONE_BY_HAND = "0244000100"


class PaystackControl(Control):
    """The control calls of a running sandbox (docs/sandbox.md lists them)."""

    async def pay(self, reference: str, **how: Any) -> Any:
        """Pay as on the page: `card=…`, or `phone=…` and `telco=…`; returns how it stands."""
        return await self.call("POST", "pay", {"reference": reference, **how})

    async def answer_phone(self, reference: str, *, approved: bool = True) -> Any:
        """Approve or decline on the phone that was asked."""
        return await self.call("POST", "phone", {"reference": reference, "approved": approved})

    async def answer_bank(self, reference: str, *, passed: bool = True) -> Any:
        """Pass or fail 3-D Secure."""
        return await self.call("POST", "bank", {"reference": reference, "passed": passed})

    async def dispute(self, reference: str, **what: Any) -> Any:
        """The guest's bank wants the money back."""
        return await self.call("POST", "disputes", {"reference": reference, **what})

    async def resolve(self, dispute: int, *, won: bool) -> Any:
        """The bank has decided."""
        return await self.call("POST", "disputes/resolve", {"dispute": str(dispute), "won": won})

    async def ask_for_otp(self) -> None:
        """From now on transfers wait for a one-time password."""
        await self.call("POST", "transfers/otp", {"required": True})

    async def hold(self) -> None:
        """Nothing happens by itself any more: refunds, transfers and phones wait for `settle`."""
        await self.call("POST", "hold", {"held": True})

    async def settle(self) -> None:
        """What waits to happen by itself happens now."""
        await self.call("POST", "settle")


class PaystackSandbox(Sandbox):
    """A sandbox process. `data` makes it keep everything across restarts; else memory only."""

    provider = "paystack"

    def __init__(self, *, settle_seconds: float = 0.02, **options: Any) -> None:
        super().__init__(secret_key=SECRET_KEY, **options)
        self.settle_seconds = settle_seconds

    def arguments(self) -> list[str]:
        return ["--settle-seconds", str(self.settle_seconds)]

    def make_control(self) -> PaystackControl:
        return PaystackControl(self.base_url, self.secret_key)

    @property
    def control(self) -> PaystackControl:
        control = super().control
        assert isinstance(control, PaystackControl)
        return control

    def http(self) -> httpx2.AsyncClient:
        """A client with the secret key; close it."""
        return httpx2.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {self.secret_key}"},
            trust_env=False,
            timeout=10,
        )
