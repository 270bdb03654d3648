"""A client of the administration service that has none of our code: zeep, strict, by the description that a
real server gives of itself. Over TLS, with Basic. Prints what it was answered, as JSON."""

import datetime
import json
import pathlib
import sys

import requests
import zeep
from lxml import etree
from requests.auth import HTTPBasicAuth

# The program that plays a Microsoft WSUS has the schema in a form that libxml2 takes.
sys.path.insert(0, str(pathlib.Path(__file__).parents[4] / "testing/microsoft_wsus/play"))
from description import schema  # noqa: E402

SERVICE = "{http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService}"
ALL_COMPUTERS = "a0a08746-4dbe-4a37-9adf-9e7652c0b421"
ALL_UPDATES = '<UpdateScope ApprovedStates="-1" />'
OWN_COMPUTERS = '<ComputerTargetScope IncludeDownstreamComputerTargets="false" />'
ANY = 2147483647
NIL = "00000000-0000-0000-0000-000000000000"


class Validating(zeep.Plugin):
    """Holds each answer to the schema of the description, where zeep would let something pass."""

    def __init__(self, path):
        self.schema = schema(path)
        self.seen = set()

    def ingress(self, envelope, http_headers, operation):
        message = envelope.find("{*}Body")[0]
        if etree.QName(message).localname != "Fault":
            # On its own, with what the envelope declares: prefixes stand in values too.
            alone = etree.fromstring(etree.tostring(message))
            self.schema.assertValid(etree.ElementTree(alone))
            self.seen.add(operation.name)
        return envelope, http_headers


def inside(value, name):
    """zeep leaves out what has one child only."""
    return value[name] if value is not None and name in value else value


def cells(row):
    return [None if cell is None else str(cell) for cell in inside(inside(row, "Values"), "anyType")]


def rows(result):
    return [cells(row) for row in inside(result, "GenericReadableRow") or []]


