"""A bucket that speaks as much of S3's protocol as is needed, and believes no signature unseen.

Signatures are worked out from what arrives, by AWS's description of SigV4: those in headers, and
those in a presigned request's address.

bucket = S3()
bucket.start()
bucket.files["photos/a.webp"]
bucket.is_down = True
bucket.stop()
"""

import hashlib
import hmac
import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import unescape

BUCKET, REGION = "roost-test", "eu-central-1"
KEY_ID, SECRET = "AKIATEST", "a-secret-of-the-bucket"
FORMAT = "%Y%m%dT%H%M%SZ"
ALGORITHM = "AWS4-HMAC-SHA256"
REQUEST_LASTS = timedelta(minutes=15)


class S3:
    """One bucket in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.is_down = False
        # How far its clock is ahead.
        self.ahead = timedelta()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def storage_url(self) -> str:
        return f"s3://{BUCKET}/pictures?region={REGION}&endpoint={self.endpoint}"

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    def refuses(self, method: str, target: str, headers: dict[str, str], body: bytes) -> str | None:
        """Why a request is refused; None: its signature is right, and of now."""
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if presigned := "X-Amz-Signature" in query:
            given = query.pop("X-Amz-Signature")
            names, scope = query["X-Amz-SignedHeaders"], query["X-Amz-Credential"]
            at, lasts = query["X-Amz-Date"], timedelta(seconds=int(query["X-Amz-Expires"]))
            digest = "UNSIGNED-PAYLOAD"
        else:
            words = headers.get("authorization", "").removeprefix(ALGORITHM).split(",")
            said = dict(word.strip().split("=", 1) for word in words if "=" in word)
            if said.keys() != {"Credential", "SignedHeaders", "Signature"}:
                return "AccessDenied"
            given, names, scope = said["Signature"], said["SignedHeaders"], said["Credential"]
            at, lasts, digest = (
                headers["x-amz-date"],
                REQUEST_LASTS,
                headers["x-amz-content-sha256"],
            )
            if digest not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
                return "XAmzContentSHA256Mismatch"
        signed = names.split(";")
        needed = {"host"} if presigned else {"host", *(h for h in headers if h[:6] == "x-amz-")}
        if not needed <= set(signed):
            return "AccessDenied"
        canonical = "\n".join(
            (
                method,
                quote(unquote(url.path), safe="/-_.~"),
                "&".join(f"{_quoted(k)}={_quoted(v)}" for k, v in sorted(query.items())),
                *(f"{name}:{' '.join(headers[name].split())}" for name in signed),
                "",
                names,
                digest,
            )
        )
        key_id, *parts = scope.split("/")
        if [key_id, *parts] != [KEY_ID, at[:8], REGION, "s3", "aws4_request"]:
            return "InvalidAccessKeyId"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join((ALGORITHM, at, "/".join(parts), hashed))
        key = f"AWS4{SECRET}".encode()
        for part in parts:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        right = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, given):
            return "SignatureDoesNotMatch"
        begun = datetime.strptime(at, FORMAT).replace(tzinfo=UTC)
        late = datetime.now(UTC) + self.ahead - begun
        return None if abs(late) <= lasts else "AccessDenied"


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _handler(bucket: S3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/pictures/")
            if bucket.is_down:
                self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
            elif reason := bucket.refuses(self.command, self.path, headers, body):
                self._answer(403, f"<Error><Code>{reason}</Code></Error>".encode())
            elif self.command == "PUT":
                bucket.files[key], bucket.headers[key] = body, headers
                self._answer(200, b"")
            elif self.command == "POST" and urlsplit(self.path).query == "delete":
                named = re.findall(r"<Key>[^<]+</Key>", body.decode())
                for each in named:
                    bucket.files.pop(unescape(each[5:-6]).removeprefix("pictures/"), None)
                gone = "".join(f"<Deleted>{each}</Deleted>" for each in named)
                self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())
            elif key in bucket.files:
                self._answer(200, bucket.files[key])
            else:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

        do_GET = do_HEAD = do_PUT = do_POST = _serve  # noqa: N815

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("last-modified", "Mon, 01 Jun 2026 12:00:00 GMT")
            self.send_header("etag", f'"{hashlib.md5(body).hexdigest()}"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
