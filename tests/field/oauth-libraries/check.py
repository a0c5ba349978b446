"""Checks an access token as resource servers do, offline and by introspection, with authlib. Prints what it said."""

import json
import os

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, audience, token = (os.environ[name] for name in ("ISSUER", "AUDIENCE", "TOKEN"))
server = requests.get(f"{issuer}/.well-known/oauth-authorization-server").json()
keys = KeySet.import_key_set(requests.get(server["jwks_uri"]).json())


class Validator(JWTBearerTokenValidator):
    """authlib reads tokens by the algorithms that joserfc recommends, without EdDSA: the token is read here."""

    def get_jwks(self):
        return keys

    def authenticate_token(self, text):
        essential = ("exp", "aud", "sub", "client_id", "iat", "jti", "iss")
        options = {name: {"essential": True} for name in essential}
        options["aud"]["value"] = self.resource_server
        options["iss"]["validate"] = self.validate_iss
        read = jwt.decode(text, keys, algorithms=["EdDSA"])
        return JWTAccessTokenClaims(read.claims, read.header, options)


validator = Validator(issuer, audience)
claims = validator.authenticate_token(token)
validator.validate_token(claims, [], None)


def session(secret):
    return OAuth2Session(os.environ["CLIENT_ID"], secret, token_endpoint_auth_method="client_secret_basic")


url = server["introspection_endpoint"]
active = session(os.environ["CLIENT_SECRET"]).introspect_token(url, token=token).json()
refused = session("wrong").introspect_token(url, token=token).json()
print(json.dumps({"offline": dict(claims), "active": active, "refused": refused}))
