"""One try to pay a transaction: what the payer is asked for, step by step, and how it ends."""

from app.sandbox.paystack import banks, transactions, views
from app.sandbox.paystack.errors import invalid, missing
from app.sandbox.paystack.instruments import (
    BY_NUMBER,
    OTP,
    PROMPT_SECONDS,
    Card,
    Phone,
    phone,
)
from app.sandbox.paystack.later import later
from app.sandbox.paystack.numbers import code
from app.sandbox.paystack.params import Charge, ChargeAuthorization, SubmitOtp, SubmitPin
from app.sandbox.state import Obj, State

# The words that Paystack's pages and answers show with each step.
TEXTS = {
    "send_pin": "Please enter your card's PIN",
    "send_otp": "Please enter the one-time password sent to you",
    "pay_offline": "Please approve the payment on your phone",
    "open_url": "Please authenticate with your bank",
}


def create(state: State, params: Charge) -> Obj:
    """Charge a phone, or a card known from before; the answer says what is asked for next."""
    if params.authorization_code is not None:
        known = _reusable(state, params.authorization_code)
    elif params.mobile_money is None:
        raise invalid("The sandbox charges mobile_money or an authorization_code")
    else:
        known = None
        if phone(params.mobile_money.phone) is None:
            raise invalid("Phone number is invalid", "invalid_phone")
        banks.find(params.mobile_money.provider, "mobile_money", params.currency)
    row = transactions.open_new(
        state, params.email, params.amount, params.currency, params.reference, params.metadata
    )
    if known is not None:
        pay_by_card(state, row, known, again=True)
    else:
        assert params.mobile_money is not None
        pay_by_phone(state, row, params.mobile_money.phone, params.mobile_money.provider)
    return views.charged(state, row)


def charge_authorization(state: State, params: ChargeAuthorization) -> Obj:
    """Charge a card that was paid with before; nobody is asked for anything."""
    known = _reusable(state, params.authorization_code)
    row = transactions.open_new(
        state, params.email, params.amount, params.currency, params.reference, params.metadata
    )
    pay_by_card(state, row, known, again=True)
    return views.charged(state, row)


def _reusable(state: State, wanted: str) -> Card:
    authorization = state.get("authorization", wanted)
    if authorization is None or not authorization["reusable"]:
        raise invalid("Authorization code is invalid", "invalid_authorization_code")
    return BY_NUMBER[authorization["card"]]


def check(state: State, reference: str) -> Obj:
    """How a charge stands."""
    return views.step(state, transactions.find(state, reference))


def pay_by_card(state: State, row: Obj, card: Card, *, again: bool = False) -> None:
    """Try to pay with a test card; `again`: it is known, and asks for nothing."""
    _begin(state, row, "card", {"card": card.number})
    row["authorization"] = _card_authorization(state, row, card)
    if again:
        _finish_card(state, row, card)
    elif card.pin is not None:
        _ask(state, row, "send_pin")
    elif card.otp is not None:
        _ask(state, row, "send_otp")
    elif card.bank:
        _ask(state, row, "open_url")
    else:
        _finish_card(state, row, card)


def pay_by_phone(state: State, row: Obj, number: str, telco: str) -> None:
    """Try to pay with mobile money; the phone is asked, at once or after a one-time password."""
    bank = banks.find(telco, "mobile_money", row["currency"])
    known = phone(number)
    if known is None:
        raise invalid("Phone number is invalid", "invalid_phone")
    _begin(state, row, "mobile_money", {"phone": number, "telco": bank["code"]})
    row["authorization"] = _phone_authorization(state, row, number, bank)
    if known.otp is not None:
        _ask(state, row, "send_otp")
    else:
        _prompt(state, row, known)


def submit_pin(state: State, params: SubmitPin) -> Obj:
    """The payer has given a PIN."""
    row = _waiting(state, params.reference, "send_pin")
    card = BY_NUMBER[row["instrument"]["card"]]
    if params.pin != card.pin:
        transactions.fail(state, row, "Incorrect PIN")
    elif card.otp is not None:
        _ask(state, row, "send_otp")
    else:
        _finish_card(state, row, card)
    return views.step(state, row)


