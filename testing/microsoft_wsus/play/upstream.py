"""What servers below ask ([MS-WSUSSS] 3.1.4): updates, decisions, and a place to tell of themselves.

Documents go out as text, however long; a live server packs those of more than some 2,500 characters.
"""

import base64
import datetime
import os
import re

from description import Broken
from wsus import NEVER, Server

SYNC, AUTH, REPORTING = {}, {}, {}

PLUG_IN = "DssTargeting"
UPDATES_MAX = 100
FILES_MAX = 100
ROLLUP_SERVERS_MAX, ROLLUP_COMPUTERS_MAX, OUT_OF_SYNC_MAX, ROLLUP_STATUS_MAX = 5000, 1500, 20000, 500
NIL = "00000000-0000-0000-0000-000000000000"
ANCHOR = re.compile(r"\d+,(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})")
# Seven digits of a second, which no datetime holds.
NO_DEADLINE = "9999-12-31T23:59:59.9999999Z"
RESET = "2d6a41f4-7a0f-4d59-bf0c-64b1ad5a0e11"


class Fault(Exception):
    """An answer with an error code ([MS-WSUSSS] 2.2.9)."""

    def __init__(self, code, message=""):
        super().__init__(code, message)
        self.code = code
        self.message = message


def operation(service):
    def add(function):
        service[function.__name__] = function
        return function

    return add


def utc(time):
    return time.replace(tzinfo=datetime.timezone.utc)


def naive(time):
    return time.replace(tzinfo=None)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@operation(SYNC)
def GetAuthConfig(_wsus, _description, _parameters):
    plug_in = {
        "PlugInID": PLUG_IN,
        "ServiceUrl": "DssAuthWebService/DssAuthWebService.asmx",
        "Parameter": "",
    }
    return {"LastChange": utc(datetime.datetime(2026, 10, 4)), "AuthInfo": {"AuthPlugInInfo": [plug_in]}}


@operation(AUTH)
def GetAuthorizationCookie(wsus, _description, parameters):
    """3.1.4.2."""
    if not re.fullmatch(r"[\w.-]+", parameters["accountName"] or ""):
        raise Fault("InvalidParameters", "accountName")
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", parameters["accountGuid"] or "", re.IGNORECASE):
        raise Fault("InvalidParameters", "accountGuid")
    if parameters["programKeys"] and parameters["programKeys"]["guid"]:
        raise Broken("programKeys are reserved")
    account = f"{parameters['accountGuid'].lower()} {parameters['accountName']}"
    token = account.encode() + b" " + os.urandom(64)
    wsus.accounts[token] = account
    return {"PlugInId": PLUG_IN, "CookieData": token}


@operation(SYNC)
def GetCookie(wsus, _description, parameters):
    """3.1.4.3."""
    cookies = (parameters["authCookies"] or {"AuthorizationCookie": []})["AuthorizationCookie"]
    if len(cookies) != 1:
        raise Fault("InvalidParameters", "authCookies")
    account = wsus.accounts.get(cookies[0]["CookieData"])
    if account is None or cookies[0]["PlugInId"] != PLUG_IN:
        raise Fault("InvalidAuthorizationCookie")
    if not re.fullmatch(r"\d+\.\d+", parameters["protocolVersion"] or ""):
        raise Fault("InvalidParameters", "protocolVersion")
    if not parameters["protocolVersion"].startswith("1."):
        raise Fault("IncompatibleProtocolVersion")
    token = os.urandom(96)
    wsus.cookies[token] = account.split()[0]
    return {"Expiration": now() + datetime.timedelta(minutes=240), "EncryptedData": token}


def authorized(function):
    """With the cookie of a handshake only."""

    def checked(wsus, description, parameters):
        cookie = parameters["cookie"]
        if cookie is None or cookie["EncryptedData"] not in wsus.cookies:
            raise Fault("InvalidCookie")
        return function(wsus, description, parameters)

    checked.__name__ = function.__name__
    return checked


def anchor(wsus):
    """The time in it is what counts; the number is only there."""
    time = wsus.now()
    return f"{wsus.seconds},{time:%Y-%m-%d %H:%M:%S}.000"


def since(text, parameter):
    if not text:
        return NEVER
    match = ANCHOR.fullmatch(text)
    if not match:
        raise Fault("InvalidParameters", parameter)
    return datetime.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S.%f")


