"""What each operation answers."""

import datetime
import xml.etree.ElementTree as ElementTree

from description import Broken, Results
from wsus import LICENCE, NO_DEADLINE, VERSION, MadeUpRun

# The only scopes that real servers are reported to answer to.
ALL_UPDATES = ("UpdateScope", {"ApprovedStates": "-1"})
DECLINED_UPDATES = ("UpdateScope", {"ApprovedStates": "8"})
OWN_COMPUTERS = ("ComputerTargetScope", {"IncludeDownstreamComputerTargets": "false"})

OPERATIONS = {}


def operation(function):
    OPERATIONS[function.__name__] = function
    return function


def expect_scope(text, expected):
    try:
        scope = ElementTree.fromstring(text or "")
    except ElementTree.ParseError as error:
        raise Broken(f"the scope {text} is no XML: {error}") from error
    if (scope.tag, scope.attrib) != expected or len(scope):
        raise Broken(f"the scope {text} is not known to work")


def expect_updates(parameters, scope=ALL_UPDATES):
    expect_scope(parameters["updateScopeXml"], scope)
    if not parameters["preferredCulture"]:
        raise Broken("no language is named, which a server may refuse")
    if parameters["publicationState"] not in (0, 1, 2147483647):
        raise Broken(f"there is no publication state {parameters['publicationState']}")


def expect_name(parameters):
    if not parameters["adminName"]:
        raise Broken("nobody is named")


@operation
def GetServerVersion(_wsus, _description, _parameters):
    return VERSION


@operation
def GetServerProtocolVersion(_wsus, _description, _parameters):
    return "1.20"


@operation
def GetCurrentUserRole(wsus, _description, _parameters):
    return wsus.role


@operation
def GetDatabaseConfiguration(_wsus, _description, _parameters):
    return Results(serverName="MICROSOFT##WID", databaseName="SUSDB", wmsdeInstanceName=None)


def upstream(wsus):
    """The name of the server above without its port. Without one, a replica takes from one that is only named."""
    if wsus.upstream:
        return {"UpstreamServerName": wsus.upstream.host, "UpstreamServerUseSsl": False}
    name = "top.example" if wsus.is_replica else None
    return {"UpstreamServerName": name, "UpstreamServerUseSsl": wsus.is_replica}


@operation
def ExecuteSPGetConfiguration(wsus, description, _parameters):
    known = {
        "ServerId": wsus.id,
        "ServerTargeting": not wsus.client_targeting,
        "SyncToMU": not (wsus.upstream or wsus.is_replica),
        **upstream(wsus),
        "ReplicaMode": wsus.is_replica,
    }
    return {"Configuration": description.filled("ConfigurationTableRow", known)}


@operation
def ExecuteSPGetComponentsWithErrors(_wsus, _description, _parameters):
    return {"string": ["Content"]}


def group_cells(wsus, group):
    name, parent = wsus.group(group)
    kind = "Downstream Servers" if group.startswith("d374f42a") else "Computers"
    return [("string", kind), ("string", name), ("guid", group), ("int", 1), ("int", 100), ("guid", parent)]


@operation
def ExecuteSPGetAllTargetGroups(wsus, description, _parameters):
    return description.rows(group_cells(wsus, group) for group in wsus.groups)


@operation
def ExecuteSPGetTargetGroupById(wsus, description, parameters):
    return description.row(group_cells(wsus, parameters["id"]))


@operation
def ExecuteSPCreateTargetGroup1(wsus, description, parameters):
    group = wsus.create_group(parameters["name"], parameters["parentGroupId"])
    return description.row(group_cells(wsus, group))


@operation
def ExecuteSPCreateTargetGroup2(wsus, description, parameters):
    group = wsus.create_group(parameters["name"], parameters["parentGroupId"], parameters["id"])
    return description.row(group_cells(wsus, group))


@operation
def ExecuteSPDeleteTargetGroup(wsus, _description, parameters):
    expect_name(parameters)
    wsus.may_write()
    if parameters["failIfReplica"]:
        wsus.fail_if_replica()
    wsus.delete_group(parameters["id"])


