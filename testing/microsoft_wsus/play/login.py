"""Logins with NTLM, which hold for a connection. pyspnego has its own arithmetic for all of it."""

import base64
import hashlib
import ssl
import sys

import spnego
from cryptography import x509
from spnego._ntlm_raw.messages import Authenticate, AvId, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings

OFFER = ["Negotiate", "NTLM"]


def certificate_bindings(path):
    """The bindings of the type tls-server-end-point (RFC 5929, 4.1)."""
    der = ssl.PEM_cert_to_DER_cert(path.read_text())
    name = x509.load_der_x509_certificate(der).signature_hash_algorithm.name
    name = "sha256" if name in ("md5", "sha1") else name
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.new(name, der).digest())


class Logins:
    def __init__(self, bindings):
        self.bindings = bindings

    def new(self):
        return Login(self.bindings)


class Login:
    """The login of one connection."""

    def __init__(self, bindings):
        self.bindings = bindings
        self.context = None
        self.user = None

    def step(self, authorization, host):
        """Takes a request's header. Returns what the answer 401 offers, or nothing if the user is known."""
        if authorization is None:
            return None if self.user else OFFER
        scheme, _, data = authorization.partition(" ")
        if scheme != "NTLM":
            return OFFER
        token = base64.b64decode(data, validate=True)
        if token[8] == 1:
            self.user = None
            self.context = spnego.server(protocol="ntlm", channel_bindings=self.bindings)
            challenge = self.context.step(token)
            return [f"NTLM {base64.b64encode(challenge).decode()}"]
        if self.context is None:
            return OFFER
        context, self.context = self.context, None
        try:
            context.step(token)
            self.extended_protection(token, host)
        except Exception as error:
            print(f"login refused: {error}", flush=True, file=sys.stderr)
            return OFFER
        self.user = context.client_principal
        return None

    def extended_protection(self, token, host):
        """As a server that requires it, which pyspnego does not: no answer without bindings, a MIC, and the
        name of this service."""
        answer = NTClientChallengeV2.unpack(Authenticate.unpack(token).nt_challenge_response[16:])
        said = answer.av_pairs
        if said.get(AvId.target_name) != f"HTTP/{host}":
            raise ValueError(f"it is meant for {said.get(AvId.target_name)}")
        if not said.get(AvId.flags, 0) & 2:
            raise ValueError("it has no MIC")
        if self.bindings and said.get(AvId.channel_bindings) != hashlib.md5(self.bindings.pack()).digest():
            raise ValueError("it is bound to another channel")
