"""The words of the letters between hosts and those who help them."""

from app.notifications.facts import CoHosting
from app.notifications.formats import day, plain
from app.notifications.letters import Letter, Links, Row
from db.enums import CoHostRight

WORDS = {
    CoHostRight.CALENDAR: "the calendar, and who comes when",
    CoHostRight.MESSAGES: "talking with guests, and who comes when",
    CoHostRight.ALL: "everything but the money",
}


def co_host_invited(invitation: CoHosting, code: str, links: Links) -> Letter:
    """To an address whose owner is asked to help."""
    host, title = plain(invitation.host.first_name), plain(invitation.title or "a place")
    rights = ", ".join(WORDS[right] for right in invitation.rights)
    until = invitation.expires_at
    return Letter(
        kind="co_host_invited",
        subject=f"{host} asks you to help with {title}",
        heading=f"Will you help {host}?",
        paragraphs=(
            f"{host} lets {title} on Roost and would like you to be a co-host.",
            "Sign in, or make an account, and accept with the code.",
        ),
        details=(
            Row("You would look after", rights),
            *([Row("Until", day(until.date()))] if until else []),
            Row("Code", code),
        ),
        button=links.button("Look at the invitation", f"/co-host#token={code}"),
        note="Whoever has the code can accept, so pass it on to nobody. If you do not know what "
        "this is about, do nothing.",
    )


def co_host_joined(joined: CoHosting, links: Links) -> Letter:
    """To a host whose invitation was accepted."""
    name, title = plain(joined.first_name), plain(joined.title or "your place")
    return Letter(
        kind="co_host_joined",
        subject=f"{name} helps you with {title}",
        heading=f"{name} is your co-host",
        paragraphs=(f"{name} has accepted your invitation to help with {title}.",),
        details=(Row("Looks after", ", ".join(WORDS[right] for right in joined.rights)),),
        button=links.button("Your co-hosts", f"/properties/{joined.property_id}/co-hosts"),
        note="If this is not whom you meant, remove them at once.",
    )
