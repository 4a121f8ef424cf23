"""Connected accounts (Express) and the links under which their owners complete them."""

import copy
import re

from app.sandbox.state import Obj, State, new_id
from app.sandbox.stripe import events
from app.sandbox.stripe.cards import ADDRESS
from app.sandbox.stripe.errors import StripeError, bad_param, missing
from app.sandbox.stripe.params import Params

_DUE = [
    "business_profile.mcc",
    "external_account",
    "individual.first_name",
    "tos_acceptance.date",
    "tos_acceptance.ip",
]
_DOCUMENT = "individual.verification.document"
_CAPABILITIES = ("card_payments", "transfers")
# A link that nobody used is worth nothing after five minutes, as Stripe's.
_LINK_SECONDS = 300
_PROFILE = ("mcc", "name", "product_description", "support_email", "support_phone", "url")
_EURO = {"AT", "BE", "DE", "ES", "FI", "FR", "GR", "IE", "IT", "LU", "NL", "PT"}
_CURRENCIES = {
    "AE": "aed",
    "AU": "aud",
    "BR": "brl",
    "CA": "cad",
    "CH": "chf",
    "CZ": "czk",
    "DK": "dkk",
    "GB": "gbp",
    "GH": "ghs",
    "HK": "hkd",
    "JP": "jpy",
    "KE": "kes",
    "KW": "kwd",
    "MX": "mxn",
    "NG": "ngn",
    "NO": "nok",
    "NZ": "nzd",
    "PL": "pln",
    "SE": "sek",
    "SG": "sgd",
    "TH": "thb",
    "ZA": "zar",
}


def find(state: State, account_id: str, param: str = "account", status: int = 404) -> Obj:
    """The account, or Stripe's answer to one that is not ours."""
    account = state.get("account", account_id)
    if account is None:
        raise missing("account", account_id, param, status)
    return account


def create(state: State, params: Params, account_id: str | None = None) -> Obj:
    """A connected account with an Express dashboard, which can do nothing yet."""
    params.only(
        *("type", "controller", "country", "email", "capabilities", "business_type"),
        *("default_currency", "metadata", "business_profile"),
    )
    params.choice("type", "express")
    country = params.string("country") or "US"
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise bad_param(f"Country '{country}' is unknown.", "country", "country_unsupported")
    account_id = account_id or new_id("acct")
    account = _blank(state, account_id, country)
    account["default_currency"] = params.string("default_currency") or account["default_currency"]
    _apply(account, params)
    state.put("account", account)
    return account


def update(state: State, account_id: str, params: Params) -> Obj:
    """Change what the platform may change."""
    params.only(
        *("email", "capabilities", "business_type", "metadata", "business_profile"),
    )
    account = find(state, account_id)
    before = copy.deepcopy(account)
    _apply(account, params)
    state.put("account", account)
    events.emit(state, "account.updated", account, before)
    return account


def _apply(account: Obj, params: Params) -> None:
    if "email" in params:
        account["email"] = params.string("email")
    if "business_type" in params:
        account["business_type"] = params.choice("business_type", "company", "individual")
    account["metadata"] = params.metadata(account["metadata"])
    profile = params.nested("business_profile")
    profile.only(*_PROFILE)
    for name in profile.names():
        account["business_profile"][name] = profile.string(name)
    capabilities = params.nested("capabilities")
    capabilities.only(*_CAPABILITIES)
    for name in capabilities.names():
        wanted = capabilities.nested(name)
        wanted.only("requested")
        if wanted.boolean("requested"):
            ready = "active" if account["details_submitted"] else "inactive"
            account["capabilities"][name] = ready
        else:
            account["capabilities"].pop(name, None)


def onboard(state: State, account_id: str) -> Obj:
    """What happens when its owner has told Stripe everything: the account can do its work."""
    account = find(state, account_id)
    if account["details_submitted"] and account["requirements"] == _requirements([], None):
        return account
    before = copy.deepcopy(account)
    account["details_submitted"] = True
    account["requirements"] = _requirements([], None)
    account["tos_acceptance"]["date"] = account["tos_acceptance"]["date"] or state.now()
    return _enabled(state, account, before, is_on=True)


def onboard_partly(state: State, account_id: str) -> Obj:
    """Its owner has told everything but who they are: nothing is paid until they show it."""
    account = find(state, account_id)
    account["tos_acceptance"]["date"] = account["tos_acceptance"]["date"] or state.now()
    account["details_submitted"] = True
    return require(state, account_id, past_due=[_DOCUMENT])


