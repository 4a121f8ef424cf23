"""Where a host is paid, by mutation."""

from tests.schema.face import Face, person
from tests.schema.trade import ERROR
from tests.support.world import add_host


async def test_a_payout_account(paying_face: Face) -> None:
    face = paying_face
    host = person(await add_host(face.db))
    query = f"""mutation ($back: String!) {{ createPayoutAccountLink(
      input: {{returnUrl: $back, refreshUrl: "https://app.example/again"}}) {{ __typename {ERROR}
        ... on InvalidInputError {{ field }}
        ... on CreatePayoutAccountLinkSuccess {{ url payoutAccount {{ id status provider }} }} }}
      }}"""
    for bad in ("javascript:alert(1)", "/here", "", "https://", "http://[", "https://a.example/\n"):
        refused = (await face.ask(query, host, back=bad))["createPayoutAccountLink"]
        assert (refused["__typename"], refused["field"]) == ("InvalidInputError", "returnUrl")
    data = await face.ask(query, host, back="https://app.example/done")
    link = data["createPayoutAccountLink"]
    assert link["url"].startswith("http")
    assert (link["payoutAccount"]["status"], link["payoutAccount"]["provider"]) == (
        "PENDING",
        "STRIPE",
    )
    shown = await face.ask("{ viewer { payoutAccount { id } } }", host)
    assert shown["viewer"]["payoutAccount"] == {"id": link["payoutAccount"]["id"]}


async def test_what_the_provider_wants(paying_face: Face) -> None:
    face = paying_face
    host = person(await add_host(face.db))
    link = """mutation { createPayoutAccountLink(input: {returnUrl: "https://app.example/done",
      refreshUrl: "https://app.example/again"}) { __typename } }"""
    await face.ask(link, host)
    query = """{ viewer { payoutAccount { status stop requirementsDueBy advice { step message }
      requirements { kind code state problem } } upcomingPayouts { currency } } }"""
    shown = (await face.ask(query, host))["viewer"]
    account = shown["payoutAccount"]
    assert (account["status"], account["stop"]) == ("PENDING", "PAST_DUE")
    assert account["advice"]["step"] == "COMPLETE_ACCOUNT"
    assert {
        "kind": "BANK_ACCOUNT",
        "code": "external_account",
        "state": "DUE",
        "problem": None,
    } in (account["requirements"])
    assert {each["kind"] for each in account["requirements"]} == {
        "BANK_ACCOUNT",
        "BUSINESS",
        "IDENTITY",
        "TERMS",
    }
    assert shown["upcomingPayouts"] == []
