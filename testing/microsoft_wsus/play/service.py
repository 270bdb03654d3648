"""The services over HTTP: who may ask, whether the request is right, and what is answered."""

import http.server
import sys
import uuid

import upstream
from description import Broken, Description, fault
from operations import OPERATIONS
from wsus import Refused


class Service:
    """One service of the server. Servers below ask theirs without a login."""

    def __init__(self, description, operations, has_logins):
        self.description = Description(description)
        self.operations = operations
        self.has_logins = has_logins


def services(administration):
    """By their paths in small letters, as IIS looks for them. Descriptions stand in one folder."""

    def below(name, operations):
        return Service(administration.with_name(f"{name}.wsdl"), operations, False)

    return {
        "/apiremoting30/webservice.asmx": Service(administration, OPERATIONS, True),
        "/serversyncwebservice/serversyncwebservice.asmx": below("serversync", upstream.SYNC),
        "/dssauthwebservice/dssauthwebservice.asmx": below("dssauth", upstream.AUTH),
        "/reportingwebservice/reportingwebservice.asmx": below("reporting_server", upstream.REPORTING),
    }


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, services, wsus, logins, close_after):
        super().__init__(("127.0.0.1", 0), Connection)
        self.services = services
        self.wsus = wsus
        self.logins = logins
        self.close_after = close_after

    def handle_error(self, _request, _address):
        """A client that hangs up is no error of the service."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handle_error(_request, _address)


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""

    def setup(self):
        super().setup()
        self.login = self.server.logins.new()
        self.answers = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service = self.server.services.get(self.path.lower())
        if service is None or service.has_logins:
            host = self.headers["Host"].rsplit(":", 1)[0]
            offer = self.login.step(self.headers["Authorization"], host)
            if offer is not None:
                headers = [("WWW-Authenticate", it) for it in offer]
                return self.answer(401, b"<html>401</html>", "text/html", headers)
        if service is None:
            return self.do_GET()
        status, answer = self.call(service, body)
        self.answers += 1
        if self.answers == self.server.close_after:
            # As IIS does with idle connections: without a word.
            self.close_connection = True
        self.answer(status, answer, "text/xml; charset=utf-8")

    def do_GET(self):
        self.answer(404, b"<html>404</html>", "text/html")

    def call(self, service, body):
        action = self.headers["SOAPAction"]
        try:
            if self.headers["Content-Type"] != "text/xml; charset=utf-8":
                raise Broken(f"the content type is {self.headers['Content-Type']}")
            name, parameters = service.description.read(action, body)
            operation = service.operations.get(name)
            if operation is None:
                raise Broken(f"{name} is not played here")
            with self.server.wsus.lock:
                result = operation(self.server.wsus, service.description, parameters)
            return 200, service.description.write(name, result)
        except Broken as error:
            print(f"broken request: {error}\n{body.decode()}", flush=True, file=sys.stderr)
            return 500, fault(f"Broken request: {error}")
        except Refused as error:
            return 500, fault(f"Server was unable to process request. ---> {error}\n   at Microsoft.UpdateServices")
        except upstream.Fault as error:
            said = {"ErrorCode": error.code, "Message": error.message, "ID": str(uuid.uuid4()), "Method": action}
            return 500, fault("Fault occurred", said.items())

    def answer(self, status, body, content_type, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Says nothing of what goes well."""