@operation
def ExecuteSPAddComputerToTargetGroupAllowMultipleGroups(wsus, _description, parameters):
    wsus.move(parameters["targetGroupId"], parameters["computerId"], "add")


@operation
def ExecuteSPRemoveComputerFromTargetGroup(wsus, _description, parameters):
    wsus.move(parameters["targetGroupId"], parameters["computerId"], "discard")


def computer_cells(wsus, computer):
    number = int(computer[-12:])
    contact = wsus.contact_of(computer)
    cells = [
        ("string", computer),
        ("dateTime", contact),
        ("dateTime", contact if number != 3 else None),
        ("string", f"192.0.2.{number}"),
        ("string", f"pc{number}.example"),
    ]
    cells += [("int", value) for value in (10, 0, 26100, 0, 0)]
    cells += [("string", value) for value in ("fr-FR", "Contoso", "C7", "v1", "Default")]
    cells += [("dateTime", None), ("string", "AMD64"), ("string", None), ("dateTime", None), ("guid", None)]
    cells += [("int", 1), ("int", 272), ("unsignedByte", 1), ("int", 48), ("int", 0)]
    cells += [("string", value) for value in ("10.0.26100.1", "Windows", "Windows 11", None, None, None, None)]
    assert len(cells) == 32
    return cells


@operation
def ExecuteSPSearchComputers(wsus, description, parameters):
    expect_scope(parameters["computerTargetScopeXml"], OWN_COMPUTERS)
    computers = list(wsus.memberships)
    memberships = [
        [("string", computer), ("guid", group)] for computer in computers for group in wsus.groups_of(computer)
    ]
    return description.sets([(computer_cells(wsus, it) for it in computers), [], memberships])


@operation
def ExecuteSPGetComputerCount(wsus, _description, parameters):
    expect_scope(parameters["computerTargetScopeXml"], OWN_COMPUTERS)
    return len(wsus.memberships)


@operation
def ExecuteSPDeleteComputer(wsus, _description, parameters):
    wsus.delete_computer(parameters["id"])


@operation
def ExecuteSPDeleteDownstreamServer(wsus, _description, parameters):
    wsus.delete_server(parameters["id"])


def update_cells(wsus, update):
    approved = any(it.update == update.id for it in wsus.approvals())
    cells = [("guid", update.id), ("int", update.revision_number), ("int", update.revision_id)]
    cells += [("int", update.number), ("boolean", True), ("boolean", True), ("int", 0), ("int", 2)]
    cells += [("boolean", False), ("boolean", False), ("boolean", True), ("int", 0), ("int", 2)]
    cells += [("boolean", False), ("boolean", False), ("string", "Software"), ("int", 0)]
    cells += [("dateTime", datetime.datetime(2026, 9, 8, 17)), ("boolean", approved), ("unsignedByte", 5)]
    cells += [("guid", update.licence), ("boolean", not update.licence_accepted)]
    cells += [("boolean", update.is_declined), ("boolean", False), ("boolean", True), ("dateTime", update.arrived)]
    cells += [("boolean", False), ("string", None), ("string", "Critical"), ("string", update.title)]
    cells += [("string", "It repairs."), ("string", None), ("boolean", False), ("int", None), ("boolean", False)]
    cells += [("int", 0), ("int", 0)]
    assert len(cells) == 37
    if wsus.update_columns == 33:
        cells = [cell for index, cell in enumerate(cells) if index not in (3, 29, 30, 31)]
    return cells + [("int", 0)] * (wsus.update_columns - len(cells))


def complete_updates(wsus, description, updates):
    def texts(kind, text):
        return [("int", kind.revision_id), ("string", text)]

    categories = [
        [("int", update.revision_id), ("string", it.category_type), ("string", it.title)]
        for update in updates
        for it in wsus.categories_of(update)
    ]
    return {
        "minimalProperties": description.rows(update_cells(wsus, update) for update in updates),
        "localizedCategoryTitleRows": description.rows(categories),
        "kbArticles": description.rows(texts(update, str(update.revision_id)) for update in updates),
        "bulletins": description.rows([]),
        "infoUrls": description.rows(texts(update, "https://support.example/") for update in updates),
    }