def require(
    state: State,
    account_id: str,
    *,
    currently_due: list[str] | None = None,
    past_due: list[str] | None = None,
    pending_verification: list[str] | None = None,
    errors: dict[str, str] | None = None,
    deadline: int | None = None,
    disabled_reason: str | None = None,
) -> Obj:
    """Stripe wants more of an account: `errors` says by requirement why what it had will not do.

    What is past due, or another reason, stops transfers and payouts; what is due alone does not.
    """
    account = find(state, account_id)
    before = copy.deepcopy(account)
    late = past_due or []
    # What is past due is due, too.
    due = [*(currently_due or []), *(each for each in late if each not in (currently_due or []))]
    reason = disabled_reason or ("requirements.past_due" if late else None)
    account["requirements"] = {
        **_requirements(due, reason),
        "current_deadline": deadline,
        "errors": [
            {"code": "verification_document_failed_other", "reason": why, "requirement": name}
            for name, why in (errors or {}).items()
        ],
        "past_due": late,
        "pending_verification": pending_verification or [],
    }
    is_on = reason is None and account["details_submitted"]
    return _enabled(state, account, before, is_on=is_on)


def _enabled(state: State, account: Obj, before: Obj, *, is_on: bool) -> Obj:
    account.update(charges_enabled=is_on, payouts_enabled=is_on)
    account["capabilities"] = dict.fromkeys(
        account["capabilities"] or ["transfers"], "active" if is_on else "inactive"
    )
    state.put("account", account)
    events.emit(state, "account.updated", account, before)
    return account


def create_link(state: State, params: Params) -> Obj:
    """A link to the onboarding page, for one use within five minutes."""
    params.only("account", "refresh_url", "return_url", "type", "collection_options", "collect")
    account = find(state, params.required("account"), status=400)
    params.required("type")
    params.choice("type", "account_onboarding", "account_update")
    link: Obj = {
        "id": new_id("link"),
        "account": account["id"],
        "refresh_url": _url(params, "refresh_url"),
        "return_url": _url(params, "return_url"),
        "expires_at": state.now() + _LINK_SECONDS,
        "used": False,
    }
    state.put("link", link)
    return {
        "object": "account_link",
        "created": state.now(),
        "expires_at": link["expires_at"],
        "url": f"{state.config.public_url}/onboarding/{link['id']}",
    }


def _url(params: Params, name: str) -> str:
    url = params.required(name)
    if not url.startswith(("http://", "https://")):
        raise bad_param("Not a valid URL", name, "url_invalid")
    return url


def require_transfers(account: Obj) -> None:
    """Refuse an account that may not receive money yet."""
    if account["capabilities"].get("transfers") != "active":
        raise StripeError(
            400,
            "invalid_request_error",
            "Your destination account needs to have at least one of the following capabilities"
            " enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )


def _requirements(due: list[str], disabled_reason: str | None) -> Obj:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": disabled_reason,
        "errors": [],
        "eventually_due": list(due),
        "past_due": [],
        "pending_verification": [],
    }


def _blank(state: State, account_id: str, country: str) -> Obj:
    return {
        "id": account_id,
        "object": "account",
        "business_profile": {
            **dict.fromkeys(_PROFILE),
            "annual_revenue": None,
            "estimated_worker_count": None,
            "minority_owned_business_designation": None,
            "support_address": dict.fromkeys(ADDRESS),
            "support_url": None,
        },
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": "application_express"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "express"},
            "type": "application",
        },
        "country": country,
        "created": state.now(),
        "default_currency": "eur" if country in _EURO else _CURRENCIES.get(country, "usd"),
        "details_submitted": False,
        "email": None,
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{account_id}/external_accounts",
        },
        "future_requirements": _requirements([], None),
        "metadata": {},
        "payouts_enabled": False,
        "requirements": _requirements(_DUE, "requirements.past_due"),
        "settings": _settings(),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "express",
    }


def _settings() -> Obj:
    descriptors = {
        f"{name}{script}": None
        for name in ("statement_descriptor", "statement_descriptor_prefix")
        for script in ("_kana", "_kanji")
    }
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": None},
        "payments": {"statement_descriptor": None, **descriptors},
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }
