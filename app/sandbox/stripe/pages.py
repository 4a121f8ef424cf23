"""The pages that people see: pay, pass 3-D Secure, complete an account. Forms without script."""

from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from litestar import Request as HttpRequest
from litestar import Response, get, post

from app.sandbox.pages import Site, money, safe_url, with_params
from app.sandbox.state import Obj
from app.sandbox.stripe import accounts, payment_intents
from app.sandbox.stripe.api import Api
from app.sandbox.stripe.errors import StripeError
from app.sandbox.stripe.params import Params

# What the pay page offers, in the order shown.
CHOICES = (
    ("pm_card_visa", "Visa", "4242", "Succeeds"),
    ("pm_card_mastercard", "Mastercard", "4444", "Succeeds"),
    ("pm_card_threeDSecure2Required", "Visa", "3220", "Asks for 3-D Secure"),
    ("pm_card_visa_chargeDeclined", "Visa", "0002", "Is declined"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "Visa", "9995", "Lacks the funds"),
)


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

        @get("/pay/{intent_id:str}")
        async def show_pay(request: HttpRequest[Any, Any, Any], intent_id: str) -> Response[str]:
            return await page(request, self._pay_page, intent_id)

        @post("/pay/{intent_id:str}")
        async def pay(request: HttpRequest[Any, Any, Any], intent_id: str) -> Response[str]:
            return await form(request, self._pay, intent_id)

        @get("/3ds/{challenge_id:str}")
        async def show_challenge(
            request: HttpRequest[Any, Any, Any], challenge_id: str
        ) -> Response[str]:
            return await page(request, self._challenge_page, challenge_id)

        @post("/3ds/{challenge_id:str}")
        async def challenge(
            request: HttpRequest[Any, Any, Any], challenge_id: str
        ) -> Response[str]:
            return await form(request, self._challenge, challenge_id)

        @get("/onboarding/{link_id:str}")
        async def show_onboarding(
            request: HttpRequest[Any, Any, Any], link_id: str
        ) -> Response[str]:
            return await page(request, self._onboarding_page, link_id)

        @post("/onboarding/{link_id:str}")
        async def onboarding(request: HttpRequest[Any, Any, Any], link_id: str) -> Response[str]:
            return await form(request, self._onboard, link_id)

        return [
            show_overview,
            health,
            show_pay,
            pay,
            show_challenge,
            challenge,
            show_onboarding,
            onboarding,
        ]

    def _overview(self, _: str, __: dict[str, str]) -> Response[str]:
        """What happened lately, for the developer who opens the sandbox's address."""
        tables: dict[str, Any] = {
            kind: list(islice(reversed(self._state.table(kind).values()), 12))
            for kind in ("payment_intent", "refund", "transfer", "delivery")
        }
        return self.render("overview.html", **tables)

    # Paying

    def _intent(self, intent_id: str, sent: dict[str, str]) -> Obj | None:
        intent = self._state.get("payment_intent", intent_id)
        if intent is None or sent.get("client_secret") != intent["client_secret"]:
            return None
        return intent

    def _pay_page(
        self, intent_id: str, sent: dict[str, str], problem: str | None = None
    ) -> Response[str]:
        intent = self._intent(intent_id, sent)
        if intent is None:
            return self.nothing(
                "No such payment",
                "This payment does not exist, or the link to it is incomplete.",
            )
        back = safe_url(sent.get("return_url"))
        if intent["status"] == "requires_action" and problem is None:
            return self.redirect(intent["next_action"]["redirect_to_url"]["url"])
        if intent["status"] not in payment_intents.OPEN:
            return self._concluded(intent, back)
        return self.render(
            "pay.html",
            402 if problem else 200,
            intent=intent,
            back=back,
            choices=CHOICES,
            problem=problem,
            hold=intent["capture_method"] == "manual",
        )

    def _pay(self, intent_id: str, sent: dict[str, str]) -> Response[str]:
        intent = self._intent(intent_id, sent)
        if intent is None or intent["status"] not in payment_intents.OPEN:
            return self._pay_page(intent_id, sent)
        back = safe_url(sent.get("return_url"))
        if sent.get("action") == "abandon":
            return self._leave(intent, back, "abandoned")
        values = {"payment_method": sent.get("card", "")}
        if back:
            values["return_url"] = back
        try:
            payment_intents.confirm(self._state, intent_id, Params({**values}), from_browser=True)
        except StripeError as error:
            return self._pay_page(intent_id, sent, str(error))
        if intent["status"] == "requires_action":
            return self.redirect(intent["next_action"]["redirect_to_url"]["url"])
        return self._leave(intent, back, "succeeded")

    def _leave(self, intent: Obj, back: str | None, result: str) -> Response[str]:
        if back is None:
            return self._concluded(intent, None)
        return self.redirect(
            with_params(
                back,
                {
                    "payment_intent": intent["id"],
                    "payment_intent_client_secret": intent["client_secret"],
                    "redirect_status": result,
                },
            )
        )

    def _concluded(self, intent: Obj, back: str | None) -> Response[str]:
        words = {
            "succeeded": ("Paid", "Thank you. The payment went through."),
            "requires_capture": ("Authorised", "The amount is held, and taken later."),
            "canceled": ("Cancelled", "This payment was cancelled. Nothing was taken."),
        }
        title, text = words.get(
            intent["status"], ("Not paid", "You left the payment open. Nothing was taken.")
        )
        amount = money(intent["amount"], intent["currency"])
        return self.render("message.html", title=title, text=text, link=back, amount=amount)

    # 3-D Secure

    def _asked(self, challenge_id: str) -> Obj | None:
        """The intent that waits for this very challenge."""
        challenge = self._state.table("challenge")[challenge_id]
        intent = self._state.table("payment_intent")[challenge["payment_intent"]]
        url = ((intent["next_action"] or {}).get("redirect_to_url") or {}).get("url", "")
        return intent if url.endswith(f"/{challenge_id}") else None

    def _challenge_page(self, challenge_id: str, _: dict[str, str]) -> Response[str]:
        challenge = self._state.get("challenge", challenge_id)
        if challenge is None:
            return self.nothing("No such challenge", "The bank asked no such question.")
        asked = self._asked(challenge_id)
        if asked is None:
            intent = self._state.table("payment_intent")[challenge["payment_intent"]]
            return self._concluded(intent, safe_url(challenge["return_url"]))
        return self.render("challenge.html", intent=asked)

    def _challenge(self, challenge_id: str, sent: dict[str, str]) -> Response[str]:
        challenge = self._state.get("challenge", challenge_id)
        intent = self._asked(challenge_id) if challenge else None
        if challenge is None or intent is None:
            return self._challenge_page(challenge_id, sent)
        passed = sent.get("action") == "complete"
        try:
            payment_intents.answer_challenge(self._state, intent, passed)
        except StripeError:
            passed = False
        back = safe_url(challenge["return_url"])
        if back is not None or passed:
            return self._leave(intent, back, "succeeded" if passed else "failed")
        return self.render(
            "message.html",
            title="Not paid",
            text=intent["last_payment_error"]["message"],
            amount=None,
            link=f"/pay/{intent['id']}?{urlencode({'client_secret': intent['client_secret']})}",
        )

    # Onboarding

    def _onboarding_page(self, link_id: str, _: dict[str, str]) -> Response[str]:
        link = self._state.get("link", link_id)
        if link is None:
            return self.nothing("No such link", "This onboarding link does not exist.")
        if link["used"] or link["expires_at"] < self._state.now():
            # As Stripe does: the platform makes a fresh link there.
            return self.redirect(link["refresh_url"])
        account = self._state.table("account")[link["account"]]
        return self.render("onboarding.html", account=account)

    def _onboard(self, link_id: str, sent: dict[str, str]) -> Response[str]:
        link = self._state.get("link", link_id)
        page = self._onboarding_page(link_id, sent)
        if link is None or page.status_code != 200:
            return page
        link["used"] = True
        self._state.put("link", link)
        if sent.get("action") == "complete":
            accounts.onboard(self._state, link["account"])
        elif sent.get("action") == "partly":
            accounts.onboard_partly(self._state, link["account"])
        return self.redirect(link["return_url"])
