"""Sessions and the tokens that prove that a form came from one of our own pages."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

COOKIE = "narratives_session"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Cookies that nobody else can make. With a `token` only who knows it gets one, and it outlives a restart."""

    token: str = ""
    secret: bytes = field(default=b"", repr=False)

    @classmethod
    def start(cls, token: str) -> "Sessions":
        """A key of its own for each start, or the one that follows from the token."""
        derived = hashlib.scrypt(token.encode(), salt=b"narratives serve", n=1 << 14, r=8, p=1) if token else b""
        return cls(token, derived or secrets.token_bytes(32))

    def make(self) -> str:
        """The value of a new cookie."""
        name = secrets.token_hex(16)
        return f"{name}.{self._sign('session', name)}"

    def read(self, cookies: str) -> str:
        """The session that a `Cookie` header names; empty where there is none of ours in it."""
        if COOKIE not in cookies:
            return ""
        try:
            jar = SimpleCookie(cookies)
        except CookieError:
            return ""
        value = jar[COOKIE].value if COOKIE in jar else ""
        name, _, signature = value.partition(".")
        return name if name and _same(signature, self._sign("session", name)) else ""

    def make_csrf(self, session: str) -> str:
        """What every form of this session carries."""
        return self._sign("form", session)

    def is_csrf(self, session: str, value: str) -> bool:
        """Whether a form came from a page of this session."""
        return bool(session) and _same(value, self.make_csrf(session))

    def is_token(self, value: str) -> bool:
        """Whether somebody knows the token; takes the same time whatever is wrong with it."""
        return bool(self.token) and _same(value, self.token)

    def _sign(self, purpose: str, name: str) -> str:
        return hmac.new(self.secret, f"{purpose}:{name}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _same(given: str, right: str) -> bool:
    # Digests of one length: not even how long the right one is can be timed.
    first, second = (hashlib.sha256(value.encode("utf-8", "replace")).digest() for value in (given, right))
    return hmac.compare_digest(first, second)
