"""The service's own description: holds requests to it, and writes answers by it."""

import copy
import datetime
import io

from lxml import etree
from zeep import Client, Settings, xsd
from zeep.wsdl.bindings.soap import Soap11Binding
from zeep.xsd.context import XmlParserContext

SERVICE = "http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService"
TYPES = "http://microsoft.com/wsdl/types/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SCHEMA = "http://www.w3.org/2001/XMLSchema"

# The description has the four times of this filter twice, but the service is reported to take the four
# with a small letter only. So their doubles may be absent, and are put in before the rest is checked.
DOUBLED = ["FromTimeAtTarget", "ToTimeAtTarget", "FromTimeAtServer", "ToTimeAtServer"]

NIL_GUID = "00000000-0000-0000-0000-000000000000"


class Broken(Exception):
    """A request that the description does not allow."""


class Description:
    def __init__(self, path):
        self.client = Client(str(path), settings=Settings(strict=True))
        bindings = self.client.wsdl.bindings.items()
        self.binding, binding = next((name, it) for name, it in bindings if isinstance(it, Soap11Binding))
        self.operations = binding._operations
        self.schema = schema(path)
        self.guid = self.client.get_type(f"{{{TYPES}}}guid")

    def read(self, action, body):
        """The name and the parameters of a request."""
        name, message = self.message(action, body)
        checked = copy.deepcopy(message)
        add_doubles(checked)
        self.hold(checked)
        context = XmlParserContext(settings=self.client.settings)
        try:
            parameters = self.operations[name].input.body.parse(checked, self.client.wsdl.types, context=context)
        except Exception as error:
            raise Broken(f"zeep: {error!r}") from error
        return name, {} if parameters is None else {key: parameters[key] for key in parameters}

    def hold(self, message):
        """Holds a message to the types of the description."""
        if not self.schema.validate(etree.ElementTree(message)):
            raise Broken(str(self.schema.error_log.last_error))

    def message(self, action, body):
        try:
            envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            raise Broken(f"not well formed: {error}") from error
        if envelope.tag != f"{{{SOAP}}}Envelope" or len(envelope) != 1 or envelope[0].tag != f"{{{SOAP}}}Body":
            raise Broken("no envelope of SOAP 1.1 with a body and nothing else")
        if len(envelope[0]) != 1:
            raise Broken(f"{len(envelope[0])} messages in the body")
        message = envelope[0][0]
        name = etree.QName(message).localname
        operation = self.operations.get(name)
        if operation is None:
            raise Broken(f"there is no operation {name}")
        if action != f'"{operation.soapaction}"':
            raise Broken(f"the header SOAPAction is {action}, expected {operation.soapaction} in quotes")
        return name, message

    def write(self, name, result):
        """The envelope of an answer. `result` is a dictionary of results, or the one result, or nothing."""
        output = self.operations[name].output
        if not isinstance(result, Results):
            result = {} if result is None else {f"{name}Result": result}
        content = output.serialize(**result).content
        return etree.tostring(content, xml_declaration=True, encoding="utf-8")

    def row(self, cells):
        """A row of pairs of a type and a value."""
        return {"Values": {"anyType": [self.cell(kind, value) for kind, value in cells]}}

    def rows(self, rows):
        return {"GenericReadableRow": [self.row(cells) for cells in rows]}

    def sets(self, sets):
        return {"ArrayOfGenericReadableRow": [self.rows(rows) for rows in sets]}

    def cell(self, kind, value):
        if value is None:
            return xsd.AnyObject(None, None)
        if kind == "guid":
            return xsd.AnyObject(self.guid, value)
        return xsd.AnyObject(self.client.get_type(f"{{{SCHEMA}}}{kind}"), value)

    def filled(self, name, known):
        """A value of a type of the service with all that must be there, and with what is known."""
        elements = self.client.get_type(f"{{{SERVICE}}}{name}").elements
        value = {key: empty(element) for key, element in elements if not element.is_optional}
        unknown = known.keys() - {key for key, _ in elements}
        assert not unknown, f"{name} has no {unknown}"
        return value | known


class Results(dict):
    """Results by their names, where they are not one."""


def empty(element):
    kind = element.type.name
    if kind == "boolean":
        return False
    if kind == "guid":
        return NIL_GUID
    if kind == "dateTime":
        return datetime.datetime(1, 1, 1)
    assert kind in ("int", "long", "short", "unsignedByte", "unsignedInt"), kind
    return 0


def fault(text, details=()):
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    body = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(body, "faultcode").text = "soap:Server"
    etree.SubElement(body, "faultstring").text = text
    detail = etree.SubElement(body, "detail")
    for name, value in details:
        etree.SubElement(detail, name).text = value
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def add_doubles(message):
    for element in message.iter(f"{{{SERVICE}}}eventHistoryFilter"):
        for name in DOUBLED:
            if element.find(f"{{{SERVICE}}}{name}") is None:
                small = element.find(f"{{{SERVICE}}}{name[0].lower()}{name[1:]}")
                double = etree.SubElement(element, f"{{{SERVICE}}}{name}")
                double.text = "" if small is None else small.text


def schema(path):
    """The types of the description for libxml2, which takes parts only from files with names."""
    parts = etree.parse(str(path)).getroot().findall(f".//{{{SCHEMA}}}schema")
    texts = {part.get("targetNamespace"): part for part in parts}
    whole = etree.Element(f"{{{SCHEMA}}}schema")
    for namespace, part in texts.items():
        etree.SubElement(whole, f"{{{SCHEMA}}}import", namespace=namespace, schemaLocation=namespace)
        for imported in part.findall(f"{{{SCHEMA}}}import"):
            imported.set("schemaLocation", imported.get("namespace"))

    class Parts(etree.Resolver):
        def resolve(self, url, _id, context):
            found = next((part for name, part in texts.items() if url.rstrip("/") == name.rstrip("/")), None)
            return None if found is None else self.resolve_string(etree.tostring(found), context)

    parser = etree.XMLParser()
    parser.resolvers.add(Parts())
    return etree.XMLSchema(etree.parse(io.BytesIO(etree.tostring(whole)), parser))
