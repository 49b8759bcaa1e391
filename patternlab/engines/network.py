"""Why something could not be fetched: what pip or requests said of it, told in one sentence with one thing to do.

Standard library only: kit.py asks too, before there is an environment. A line that is down is no matter of this module.
"""
import os
import re
import time
from urllib.parse import urlsplit

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# what pip, requests and urllib3 say when there is no network
DOWN = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Network is unreachable|timed out|"
                  r"Name or service not known|Temporary failure in name|nodename nor servname|"
                  r"Failed to establish a new connection|Connection (?:refused|reset|aborted|broken)")


def reason(said: str, what: str) -> str:
    """The sentence for a proxy or a certificate that is in the way of fetching `what`; "" where it is neither."""
    return _proxy(said, what) or _certificate(said, what)


def _proxy(said: str, what: str) -> str:
    refused = re.search(r"ProxyError|Cannot connect to proxy|Unable to connect to proxy|Tunnel connection failed", said)
    unusable = re.search(r"SOCKS support|Proxy URL had unsupported scheme|Not supported proxy scheme|"
                         r"check proxy URL|Unable to determine SOCKS version", said)
    if unusable:
        named = _named(lambda value: not re.match(r"https?://[^/:]|[^/:]+(?::\d+)?/?$", value)) or _named()
        return (f"A proxy is set that can't be used to fetch {what}: {named or 'one of the settings of pip'}. Set it to "
                "http://HOST:PORT (SOCKS is not spoken here), or unset it, and start again.")
    if refused:
        named = _named() or "the one that pip's settings name (`pip config list`)"
        return (f"The proxy does not let {what} through, or does not answer: {named}. Correct it, or unset it where "
                "this network needs none, and start again.")
    return ""


def _named(test=lambda value: True) -> str:
    """The variables that name a proxy, as `ALL_PROXY=socks5://...`, without a password."""
    found = {name: value.strip() for name, value in os.environ.items()
             if (name.lower() in PROXIES or name == "PIP_PROXY") and value.strip()}
    return ", ".join(f"{name}={without_password(value)}" for name, value in sorted(found.items()) if test(value))


def without_password(address: str) -> str:
    """An address without the name and password that may stand before its host, with or without http://."""
    return re.sub(r"^(\w+://)?.*@", r"\1", address)


def _certificate(said: str, what: str) -> str:
    lacking = re.search(r"suitable TLS CA certificate bundle, invalid path: (\S+)", said)
    if lacking:
        named = [name for name in BUNDLES if os.environ.get(name, "").strip() == lacking[1]]
        return (f"{named[0] if named else 'A setting'} names {lacking[1]} as the file with the trusted certificates, and "
                "it is not there. Correct it, or unset it, and start again.")
    if not re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError|ssl certificate", said):
        return ""
    host = _host(said)
    early = re.search(r"certificate is not yet valid", said)
    if early or re.search(r"certificate has expired", said):
        return (f"By this machine's clock ({time.strftime('%Y-%m-%d %H:%M')}) the certificate of {host} "
                f"{'is not valid yet' if early else 'has expired'}, so {what} can't be fetched. Set the clock and start "
                f"again; where the clock is right, tell whoever runs {host}.")
    if re.search(r"Hostname mismatch|IP address mismatch|doesn't match", said):
        return (f"Instead of {host} something answered that has a certificate for another name, often the sign-in page "
                "of a network. Open any page in a browser, sign in, and start again.")
    if "CERTIFICATE_VERIFY_FAILED" in said:
        name = next((name for name in BUNDLES[:1] if os.environ.get(name, "").strip()), BUNDLES[1])
        return (f"The certificate of {host} is not trusted on this machine, so {what} can't be fetched: often a company's "
                f"proxy or a virus scanner reads along and signs with a certificate of its own. Set {name} to the file "
                "(PEM) that has it, or use another network, and start again.")
    return (f"There is no secure connection to {host} ({_short(said)}), so {what} can't be fetched: something on the way "
            "answers in its place. Use another network, or correct the address, and start again.")


def _host(said: str) -> str:
    """Which server it was about: requests names the host, pip the page."""
    found = re.search(r"host='([^']+)'(?:, port=(\d+))?", said)
    if found:
        return found[1] if found[2] in (None, "443") else f"{found[1]}:{found[2]}"
    page = re.search(r"Could not fetch URL (\S+?):? ", said)
    where = urlsplit(page[1]).netloc if page else ""
    return where.rpartition("@")[2] or "the server"


def _short(said: str) -> str:
    found = re.search(r"\[SSL[^\]]*\][^(\"']*|EOF occurred[^(\"']*", said)
    return found[0].strip() if found else "SSL"