def main(description, url, authority, user, password):
    session = requests.Session()
    # Nothing of the environment: a proxy, or other authorities.
    session.trust_env = False
    session.verify = authority
    session.auth = HTTPBasicAuth(user.encode(), password.encode())
    transport = zeep.Transport(session=session)
    plugin = Validating(description)
    client = zeep.Client(description, transport=transport, settings=zeep.Settings(strict=True), plugins=[plugin])
    told = {}
    for binding in ("ApiRemotingSoap", "ApiRemotingSoap12"):
        service = client.create_service(SERVICE + binding, url)
        told[binding] = service.GetCurrentUserRole()
    service = client.create_service(SERVICE + "ApiRemotingSoap", url)
    told["version"] = service.GetServerVersion()
    told["protocol"] = service.GetServerProtocolVersion()
    told["database"] = service.GetDatabaseConfiguration()["databaseName"]
    configuration = service.ExecuteSPGetConfiguration()["Configuration"]
    told["server"] = configuration["ServerId"]
    told["replica"] = configuration["ReplicaMode"]
    told["settings"] = len(list(configuration))
    told["secret"] = configuration["EncryptionKey"]
    told["components"] = service.ExecuteSPGetComponentsWithErrors()

    berlin = cells(service.ExecuteSPCreateTargetGroup1(name="Berlin", parentGroupId=ALL_COMPUTERS))[2]
    told["groups"] = sorted(row[1] for row in rows(service.ExecuteSPGetAllTargetGroups()))
    told["group"] = cells(service.ExecuteSPGetTargetGroupById(id=berlin))

    scope = {"updateScopeXml": ALL_UPDATES, "preferredCulture": "en", "publicationState": ANY}
    told["count"] = service.ExecuteSPGetUpdateCount(**scope)
    updates = service.ExecuteSPSearchUpdates(**scope)
    minimal = rows(updates["minimalProperties"])
    told["widths"] = sorted({len(row) for row in minimal})
    told["titles"] = sorted(row[29] for row in minimal)
    told["categories"] = sorted({tuple(row[1:]) for row in rows(updates["localizedCategoryTitleRows"])})
    first = next(row for row in minimal if row[29].startswith("First"))
    identity = {"UpdateId": first[0], "RevisionNumber": int(first[1])}
    one = service.ExecuteSPGetUpdateById(preferredCulture="de", id=identity)
    told["german"] = rows(one["minimalProperties"])[0][29]
    found = service.ExecuteSPSimpleSearchUpdates(preferredCulture="en", searchText="second")
    told["found"] = [row[29] for row in rows(found["minimalProperties"])]

    deadline = datetime.datetime(2026, 12, 24, 3, tzinfo=datetime.timezone.utc)
    deploy = {"updateId": identity, "targetGroupId": berlin, "adminName": "anna", "isAssigned": True}
    approval = cells(service.ExecuteSPDeployUpdate1(deploymentAction=0, deadline=deadline, **deploy))
    told["approval"] = [approval[2], approval[4], approval[5], approval[8] == first[0], approval[10] == berlin]
    told["approvals"] = len(rows(service.ExecuteSPGetDeployments(**scope)))
    never = datetime.datetime(9999, 12, 31, 23, 59, 59, 997000)
    service.ExecuteSPDeployUpdate1(deploymentAction=2, deadline=never, **deploy)
    told["withdrawn"] = len(rows(service.ExecuteSPGetDeployments(**scope)))
    service.ExecuteSPDeclineUpdate(updateId=first[0], adminName="anna", failIfReplica=True)
    again = rows(service.ExecuteSPSearchUpdates(**scope)["minimalProperties"])
    told["declined"] = [row[29] for row in again if row[22] == "True"]

    computers, requested, members = service.ExecuteSPSearchComputers(computerTargetScopeXml=OWN_COMPUTERS)
    told["computers"] = [[row[0], row[4], len(row)] for row in rows(computers)]
    computer = told["computers"][0][0]
    service.ExecuteSPAddComputerToTargetGroupAllowMultipleGroups(targetGroupId=berlin, computerId=computer)
    members = service.ExecuteSPSearchComputers(computerTargetScopeXml=OWN_COMPUTERS)[2]
    told["member"] = [computer, berlin] in rows(members)
    service.ExecuteSPRemoveComputerFromTargetGroup(targetGroupId=berlin, computerId=computer)
    told["computer count"] = service.ExecuteSPGetComputerCount(computerTargetScopeXml=OWN_COMPUTERS)
    both = {**scope, "computerTargetScopeXml": OWN_COMPUTERS}
    told["per update"] = [row[2:5] for row in rows(service.ExecuteSPGetSummariesPerUpdate(**both))]
    told["per computer"] = [row[2:5] for row in rows(service.ExecuteSPGetSummariesPerComputer(**both))]
    of_update = service.ExecuteSPGetUpdateInstallationInfoForUpdate(
        updateId=first[0], computerTargetScopeXml=OWN_COMPUTERS
    )
    told["of update"] = [row[1:3] for row in rows(of_update)]
    of_computer = service.ExecuteSPGetUpdateInstallationInfoForComputer(computerId=computer, **scope)
    told["of computer"] = sorted(row[2] for row in rows(of_computer))
    service.ExecuteSPDeleteTargetGroup(id=berlin, adminName="anna", failIfReplica=True)

    told["state"] = service.GetSubscriptionState()
    told["progress"] = rows(service.GetServerSyncProgress())
    told["automatic"] = service.GetSubscription()["SynchronizeAutomatically"]
    told["taken"] = [
        [it[2], it[7], len(it)]
        for of in (False, True)
        for it in rows(service.GetSubscriptionCategories(preferredCulture="en", retrieveUpdateClassifications=of))
    ]
    service.StopSubscription()
    # The description has each of these times twice, with a small and with a capital first letter.
    begin, end = (datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc) for year in (2000, 2100))
    times = {}
    for place in ("Target", "Server"):
        times |= {f"{it}TimeAt{place}": begin for it in ("from", "From")}
        times |= {f"{it}TimeAt{place}": end for it in ("to", "To")}
    ids = {"EventIdFilter": [{"NamespaceId": 2, "EventId": 384}]}
    told["events"] = service.ExecuteSPSearchEventHistory(eventHistoryFilter={"eventIdFilter": ids, **times})
    told["below"] = rows(service.ExecuteSPGetAllDownstreamServers(parentServerId=NIL, includeNestedChildren=True))

    told["faults"] = []
    for call in (
        lambda: service.StartSubscriptionManually(),
        lambda: service.ExecuteSPGetEulaAcceptances(id=NIL),
        lambda: service.ExecuteSPAcceptEula(eulaId=NIL, adminName="anna", updateId=identity),
    ):
        try:
            call()
        except zeep.exceptions.Fault as fault:
            told["faults"].append(fault.message.rsplit("---> ")[-1])
    told["operations"] = len(plugin.seen)
    json.dump(told, sys.stdout)


main(*sys.argv[1:])