@operation
def ExecuteSPSearchUpdates(wsus, description, parameters):
    expect_updates(parameters)
    return complete_updates(wsus, description, wsus.updates)


@operation
def ExecuteSPSimpleSearchUpdates(wsus, description, parameters):
    words = parameters["searchText"].lower()
    return complete_updates(wsus, description, [it for it in wsus.updates if words in it.title.lower()])


@operation
def ExecuteSPGetUpdateById(wsus, description, parameters):
    return complete_updates(wsus, description, [wsus.update(parameters["id"]["UpdateId"])])


@operation
def ExecuteSPGetUpdateCount(wsus, _description, parameters):
    if "\"8\"" in parameters["updateScopeXml"]:
        expect_updates(parameters, DECLINED_UPDATES)
        return sum(it.is_declined for it in wsus.updates)
    expect_updates(parameters)
    return len(wsus.updates)


def approval_cells(approval):
    return [
        ("dateTime", approval.made),
        ("int", 1),
        ("int", approval.action),
        ("dateTime", approval.made),
        ("dateTime", approval.deadline),
        ("string", approval.who),
        ("guid", approval.guid),
        ("boolean", True),
        ("guid", approval.update),
        ("int", approval.revision_number),
        ("guid", approval.group),
    ]


@operation
def ExecuteSPGetDeployments(wsus, description, parameters):
    expect_updates(parameters)
    return description.rows(approval_cells(it) for it in wsus.approvals())


@operation
def ExecuteSPDeployUpdate1(wsus, description, parameters):
    expect_name(parameters)
    action, deadline = parameters["deploymentAction"], parameters["deadline"]
    if action not in (0, 1, 2, 3):
        raise Broken(f"there is no action {action}")
    # Callers write the zone, except where there is no deadline.
    if (deadline.tzinfo is None) != (deadline == NO_DEADLINE):
        raise Broken(f"the deadline {deadline} has no zone")
    deadline = deadline.replace(tzinfo=None)
    update, group = parameters["updateId"], parameters["targetGroupId"]
    who = parameters["adminName"]
    approval = wsus.deploy(update["UpdateId"], update["RevisionNumber"], action, group, deadline, who)
    return description.row(approval_cells(approval))


@operation
def ExecuteSPDeclineUpdate(wsus, _description, parameters):
    expect_name(parameters)
    if parameters["failIfReplica"]:
        wsus.fail_if_replica()
    wsus.decline(parameters["updateId"])


@operation
def ExecuteSPDeleteUpdate(wsus, _description, parameters):
    wsus.delete(parameters["localUpdateID"])


@operation
def ExecuteSPAcceptEula(wsus, _description, parameters):
    expect_name(parameters)
    wsus.may_write()
    if parameters["eulaId"] != LICENCE:
        raise Broken(f"there is no licence {parameters['eulaId']}")
    wsus.update(parameters["updateId"]["UpdateId"]).licence_accepted = True


@operation
def ExecuteSPGetEulaFile(wsus, _description, parameters):
    if not parameters["preferredCulture"]:
        raise Broken("no language is named, which a server may refuse")
    update = wsus.update(parameters["updateId"])
    if parameters["id"] != LICENCE or update.licence != LICENCE:
        raise Broken(f"the update {update.id} has no licence {parameters['id']}")
    if parameters["revisionNumber"] != update.revision_number:
        raise Broken(f"the update {update.id} has no revision {parameters['revisionNumber']}")
    return wsus.terms(parameters["preferredCulture"])


@operation
def StartSubscriptionManually(wsus, _description, _parameters):
    wsus.start(wsus.upstream.begin if wsus.upstream else MadeUpRun)


@operation
def StopSubscription(wsus, _description, _parameters):
    wsus.stop()


@operation
def GetServerSyncProgress(wsus, description, _parameters):
    return description.rows([[("int", number) for number in wsus.progress()]])


@operation
def GetSubscriptionState(wsus, _description, _parameters):
    return 3 if wsus.run else 1


@operation
def GetSubscription(wsus, description, _parameters):
    known = {"LastSynchronizationTime": wsus.last_sync, "Anchor": wsus.anchor}
    return description.filled("SubscriptionTableRow", known)


