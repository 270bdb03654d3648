"""Plays a Microsoft WSUS, apart from Headwater's own code: its administration service, what servers below ask, and
a server that takes from one above.

pyspnego verifies every login, zeep and libxml2 hold every request to the service's own description, and
zeep writes the answers; answers of the server above are held to its description too. What the administration
service does is written from what others report, the rest from [MS-WSUSSS]. Not verified on a live WSUS.

It says its port on standard output and ends when its input does.
"""

import argparse
import datetime
import os
import pathlib
import ssl
import sys
import tempfile
import threading

from downstream import Upstream
from login import Logins, certificate_bindings
from service import Server, services
from wsus import Wsus


def arguments():
    parser = argparse.ArgumentParser(prog="microsoft_wsus", description=__doc__)
    about_wsdl = "the description of the administration service; those of the others are beside it"
    parser.add_argument("--wsdl", required=True, type=pathlib.Path, help=about_wsdl)
    parser.add_argument("--id", default="050cee4a-aaff-470c-8fc3-7a94cb3a4293", help="of the server")
    parser.add_argument("--name", default="wsus.example", help="by which it tells of itself to the one above")
    parser.add_argument("--upstream", metavar="URL", help="the server that it takes from, instead of Microsoft")
    parser.add_argument("--below", metavar="NAME", help="a server below, of which it was told before")
    parser.add_argument("--computers", type=int, nargs="*", default=[1, 2, 3], help="the numbers of its own")
    contact = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=1)
    about_contact = "since when they are in contact, some minutes later each; an hour ago if it is not given"
    parser.add_argument("--contact", type=datetime.datetime.fromisoformat, default=contact, help=about_contact)
    parser.add_argument("--domain", default="EXAMPLE")
    parser.add_argument("--user", default="wsus")
    parser.add_argument("--password", default="P\u00e4ssw0rd")
    parser.add_argument("--role", type=int, default=2, help="of the account: 0, 1 or 2")
    parser.add_argument("--replica", action="store_true", help="takes groups and approvals from above")
    about_subscribe = "the ids of the products and classifications of which it takes updates; all if none is given"
    parser.add_argument("--subscribe", metavar="ID", nargs="*", default=[], help=about_subscribe)
    parser.add_argument("--client-targeting", action="store_true", help="computers name their groups")
    parser.add_argument("--columns", type=int, default=37, help="of a row of an update")
    parser.add_argument("--fail-sync", type=int, help="ends each synchronisation with this HRESULT, as a signed number")
    parser.add_argument("--close-after", type=int, help="ends each connection after so many answers")
    parser.add_argument("--certificate", type=pathlib.Path, help="speaks TLS with this one, in PEM")
    parser.add_argument("--key", type=pathlib.Path)
    return parser.parse_args()


def end_with_input(accounts):
    sys.stdin.buffer.read()
    os.unlink(accounts)
    os._exit(0)


def main():
    options = arguments()
    with tempfile.NamedTemporaryFile("w", suffix=".ntlm", delete=False, encoding="utf-8") as accounts:
        accounts.write(f"{options.domain}:{options.user}:{options.password}\n")
    os.environ["NTLM_USER_FILE"] = accounts.name
    threading.Thread(target=end_with_input, args=[accounts.name], daemon=True).start()

    bindings = certificate_bindings(options.certificate) if options.certificate else None
    if options.upstream:
        options.upstream = Upstream(options.upstream, options.wsdl.parent)
    served = services(options.wsdl)
    server = Server(served, Wsus(options), Logins(bindings), options.close_after)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
