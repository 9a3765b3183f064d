"""A real OpenID Connect provider on 127.0.0.1: discovery, authorization code with PKCE, RS256 id tokens, its keys.

Its page asks who one is, as links; a test clicks one. What it says of each account is `accounts`.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "workbench", "not-a-secret"


@dataclass
class Provider:
    """Who can sign in: claims by the name of the account."""

    accounts: dict[str, dict[str, Any]]
    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def secrets(self, file: Path) -> Path:
        """Write what the app needs to know about this provider."""
        file.write_text(
            f"""[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "{secrets.token_hex(16)}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{self.url}/.well-known/openid-configuration"
"""
        )
        return file

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def chooser(self, asked: dict[str, str]) -> str:
        """A page with a link for each account, which leads back to the app with a code."""
        links = []
        for account in self.accounts:
            code = secrets.token_urlsafe()
            self.codes[code] = {**asked, "account": account}
            back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            links.append(f'<p><a href="{back}">{account}</a></p>')
        return "<h1>Who are you?</h1>" + "".join(links)

    def token(self, given: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """An id token for a code, once; None where client, code or verifier are wrong."""
        asked = self.codes.pop(given.get("code", ""), None)
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or authorization != expected or asked.get("code_challenge") != challenge:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": asked["account"],
            "iat": now,
            "exp": now + 600,
            "nonce": asked["nonce"],
            **self.accounts[asked["account"]],
        }
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        return {"access_token": secrets.token_hex(), "token_type": "Bearer", "expires_in": 600, "id_token": signed}


@contextmanager
def provider(accounts: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """A running provider; its address is `url`."""
    running = Provider(accounts)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(running))
    server.daemon_threads = True
    running.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


def _handler(running: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            match address.path:
                case "/.well-known/openid-configuration":
                    self._json(running.metadata())
                case "/keys":
                    self._json({"keys": [running.key.as_dict(private=False)]})
                case "/authorize":
                    asked = dict(parse_qsl(address.query))
                    self._send(running.chooser(asked).encode(), 200, "text/html")
                case _:
                    self._send(b"", 404, "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            given = {name: values[0] for name, values in parse_qs(body).items()}
            token = running.token(given, self.headers.get("Authorization", ""))
            self._json(token or {"error": "invalid_grant"}, 200 if token else 400)

        def _json(self, document: dict[str, Any], status: int = 200) -> None:
            self._send(json.dumps(document).encode(), status, "application/json")

        def _send(self, body: bytes, status: int, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    return Handler