@operation(SYNC)
@authorized
def GetConfigData(wsus, _description, _parameters):
    """3.1.4.4."""
    return {
        "CatalogOnlySync": False,
        "LazySync": True,
        "ServerHostsPsfFiles": False,
        "MaxNumberOfComputerIdsInRequest": 0,
        "MaxNumberOfDriverSetsPerRequest": 0,
        "MaxNumberOfPnpHardwareIdsInRequest": 0,
        "MaxNumberOfUpdatesPerRequest": UPDATES_MAX,
        "NewConfigAnchor": anchor(wsus),
        "ProtocolVersion": "1.20",
        "LanguageUpdateList": {"ServerSyncLanguageData": [language(0, "all", "all"), language(1033, "en", "English")]},
        "MaxUpdatesPerRequestInGetUpdateDecryptionData": UPDATES_MAX,
    }


def language(number, short, long):
    return {"LanguageID": number, "ShortLanguage": short, "LongLanguage": long, "Enabled": short == "en"}


# One of each is necessary.
FILTERS = ("Categories", "Classifications")


@operation(SYNC)
@authorized
def GetRevisionIdList(wsus, _description, parameters):
    """3.1.4.5."""
    wanted = parameters["filter"]
    if wanted["DssProtocolVersion"] is not None:
        raise Broken("DssProtocolVersion is reserved")
    chosen = [{it["Id"].lower() for it in (wanted[name] or {"IdAndDelta": []})["IdAndDelta"]} for name in FILTERS]
    after = since(wanted["Anchor"], "filter")
    new = [
        {"UpdateID": it.id, "RevisionNumber": it.revision_number}
        for it, came in wsus.documents.values()
        if it.is_configuration == wanted["GetConfig"] and came > after
        if it.is_configuration or not any(chosen) or all(ids & set(it.categories) for ids in chosen)
    ]
    return {"Anchor": anchor(wsus), "NewRevisions": {"UpdateIdentity": new}}


@operation(SYNC)
@authorized
def GetUpdateData(wsus, _description, parameters):
    """3.1.4.6."""
    asked = (parameters["updateIds"] or {"UpdateIdentity": []})["UpdateIdentity"]
    if not 1 <= len(asked) <= UPDATES_MAX:
        raise Fault("InvalidParameters", "updateIds")
    found = []
    for identity in asked:
        document, _ = wsus.documents.get(identity["UpdateID"].lower(), (None, None))
        if document is None or document.revision_number != identity["RevisionNumber"]:
            raise Fault("InternalServerError")
        found.append(document)
    digests = [base64.b64decode(digest) for it in found for digest in it.digests]
    return {
        "updates": {"ServerSyncUpdateData": [data(it) for it in found]},
        "fileUrls": {"ServerSyncUrlData": [{"FileDigest": it, "UssUrl": ""} for it in digests]},
    }


def data(document):
    identity = {"UpdateID": document.id, "RevisionNumber": document.revision_number}
    told = {"Id": identity, "XmlUpdateBlob": document.text}
    if document.digests:
        told["FileDigestList"] = {"base64Binary": [base64.b64decode(it) for it in document.digests]}
    return told


@operation(SYNC)
@authorized
def GetDeployments(wsus, _description, parameters):
    """3.1.4.10: groups, declines and licences are always all there are."""
    after = since(parameters["deploymentAnchor"], "deploymentAnchor")
    if not parameters["syncAnchor"]:
        raise Fault("InvalidParameters", "syncAnchor")
    until = since(parameters["syncAnchor"], "syncAnchor")
    groups = [
        {"TargetGroupID": group, "ParentGroupId": parent or NIL, "Name": name, "IsBuiltin": wsus.is_built_in(group)}
        for group, (name, parent) in wsus.groups.items()
    ]
    standing = [deployment(it) for it in wsus.deployments.values() if after < it.changed <= until]
    ended = [guid for guid, time in wsus.dead.items() if after < time <= until]
    accepted = [it.licence for it in wsus.updates if it.licence and it.licence_accepted]
    return {
        "Anchor": parameters["syncAnchor"],
        "Groups": {"ServerSyncTargetGroup": groups},
        "Deployments": {"ServerSyncDeployment": standing},
        "DeadDeployments": {"guid": ended},
        "HiddenUpdates": {"guid": [it.id for it in wsus.updates if it.is_declined]},
        "AcceptedEulas": {"guid": sorted(set(accepted))},
    }


def deployment(it):
    return {
        "UpdateId": it.update,
        "RevisionNumber": it.revision_number,
        "Action": it.action,
        "AdminName": it.who,
        "Deadline": NO_DEADLINE if it.deadline.year == 9999 else utc(it.deadline),
        "IsAssigned": True,
        "GoLiveTime": utc(it.made),
        "DeploymentGuid": it.guid,
        "TargetGroupId": it.group,
        "DownloadPriority": 1,
    }