def submit_otp(state: State, params: SubmitOtp) -> Obj:
    """The payer has given a one-time password."""
    row = _waiting(state, params.reference, "send_otp")
    if params.otp != OTP:
        transactions.fail(state, row, "Incorrect OTP")
    elif "card" in row["instrument"]:
        _finish_card(state, row, BY_NUMBER[row["instrument"]["card"]])
    else:
        known = phone(row["instrument"]["phone"])
        assert known is not None
        _prompt(state, row, known)
    return views.step(state, row)


def authenticate(state: State, reference: str, passed: bool) -> None:
    """The payer comes back from their bank's page."""
    row = _waiting(state, reference, "open_url")
    if passed:
        _finish_card(state, row, BY_NUMBER[row["instrument"]["card"]])
    else:
        transactions.fail(state, row, "Authentication failed")


def answer_phone(state: State, reference: str, approved: bool, failure: str = "Declined") -> Obj:
    """The payer approves or declines on their phone."""
    row = _waiting(state, reference, "pay_offline")
    if approved:
        transactions.succeed(state, row)
    else:
        transactions.fail(state, row, failure)
    return row


def answer_by_itself(state: State, reference: str) -> None:
    """A test number answers, or its prompt has run out; too late, if somebody else was faster."""
    row = transactions.find(state, reference)
    if row["step"] != "pay_offline":
        return
    known = phone(row["instrument"]["phone"])
    assert known is not None
    if known.approves is None:
        transactions.fail(state, row, "The prompt on the phone ran out")
    else:
        answer_phone(state, reference, known.approves, known.failure)


def leave(state: State, row: Obj) -> None:
    """The payer walks away from the page; a prompt on a phone stays where it is."""
    if row["status"] == "ongoing":
        row.update(
            status="abandoned", step=None, gateway_response="The transaction was not completed"
        )
        state.put("transaction", row)


def _begin(state: State, row: Obj, channel: str, instrument: Obj) -> None:
    if row["status"] not in transactions.UNPAID:
        raise invalid("Transaction is already concluded or under way", "transaction_not_open")
    row["channel"], row["instrument"] = channel, instrument
    state.put("transaction", row)


def _ask(state: State, row: Obj, step: str) -> None:
    row.update(status="ongoing", step=step, gateway_response=TEXTS[step])
    state.put("transaction", row)


def _prompt(state: State, row: Obj, known: Phone) -> None:
    row.update(status="pending", step="pay_offline", gateway_response=TEXTS["pay_offline"])
    state.put("transaction", row)
    answers = known.approves is not None
    later(state, "phone", row["id"], None if answers else PROMPT_SECONDS)


def _waiting(state: State, reference: str, step: str) -> Obj:
    row = state.get("transaction", reference)
    if row is None:
        raise missing("Charge")
    if row["step"] != step:
        raise invalid("Charge attempted", "charge_not_waiting")
    return row


def _finish_card(state: State, row: Obj, card: Card) -> None:
    if card.failure is None:
        transactions.succeed(state, row)
    else:
        transactions.fail(state, row, card.failure)


def _card_authorization(state: State, row: Obj, card: Card) -> str:
    authorization: Obj = {
        "id": code("AUTH"),
        "card": card.number,
        "bin": card.number[:6],
        "last4": card.last4,
        "exp_month": "12",
        "exp_year": "2030",
        "channel": "card",
        "card_type": f"{card.brand} ",
        "bank": "TEST BANK",
        "country_code": banks.country_of(row["currency"]),
        "brand": card.brand,
        "reusable": card.reusable and card.failure is None,
        "signature": f"SIG_{card.number[-8:]}",
    }
    state.put("authorization", authorization)
    return str(authorization["id"])


def _phone_authorization(state: State, row: Obj, number: str, bank: Obj) -> str:
    plain = number.replace(" ", "")
    authorization: Obj = {
        "id": code("AUTH"),
        "bin": f"{plain[:3]}XXX",
        "last4": f"X{plain[-3:]}",
        "exp_month": "12",
        "exp_year": "9999",
        "channel": "mobile_money",
        "card_type": "",
        "bank": bank["name"],
        "country_code": banks.country_of(row["currency"]),
        "brand": bank["name"],
        "reusable": False,
        "signature": "",
    }
    state.put("authorization", authorization)
    return str(authorization["id"])
