"""What was changed is found changed: on every device, by every process, whatever dies meanwhile."""

from typing import Any

import msgspec
from redis.asyncio import Redis

from tests.journeys.story import AREA, Story, book, search_for
from tests.support.client import Client

RENAME = """mutation ($id: ID!, $title: String!) {
  updateProperty(input: { propertyId: $id, title: $title }) {
    __typename ... on Error { code message }
  }
}"""
FIND = """query ($filter: PropertyFilter!) { searchProperties(filter: $filter) {
  totalCount edges { node { id title } } } }"""


async def found(client: Client, filter: dict[str, Any]) -> list[str]:
    """The titles, by a page that has been asked for before and is kept."""
    result = await client.do(FIND, filter=filter)
    titles = [edge["node"]["title"] for edge in result["edges"]]
    assert result["totalCount"] == len(titles)
    return titles


async def hits(client: Client) -> float:
    page = (await client.http.get("/metrics")).text
    (line,) = [
        each for each in page.splitlines() if each.startswith('roost_search_cache_total{how="hit"}')
    ]
    return float(line.split()[-1])


async def test_a_host_s_edits_and_a_guest_s_booking_are_found_at_once(story: Story) -> None:
    stack = story.stack
    stack.settings = msgspec.structs.replace(stack.settings, metrics_enabled=True)
    elsewhere = await stack.another_api()
    host, listing = await story.host_with_listing()
    laptop, phone, visitor = (Client(url) for url in (stack.api.url, elsewhere.url, elsewhere.url))
    story.clients += [laptop, phone, visitor]
    await laptop.sign_in("hedy")
    await phone.sign_in("hedy")
    on_a_map = {"area": AREA}

    async def everywhere(filter: dict[str, Any]) -> list[str]:
        asked = [await found(client, filter) for client in (laptop, phone, visitor)]
        assert asked[0] == asked[1] == asked[2]
        return asked[0]

    async def rename(title: str) -> None:
        done = await host.do(RENAME, id=listing, title=title)
        assert done["__typename"] == "UpdatePropertySuccess", done

    for number in range(5):
        await rename(f"Flat {number}")
        assert await everywhere(on_a_map) == [f"Flat {number}"]
        before = await hits(visitor)
        assert await everywhere(search_for()) == [f"Flat {number}"]
        assert await everywhere(search_for()) == [f"Flat {number}"]
        assert await hits(visitor) >= before + 2

    # The process that changed something dies as soon as it is committed, and tells nobody anything.
    await rename("The last word")
    stack.api.kill()
    assert await found(phone, on_a_map) == ["The last word"]
    await stack.api.start()

    # Redis forgets everything in between.
    async with Redis.from_url(stack.settings.redis_url) as redis:
        assert await everywhere(on_a_map) == ["The last word"]
        await redis.flushdb()
        await rename("After the flood")
        assert await everywhere(on_a_map) == ["After the flood"]

    # Whoever books takes the place out of everybody's next search.
    guest = await story.person("ada", elsewhere.url)
    assert await everywhere(search_for()) == ["After the flood"]
    await book(guest, listing)
    assert await everywhere(search_for()) == []
    assert await everywhere(on_a_map) == ["After the flood"]