@operation(SYNC)
@authorized
def DownloadFiles(wsus, _description, parameters):
    """3.1.4.11: nobody fetches them here."""
    asked = [base64.b64encode(it).decode() for it in parameters["fileDigestList"]["base64Binary"]]
    if len(asked) > FILES_MAX:
        raise Fault("InvalidParameters", "fileDigestList")
    known = {digest for it, _ in wsus.documents.values() for digest in it.digests}
    missing = [it for it in asked if it not in known]
    if missing:
        raise Fault("FileDigestsMissing", "|".join(missing))


def expect_empty_cookie(parameters):
    cookie = parameters["cookie"]
    if cookie is None or cookie["Expiration"].year != 9999 or cookie["EncryptedData"]:
        raise Broken(f"the cookie {cookie} is reserved")


@operation(REPORTING)
def GetRollupConfiguration(wsus, _description, parameters):
    """3.1.4.13."""
    expect_empty_cookie(parameters)
    return {
        "DoDetailedRollup": True,
        "RollupResetGuid": RESET,
        "ServerId": wsus.id,
        "RollupDownstreamServersMaxBatchSize": ROLLUP_SERVERS_MAX,
        "RollupComputersMaxBatchSize": ROLLUP_COMPUTERS_MAX,
        "GetOutOfSyncComputersMaxBatchSize": OUT_OF_SYNC_MAX,
        "RollupComputerStatusMaxBatchSize": ROLLUP_STATUS_MAX,
    }


@operation(REPORTING)
def RollupDownstreamServers(wsus, _description, parameters):
    """3.1.4.14: those above stand before those below them, but for the one that tells it, which is the last."""
    expect_empty_cookie(parameters)
    told = parameters["downstreamServers"]["DownstreamServerRollupInfo"]
    callers = [it["ServerId"] for it in told if it["ParentServerId"] == NIL]
    if any(it not in wsus.cookies.values() for it in callers):
        raise Fault("InternalServerError")
    for it in told:
        if it["ParentServerId"] not in {NIL, wsus.id, *wsus.servers, *callers}:
            raise Fault("InternalServerError")
        if not re.fullmatch(r"\d+(\.\d+){0,3}", it["Version"] or "") or len(it["Version"]) > 32:
            raise Broken(f"{it['Version']} is no version")
        if not it["FullDomainName"] or it["ServerSummary"] is None:
            raise Broken("a server without its name or its summary")
        parent = wsus.id if it["ParentServerId"] == NIL else it["ParentServerId"]
        times = naive(it["LastSyncTime"]), naive(it["LastRollupTime"])
        known = wsus.servers.get(it["ServerId"])
        if known is None or known.last_rollup <= times[1]:
            server = Server(it["ServerId"], it["FullDomainName"], parent, it["IsReplica"], it["Version"], *times)
            wsus.servers[server.id] = server


@operation(REPORTING)
def RollupComputers(wsus, _description, parameters):
    """3.1.4.15. Computers of which nothing is known yet are asked for with their details."""
    expect_empty_cookie(parameters)
    told = parameters["computers"]["ComputerRollupInfo"]
    if len(told) > ROLLUP_COMPUTERS_MAX or any(it["ParentServerId"] not in wsus.servers for it in told):
        raise Fault("InternalServerError")
    wanted = []
    for it in told:
        computer, server = it["ComputerId"], it["ParentServerId"]
        if it["Details"] is not None:
            wsus.computers_below[computer] = server
        elif wsus.computers_below.get(computer) != server:
            wanted.append({"ComputerId": computer, "Change": "NewParent"})
    return {"ChangedComputer": wanted}


@operation(REPORTING)
def GetOutOfSyncComputers(wsus, _description, parameters):
    """3.1.4.16: those of which a report was missed."""
    expect_empty_cookie(parameters)
    told = parameters["lastRollupNumbers"]["ComputerLastRollupNumber"]
    missed = [it["ComputerId"] for it in told if wsus.rollup_numbers.get(it["ComputerId"], 0) != it["RollupNumber"]]
    return {"string": missed}


@operation(REPORTING)
def RollupComputerStatus(wsus, _description, parameters):
    """3.1.4.17."""
    expect_empty_cookie(parameters)
    told = parameters["computers"]["ComputerStatusRollupInfo"]
    if len(told) > ROLLUP_STATUS_MAX or parameters["parentServerId"] not in wsus.servers:
        raise Fault("InternalServerError")
    wsus.rollup_numbers.update((it["ComputerId"], it["RollupNumber"]) for it in told)
    return True
