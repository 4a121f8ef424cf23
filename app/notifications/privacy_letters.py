"""The words of the letters about people's data: exports, and leaving."""

from datetime import datetime

from app.notifications.facts import Person, ReadyExport
from app.notifications.formats import day, plain
from app.notifications.letters import Button, Letter, Links, Row


def export_ready(export: ReadyExport, url: str) -> Letter:
    """To somebody who asked for their data."""
    return Letter(
        kind="export_ready",
        subject="Your data is ready",
        heading=f"Your data is ready, {plain(export.person.first_name)}",
        paragraphs=(
            (
                "Everything that Roost holds about you is in one JSON document. Whoever has this "
                "link can fetch it, so pass it on to nobody."
            ),
        ),
        details=(Row("Available until", day(export.expires_at.date())),),
        button=Button("Download my data", url),
        note="If it was not you who asked, set a new password at once: somebody else is signed in "
        "to your account.",
    )


def deletion_scheduled(person: Person, erased_from: datetime, links: Links) -> Letter:
    """To somebody who has decided to go."""
    return Letter(
        kind="deletion_scheduled",
        subject="Your account will be deleted",
        heading=f"We are sorry to see you go, {plain(person.first_name)}",
        paragraphs=(
            (
                f"Your account will be erased on {day(erased_from.date())}. You have been signed "
                "out everywhere, and nobody finds you or your places any more."
            ),
            "If you think better of it, sign in before that day and choose to keep your account.",
        ),
        button=links.button("Keep my account", "/login"),
        note="If it was not you, sign in and keep your account, then set a new password.",
    )


def deletion_cancelled(person: Person, links: Links) -> Letter:
    """To somebody who stays after all."""
    return Letter(
        kind="deletion_cancelled",
        subject="Your account stays",
        heading=f"Good to have you back, {plain(person.first_name)}",
        paragraphs=(
            "Your account will not be deleted.",
            "Places that you let are still hidden: publish them again when you are ready.",
        ),
        button=links.account("It was not me", "/forgot-password"),
        note="If it was not you, set a new password at once.",
    )


def account_erased(person: Person) -> Letter:
    """The last one."""
    return Letter(
        kind="account_erased",
        subject="Your account has been erased",
        heading=f"Farewell, {plain(person.first_name)}",
        paragraphs=(
            (
                "Your Roost account is gone, with everything that told who you are. What others "
                "need of it stays without your name: their stays, published reviews, and the books."
            ),
            "This is the last mail that you get from us: we do not know this address any more.",
        ),
    )
