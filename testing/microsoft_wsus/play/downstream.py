"""Takes from a server above, as a server below does ([MS-WSUSSS] 3.2.4): its updates, what it decides if this is a
replica, and tells it of this server and its computers. Files are left where they are, and documents that come
packed are not read.
"""

import copy
import datetime
import sys
import threading
import urllib.parse

import requests
import zeep
from lxml import etree

from description import SOAP, Broken, Description
from document import Document
from wsus import APPROVALS, CATEGORIES, UPDATES
from wsus import ALL_COMPUTERS, BUILT_IN, NEVER, NO_DEADLINE, UNASSIGNED, VERSION, Deployment

NIL = "00000000-0000-0000-0000-000000000000"
EMPTY_COOKIE = {"Expiration": "9999-12-31T23:59:59.9999999Z", "EncryptedData": b""}
PATIENCE = 60
CANNOT_CONNECT = -2147012867  # 0x80072EFD
NOT_UNDERSTOOD = -2146233079  # 0x80131509
SUMMARY = [
    "UpdateCount", "DeclinedUpdateCount", "ApprovedUpdateCount", "NotApprovedUpdateCount",
    "UpdatesWithStaleUpdateApprovalsCount", "ExpiredUpdateCount",
    "CriticalOrSecurityUpdatesNotApprovedForInstallCount", "WsusInfrastructureUpdatesNotApprovedForInstallCount",
    "UpdatesWithClientErrorsCount", "UpdatesWithServerErrorsCount", "UpdatesNeedingFilesCount",
    "UpdatesNeededByComputersCount", "UpdatesUpToDateCount", "CustomComputerTargetGroupCount", "ComputerTargetCount",
    "ComputerTargetsNeedingUpdatesCount", "ComputerTargetsWithUpdateErrorsCount", "ComputersUpToDateCount",
]  # fmt: skip


class Strict(zeep.Plugin):
    """Holds every answer to the description of its service."""

    def __init__(self, description):
        self.description = description

    def ingress(self, envelope, headers, operation):
        message = envelope.find(f"{{{SOAP}}}Body")[0]
        if etree.QName(message).localname != "Fault":
            self.description.hold(copy.deepcopy(message))
        return envelope, headers


def utc(time):
    return time.replace(tzinfo=datetime.timezone.utc)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Upstream:
    """The server above."""

    def __init__(self, url, descriptions):
        self.root = url.rstrip("/")
        self.host = urllib.parse.urlsplit(url).hostname
        self.descriptions = descriptions
        self.sync = self.service("serversync", "ServerSyncWebService/ServerSyncWebService.asmx")
        self.reporting = self.service("reporting_server", "ReportingWebService/ReportingWebService.asmx")
        self.old_cookie = None
        self.config_anchor = None
        self.anchors = {}
        self.deployment_anchor = None
        # Of whose computers, with which groups, the server above knows.
        self.told_groups = {}

    def service(self, name, path):
        description = Description(self.descriptions / f"{name}.wsdl")
        description.client.plugins.append(Strict(description))
        description.client.transport.operation_timeout = PATIENCE
        return description.client.create_service(description.binding, f"{self.root}/{path}")

    def begin(self, wsus):
        return Run(self, wsus)

    def authorize(self, wsus):
        """3.2.4.1."""
        plug_in = self.sync.GetAuthConfig()["AuthInfo"]["AuthPlugInInfo"][0]
        auth = self.service("dssauth", plug_in["ServiceUrl"])
        cookie = auth.GetAuthorizationCookie(accountName=wsus.name, accountGuid=wsus.id)
        cookies = {"AuthorizationCookie": [{"PlugInId": cookie["PlugInId"], "CookieData": cookie["CookieData"]}]}
        self.old_cookie = self.sync.GetCookie(authCookies=cookies, oldCookie=self.old_cookie, protocolVersion="1.20")
        return self.old_cookie


