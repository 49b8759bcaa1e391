"""The few requests of S3 that the kit makes itself, signed (Signature Version 4), by the standard library alone.

Not a client for everything: one part, no retries, what is small. Tables are read and written by their own engines.
"""
import datetime
import hashlib
import hmac
import http.client
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

REGION = "us-east-1"                                     # a name that must be given; a store of one's own has no regions


class Refused(RuntimeError):
    """The store answered with an error: `.status` is the number (412: a condition does not hold), `.code` S3's word for it."""

    def __init__(self, status: int, code: str, what: str):
        super().__init__(f"{what}: {status} {code}")
        self.status, self.code = status, code


class Client:
    """Requests to one store; paths are "bucket" or "bucket/key". Raises Refused, and OSError where nobody answers."""

    def __init__(self, endpoint: str, key: str, secret: str):
        self.endpoint, self._key, self._secret = endpoint, key, secret

    def ask(self, method: str, path: str, body: bytes = b"", query: "dict | None" = None, **headers) -> bytes:
        """Send one request and return the body of its answer; headers as `if_none_match="*"`."""
        host, now = urlsplit(self.endpoint).netloc, datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"host": host, "x-amz-date": now, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        path = "/" + quote(path)
        arguments = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted((query or {}).items()))
        headers["authorization"] = self._signed(method, path, arguments, headers)
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, f"{path}?{arguments}" if arguments else path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise Refused(answer.status, _code(said) or answer.reason, f"{method} {path}")
        return said

    def keys(self, bucket: str, prefix: str = "") -> list:
        """The names of the objects whose names begin with `prefix`, in order."""
        found, more = [], {}
        while True:
            said = ElementTree.fromstring(self.ask("GET", bucket, query={"list-type": "2", "prefix": prefix, **more}))
            for part in said.iter():
                part.tag = part.tag.rpartition("}")[2]
            found += [part.text for part in said.iterfind("Contents/Key")]
            if said.findtext("IsTruncated") != "true":
                return sorted(found)
            more = {"continuation-token": said.findtext("NextContinuationToken")}

    def _signed(self, method: str, path: str, arguments: str, headers: dict) -> str:
        names = ";".join(sorted(headers))
        lines = [method, path, arguments, *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                 headers["x-amz-content-sha256"]]
        scope = f"{headers['x-amz-date'][:8]}/{REGION}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope,
                          hashlib.sha256("\n".join(lines).encode()).hexdigest()])
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return (f"AWS4-HMAC-SHA256 Credential={self._key}/{scope}, SignedHeaders={names}, "
                f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}")


def _code(said: bytes) -> str:
    try:
        return ElementTree.fromstring(said).findtext("Code") or ""
    except ElementTree.ParseError:
        return ""
