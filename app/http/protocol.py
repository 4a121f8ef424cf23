"""HTTP/1.1 as the API speaks it: httptools, and the bound that it lacks.

See docs/decisions/0045-what-a-request-costs.md.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Request line, headers and trailers of one request together, in bytes.
MAX_HEAD = 32 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Refuses requests with more than `MAX_HEAD` bytes around their body: 400, and goodbye.

    At most that much and one read of the socket (256 KB) is ever kept of them.
    """

    # Bytes of the request line, headers and trailers that the parser has passed on.
    _head = 0
    # Bytes that came in since the parser last passed on a body or an end: what it may be holding.
    _held = 0

    def data_received(self, data: bytes) -> None:
        """Something from the socket."""
        self._held += len(data)
        super().data_received(data)
        if self._held > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")

    def on_message_begin(self) -> None:
        """The parser: a request begins."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """The parser: a piece of the request line."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser: a header, or a trailer."""
        self._count(name, value)
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """The parser: a piece of the body, whose size is the application's concern."""
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser: the request has ended, or goes on as something else (a websocket)."""
        self._held = 0
        super().on_message_complete()

    def _count(self, *texts: bytes) -> None:
        self._head += sum(map(len, texts))
        if self._head > MAX_HEAD:
            # Ends as everything does that the parser does not take.
            raise ValueError("headers too large")