class Run:
    """One synchronisation, beside those who ask how far it is."""

    def __init__(self, upstream, wsus):
        self.upstream = upstream
        self.wsus = wsus
        self.phase, self.total, self.processed = CATEGORIES, 0, 0
        threading.Thread(target=self.go, daemon=True).start()

    def progress(self):
        return self.phase, self.total, self.processed

    def go(self):
        try:
            self.synchronise()
            end = self.wsus.succeed
        except requests.RequestException as error:
            end = self.failing(error, CANNOT_CONNECT)
        except Exception as error:
            end = self.failing(error, NOT_UNDERSTOOD)
        with self.wsus.lock:
            if self.wsus.run is self:
                end()

    def failing(self, error, hresult):
        print(f"the synchronisation failed: {error!r}", flush=True, file=sys.stderr)
        return lambda: self.wsus.fail(hresult)

    def synchronise(self):
        upstream, wsus = self.upstream, self.wsus
        cookie = upstream.authorize(wsus)
        config = upstream.sync.GetConfigData(cookie=cookie, configAnchor=upstream.config_anchor)
        upstream.config_anchor = config["NewConfigAnchor"]
        most = config["MaxNumberOfUpdatesPerRequest"]
        self.take(cookie, CATEGORIES, most)
        anchor = self.take(cookie, UPDATES, most)
        if wsus.is_replica:
            self.phase, self.total, self.processed = APPROVALS, 0, 0
            self.take_decisions(cookie, anchor)
        with wsus.lock:
            wsus.anchor = anchor
        configuration = upstream.reporting.GetRollupConfiguration(cookie=EMPTY_COOKIE)
        self.tell_servers()
        if configuration["DoDetailedRollup"]:
            self.tell_computers()

    def take(self, cookie, phase, most):
        """3.2.4.2, steps 2 to 7, and 8 to 12."""
        upstream = self.upstream
        self.phase, self.total, self.processed = phase, 0, 0
        wanted = {"Anchor": upstream.anchors.get(phase), "GetConfig": phase == CATEGORIES, "Get63LanguageOnly": True}
        if phase == UPDATES and self.wsus.subscription:
            wanted |= self.subscription()
        listed = upstream.sync.GetRevisionIdList(cookie=cookie, filter=wanted)
        new = (listed["NewRevisions"] or {"UpdateIdentity": []})["UpdateIdentity"]
        new = [(it["UpdateID"].lower(), it["RevisionNumber"]) for it in new]
        self.total = len(new)
        while new:
            asked = [{"UpdateID": it, "RevisionNumber": revision} for it, revision in new[:most]]
            answer = upstream.sync.GetUpdateData(cookie=cookie, updateIds={"UpdateIdentity": asked})
            # It may be fewer than were asked for.
            came = [self.document(it) for it in answer["updates"]["ServerSyncUpdateData"]]
            identities = {(it.id, it.revision_number) for it in came}
            if not identities or not identities <= set(new):
                raise Broken("documents that were not asked for, or none")
            with self.wsus.lock:
                for it in came:
                    self.wsus.take(it)
            new = [it for it in new if it not in identities]
            self.processed = self.total - len(new)
        upstream.anchors[phase] = listed["Anchor"]
        return listed["Anchor"]

    def subscription(self):
        """3.1.4.5.3.3: what belongs to one of each."""
        with self.wsus.lock:
            chosen = self.wsus.subscribed()
        classifications = [{"Id": it.id, "Delta": True} for it in chosen if it.is_classification]
        products = [{"Id": it.id, "Delta": True} for it in chosen if not it.is_classification]
        return {"Categories": {"IdAndDelta": products}, "Classifications": {"IdAndDelta": classifications}}

    def document(self, told):
        if told["XmlUpdateBlob"] is None:
            raise Broken("packed documents are not read here")
        document = Document(told["XmlUpdateBlob"])
        if (document.id, document.revision_number) != (told["Id"]["UpdateID"].lower(), told["Id"]["RevisionNumber"]):
            raise Broken(f"{told['Id']} is another document")
        return document

    def take_decisions(self, cookie, anchor):
        """3.2.4.3."""
        upstream, wsus = self.upstream, self.wsus
        answer = upstream.sync.GetDeployments(
            cookie=cookie, deploymentAnchor=upstream.deployment_anchor, syncAnchor=anchor
        )
        groups = {it["TargetGroupID"]: it for it in answer["Groups"]["ServerSyncTargetGroup"]}
        if not {ALL_COMPUTERS, UNASSIGNED} <= groups.keys():
            raise Broken("the groups are not all there are")
        hidden = set((answer["HiddenUpdates"] or {"guid": []})["guid"])
        accepted = set((answer["AcceptedEulas"] or {"guid": []})["guid"])
        dead = (answer["DeadDeployments"] or {"guid": []})["guid"]
        standing = (answer["Deployments"] or {"ServerSyncDeployment": []})["ServerSyncDeployment"]
        with wsus.lock:
            for group in wsus.groups.keys() - groups.keys() - set(BUILT_IN):
                wsus.forget_group(group)
            for group, told in groups.items():
                if group not in BUILT_IN:
                    parent = told["ParentGroupId"]
                    wsus.groups[group] = (told["Name"], None if parent == NIL else parent)
            wsus.end(lambda it: it.guid in dead)
            for told in standing:
                self.deploy(told)
            for update in wsus.updates:
                update.is_declined = update.id in hidden
                update.licence_accepted = update.licence is None or update.licence in accepted
            upstream.deployment_anchor = answer["Anchor"]

    def deploy(self, told):
        wsus = self.wsus
        if told["TargetGroupId"] not in wsus.groups:
            raise Broken(f"a deployment for {told['TargetGroupId']}, which is no group")
        if told["UpdateId"] not in wsus.documents:
            raise Broken(f"a deployment of {told['UpdateId']}, which is no update")
        if told["Action"] not in (0, 1, 2, 3) or not 1 <= told["DownloadPriority"] <= 3:
            raise Broken(f"the deployment {told} is none")
        deadline = told["Deadline"].replace(tzinfo=None)
        new = Deployment(
            told["DeploymentGuid"],
            told["UpdateId"],
            told["RevisionNumber"],
            told["TargetGroupId"],
            told["Action"],
            NO_DEADLINE if deadline.year == 9999 else deadline,
            told["AdminName"],
            told["GoLiveTime"].replace(tzinfo=None),
        )
        new.changed = wsus.now()
        wsus.deployments[new.guid] = new

    def tell_servers(self):
        """3.2.4.5, steps 1 and 2: those below, each after the one above it, and this one as the last."""
        upstream, wsus = self.upstream, self.wsus
        with wsus.lock:
            below = [self.server(it.id, it.name, it.parent, it.is_replica, it.last_sync) for it in ordered(wsus)]
            counts = len(wsus.updates), len(wsus.memberships)
            own = self.server(wsus.id, wsus.name, NIL, wsus.is_replica, now(), *counts)
        servers = {"DownstreamServerRollupInfo": [*below, own]}
        upstream.reporting.RollupDownstreamServers(cookie=EMPTY_COOKIE, clientTime=now(), downstreamServers=servers)

    def server(self, server_id, name, parent, is_replica, last_sync, updates=0, computers=0):
        counts = dict.fromkeys(SUMMARY, 0) | {"UpdateCount": updates, "ComputerTargetCount": computers}
        return {
            "ServerId": server_id,
            "FullDomainName": name,
            "LastSyncTime": utc(last_sync),
            "ParentServerId": parent,
            "Version": VERSION,
            "IsReplica": is_replica,
            "LastRollupTime": now(),
            "ServerSummary": counts,
            "ClientSummaries": {"DownstreamServerRollupClientSummary": []},
        }

    def tell_computers(self):
        """3.2.4.5, step 4."""
        with self.wsus.lock:
            told = {it: self.wsus.groups_of(it) for it in self.wsus.memberships}
        changed = {it for it, groups in told.items() if self.upstream.told_groups.get(it) != groups}
        answer = self.roll_up(told, changed)
        for it in answer:
            if it["Change"] == "Deleted":
                with self.wsus.lock:
                    self.wsus.memberships.pop(it["ComputerId"], None)
        again = {it["ComputerId"] for it in answer if it["Change"] == "NewParent"}
        self.roll_up({it: told[it] for it in again}, again)
        self.upstream.told_groups = told

    def roll_up(self, told, detailed):
        if not told:
            return []
        computers = {"ComputerRollupInfo": [self.computer(it, groups, it in detailed) for it, groups in told.items()]}
        answer = self.upstream.reporting.RollupComputers(cookie=EMPTY_COOKIE, clientTime=now(), computers=computers)
        return (answer or {"ChangedComputer": []})["ChangedComputer"]

    def computer(self, computer, groups, is_detailed):
        contact = utc(self.wsus.contact_of(computer))
        told = {
            "ComputerId": computer,
            "LastSyncTime": contact,
            "LastSyncResult": 1,
            "LastReportedRebootTime": utc(NEVER),
            "LastReportedStatusTime": contact,
            "LastInventoryTime": utc(NEVER),
            "ParentServerId": self.wsus.id,
        }
        number = int(computer[-12:])
        if is_detailed:
            told["Details"] = {
                "TargetGroupIdList": {"guid": groups},
                "RequestedTargetGroupNames": {"string": []},
                "IPAddress": f"192.0.2.{number}",
                "FullDomainName": f"pc{number}.example",
                **dict(OSMajorVersion=10, OSMinorVersion=0, OSBuildNumber=26100),
                **dict(OSServicePackMajorNumber=0, OSServicePackMinorNumber=0, OSLocale="fr-FR"),
                **dict(OSFamily="Windows", OSDescription="Windows 11", ComputerMake="Contoso", ComputerModel="C7"),
                **dict(BiosVersion="v1", BiosName="Default", BiosReleaseDate=utc(NEVER)),
                **dict(ProcessorArchitecture="AMD64", SuiteMask=272, OldProductType=1, NewProductType=48),
                **dict(SystemMetrics=0, ClientVersion="10.0.26100.1"),
            }
        return told


def ordered(wsus):
    """The servers below, each after the one above it."""
    found, above = [], {wsus.id}
    while above:
        next_ones = [it for it in wsus.servers.values() if it.parent in above]
        found += next_ones
        above = {it.id for it in next_ones}
    return found
