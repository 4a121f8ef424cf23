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