def category_cells(document):
    cells = [("int", None), ("guid", document.id), ("string", document.category_type)]
    cells += [("boolean", False), ("boolean", False), ("int", 0), ("int", 0), ("string", document.title)]
    cells += [("string", None), ("string", None), ("dateTime", datetime.datetime(2026, 9, 8, 17)), ("int", 0)]
    assert len(cells) == 12
    return cells


@operation
def GetSubscriptionCategories(wsus, description, parameters):
    if not parameters["preferredCulture"]:
        raise Broken("no language is named, which a server may refuse")
    wants_classifications = parameters["retrieveUpdateClassifications"]
    return description.rows(
        category_cells(it) for it in wsus.subscribed() if it.is_classification == wants_classifications
    )


@operation
def ExecuteSPSearchEventHistory(wsus, description, parameters):
    wanted = parameters["eventHistoryFilter"]
    ids = [(it["NamespaceId"], it["EventId"]) for it in wanted["eventIdFilter"]["EventIdFilter"]]
    times = [wanted[name] for name in ("fromTimeAtServer", "toTimeAtServer")]
    if any(time.tzinfo is None or time.year < 1753 for time in times):
        raise Broken(f"the times {times} are none that the database has")
    begin, end = (time.replace(tzinfo=None) for time in times)
    rows = [
        description.filled(
            "EventHistoryTableRow",
            {
                "EventInstanceId": event,
                "EventId": number,
                "NamespaceId": 2,
                "TimeAtServer": time,
                "TimeAtTarget": time,
                "Win32HResult": hresult,
            },
        )
        # The newest first, as a list shows them.
        for event, number, time, hresult in reversed(wsus.events)
        if (2, number) in ids and begin <= time <= end
    ]
    return {"EventHistoryTableRow": rows}


def summary_cells(update, computer, state, count):
    return [
        ("guid", update),
        ("guid", None),
        ("string", computer),
        ("int", state),
        ("int", count),
        ("dateTime", datetime.datetime(2026, 11, 1, 8)),
    ]


@operation
def ExecuteSPGetSummariesPerUpdate(wsus, description, parameters):
    expect_updates(parameters)
    expect_scope(parameters["computerTargetScopeXml"], OWN_COMPUTERS)
    counts = [(2, 2), (5, 1)]
    return description.rows(summary_cells(it.id, None, *count) for it in wsus.updates for count in counts)


@operation
def ExecuteSPGetSummariesPerComputer(wsus, description, parameters):
    expect_updates(parameters)
    expect_scope(parameters["computerTargetScopeXml"], OWN_COMPUTERS)
    return description.rows(summary_cells(None, it, 2, len(wsus.updates)) for it in wsus.memberships)


def installation_cells(wsus, update, computer):
    found = {it.group: it.action for it in wsus.approvals() if it.update == update.id}
    group = next((it for it in wsus.groups_of(computer) if it in found), None)
    return [("guid", update.id), ("string", computer), ("int", 2), ("int", found.get(group)), ("guid", group)]


@operation
def ExecuteSPGetUpdateInstallationInfoForComputer(wsus, description, parameters):
    expect_updates(parameters)
    return description.rows(installation_cells(wsus, it, parameters["computerId"]) for it in wsus.updates)


@operation
def ExecuteSPGetUpdateInstallationInfoForUpdate(wsus, description, parameters):
    expect_scope(parameters["computerTargetScopeXml"], OWN_COMPUTERS)
    update = wsus.update(parameters["updateId"])
    return description.rows(installation_cells(wsus, update, it) for it in wsus.memberships)


@operation
def ExecuteSPGetAllDownstreamServers(wsus, description, parameters):
    if parameters["parentServerId"] != "00000000-0000-0000-0000-000000000000" or not parameters["includeNestedChildren"]:
        raise Broken("servers below others are not asked for")
    return description.rows(server_cells(it) for it in wsus.servers.values())


def server_cells(server):
    return [
        ("string", server.name),
        ("guid", server.id),
        ("dateTime", server.last_sync),
        ("guid", server.parent),
        ("dateTime", server.last_rollup),
        ("string", server.version),
        ("boolean", server.is_replica),
    ]
