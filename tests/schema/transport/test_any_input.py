"""Whatever is sent is either understood or refused; nothing else happens."""

import json

from hypothesis import given
from hypothesis import strategies as st

from schema.transport import Limits
from schema.transport.documents import Documents
from schema.transport.errors import Refused, RequestError
from schema.transport.negotiation import SINGLE, Media, accepted, parse_content_type
from schema.transport.requests import decode_request
from tests.schema.transport.toy import make_schema

DOCUMENTS = Documents(make_schema()._schema, Limits(), introspection=False)
TEXT = (
    "{ } ( ) [ ] : ! = $ @ ... | & query mutation subscription fragment on A Query Book "
    "BookConnection hello books first last edges node similar author rename echo day title "
    '$n Int 1 -1 99999999999 1.5 "x" """x""" null true @skip if __typename __schema id'
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(st.sampled_from(TEXT.split()), max_size=60).map(" ".join) | st.text())
def test_any_document(text: str) -> None:
    try:
        document = DOCUMENTS.prepare(text)
        operation = document.operation(None)
        DOCUMENTS.check(operation, {"n": 1})
    except Refused as refused:
        codes = [(error.extensions or {})["code"] for error in refused.errors]
    else:
        codes = [operation.type.value]
    assert all(codes)


@given(
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("query", "operationName", "variables", "extensions"), JSON),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_body(body: bytes) -> None:
    try:
        request = decode_request(body)
    except RequestError as error:
        status = error.status
    else:
        status = 200
        assert isinstance(request.variables, dict | None)
    assert status in (200, 400)


@given(
    st.text()
    | st.lists(st.sampled_from(list('/*;,=q."+ 01')) | st.sampled_from(Media)).map("".join)
)
def test_any_header(header: str) -> None:
    assert accepted(header).best(SINGLE) in (*SINGLE, None)
    parse_content_type(header)
