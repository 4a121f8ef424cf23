"""The pay page behind `authorization_url`, step by step, and an overview. Forms without script."""

from itertools import islice
from pathlib import Path
from typing import Any

from litestar import Request as HttpRequest
from litestar import Response, get, post

from app.sandbox.pages import Fields, Site, money, safe_url, with_params
from app.sandbox.paystack import banks, charges
from app.sandbox.paystack.api import Api
from app.sandbox.paystack.errors import PaystackError
from app.sandbox.paystack.instruments import BY_NUMBER, phone
from app.sandbox.paystack.params import SubmitOtp, SubmitPin
from app.sandbox.state import Obj

# What the pay page offers, in the order shown.
CARDS = (
    ("4084084084084081", "Visa", "4081", "Succeeds"),
    ("5060666666666666666", "Verve", "6666", "Asks for a PIN (1234) and a code (123456)"),
    ("4123450131001381", "Visa", "1381", "Asks your bank"),
    ("4084080000005408", "Visa", "5408", "Is declined"),
    ("4084080000670037", "Visa", "0037", "Lacks the funds"),
)
NUMBERS = {"GHS": "0551234987", "KES": "+254710000000"}


class Pages(Site):
    """The pages over one sandbox."""

    def __init__(self, api: Api) -> None:
        super().__init__(api, Path(__file__).parent / "templates")
        self._state = api.state

    def routes(self) -> list[Any]:
        """Litestar's handlers."""
        page, form = self.show, self.submit

        @get("/")
        async def show_overview(request: HttpRequest[Any, Any, Any]) -> Response[str]:
            return await page(request, self._overview, "")

        @get(["/health/live", "/health/ready"])
        async def health() -> dict[str, str]:
            return {"status": "ok"}

        @get("/pay/{access_code:str}")
        async def show_pay(request: HttpRequest[Any, Any, Any], access_code: str) -> Response[str]:
            return await page(request, self._pay_page, access_code)

        @post("/pay/{access_code:str}")
        async def pay(request: HttpRequest[Any, Any, Any], access_code: str) -> Response[str]:
            return await form(request, self._pay, access_code)

        return [show_overview, health, show_pay, pay]

    def _overview(self, _: str, __: Fields) -> Response[str]:
        """What happened lately, for the developer who opens the sandbox's address."""
        tables: dict[str, Any] = {
            kind: list(islice(reversed(self._state.table(kind).values()), 12))
            for kind in ("transaction", "refund", "transfer", "delivery")
        }
        return self.render("overview.html", **tables)

    def _transaction(self, access_code: str) -> Obj | None:
        for row in self._state.table("transaction").values():
            if row["access_code"] == access_code:
                return row
        return None

    def _pay_page(self, access_code: str, _: Fields, problem: str | None = None) -> Response[str]:
        row = self._transaction(access_code)
        if row is None:
            return self.nothing("No such payment", "The link to this payment is incomplete.")
        if row["status"] == "success":
            return self._concluded(row)
        if row["step"] is not None:
            return self._step_page(row)
        if problem is None and row["status"] == "failed":
            problem = row["gateway_response"]
        telcos = banks.listed(None, row["currency"], "mobile_money")
        return self.render(
            "pay.html",
            402 if problem else 200,
            row=row,
            cards=CARDS if "card" in row["channels"] else (),
            telcos=telcos if "mobile_money" in row["channels"] else [],
            number=NUMBERS.get(row["currency"], ""),
            problem=problem,
        )

    def _step_page(self, row: Obj) -> Response[str]:
        known = phone(row["instrument"].get("phone", ""))
        return self.render(
            "step.html",
            row=row,
            text=charges.TEXTS[row["step"]],
            by_hand=known is not None and known.approves is None and not known.silent,
        )

    def _pay(self, access_code: str, sent: Fields) -> Response[str]:
        row = self._transaction(access_code)
        if row is None or row["status"] == "success":
            return self._pay_page(access_code, sent)
        action = sent.get("action")
        if action == "abandon":
            charges.leave(self._state, row)
            return self._leave(row)
        try:
            self._act(row, action, sent)
        except PaystackError as error:
            return self._pay_page(access_code, sent, error.message)
        if row["status"] == "success":
            return self._leave(row)
        return self._pay_page(access_code, sent)

    def _act(self, row: Obj, action: str | None, sent: Fields) -> None:
        """Carry out what a form asks for. Raises PaystackError."""
        state, reference = self._state, row["id"]
        if action == "card" and sent.get("card") in BY_NUMBER:
            charges.pay_by_card(state, row, BY_NUMBER[sent["card"]])
        elif action == "phone":
            charges.pay_by_phone(state, row, sent.get("phone", ""), sent.get("telco", ""))
        elif action == "send_pin":
            charges.submit_pin(state, SubmitPin(pin=sent.get("code", ""), reference=reference))
        elif action == "send_otp":
            charges.submit_otp(state, SubmitOtp(otp=sent.get("code", ""), reference=reference))
        elif action in ("authenticate", "refuse"):
            charges.authenticate(state, reference, action == "authenticate")
        elif action in ("approve", "decline"):
            charges.answer_phone(state, reference, action == "approve")

    def _leave(self, row: Obj) -> Response[str]:
        back = self._way_back(row)
        return self._concluded(row) if back is None else self.redirect(back)

    def _way_back(self, row: Obj) -> str | None:
        back = safe_url(row["callback_url"])
        return back and with_params(back, {"trxref": row["id"], "reference": row["id"]})

    def _concluded(self, row: Obj) -> Response[str]:
        paid = row["status"] == "success"
        return self.render(
            "message.html",
            title="Paid" if paid else "Not paid",
            text="Thank you. The payment went through."
            if paid
            else "You left the payment open. Nothing was taken.",
            link=self._way_back(row),
            amount=money(row["amount"], row["currency"]),
        )
