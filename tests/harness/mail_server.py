"""A mail server for tests: accepts messages and writes each to a file as JSON.

usage: server.py FOLDER PORT [--tls CERTIFICATE KEY] [--login USER PASSWORD]

It is ready when there is a file FOLDER/ready. Messages to `nobody@…` are refused permanently, the first one to `later@…`
temporarily. Messages to `slow@…` take two seconds; a file FOLDER/slow says that one has begun.
"""

import argparse
import asyncio
import json
import logging
import signal
import ssl
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Handler:
    def __init__(self, folder):
        self.folder, self.count, self.put_off = folder, 0, set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}> is unknown here"
        if address.startswith("later@") and address not in self.put_off:
            self.put_off.add(address)
            return f"451 4.7.1 <{address}> come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        if envelope.rcpt_tos[0].startswith("slow@"):
            (self.folder / "slow").touch()
            await asyncio.sleep(2)
        mail = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": part(message, "plain"),
            "html": part(message, "html"),
            "encrypted": session.ssl is not None,
            "user": session.auth_data.decode() if session.authenticated else None,
        }
        self.count += 1
        draft = self.folder / "draft"
        draft.write_text(json.dumps(mail))
        draft.rename(self.folder / f"{self.count:06}.json")
        return "250 OK"


def part(message, subtype):
    return message.get_body((subtype,)).get_content().replace("\r\n", "\n")


def options(arguments):
    result = {}
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
        result |= {"tls_context": context, "require_starttls": True}
    if arguments.login:
        user, password = (text.encode() for text in arguments.login)

        def check(server, session, envelope, mechanism, data):
            right = data == LoginPassword(user, password)
            return AuthResult(success=right, handled=right, auth_data=data.login)

        encrypted = arguments.tls is not None
        result |= {"authenticator": check, "auth_required": True, "auth_require_tls": encrypted}
    return result


def main():
    logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # what tests do wrong on purpose
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--login", nargs=2)
    arguments = parser.parse_args()
    handler = Handler(arguments.folder)
    Controller(handler, hostname="127.0.0.1", port=arguments.port, **options(arguments)).start()
    (arguments.folder / "ready").touch()
    signal.pause()


main()
