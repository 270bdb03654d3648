"""A WSUS in memory: what there is, and what it refuses."""

import datetime
import threading
import uuid

import document

ALL_COMPUTERS = "a0a08746-4dbe-4a37-9adf-9e7652c0b421"
UNASSIGNED = "b73ca6ed-5727-47f3-84de-015e03f6a88a"
DOWNSTREAM_SERVERS = "d374f42a-9be2-4163-a0fa-3c86a401b7a7"
BUILT_IN = (ALL_COMPUTERS, UNASSIGNED, DOWNSTREAM_SERVERS)
FORBIDDEN = set("~!@#$^&*()=+[]\\{}|;:'\"<>/.")
NO_DEADLINE = datetime.datetime(9999, 12, 31, 23, 59, 59, 997000)
NEVER = datetime.datetime(1753, 1, 1)
LICENCE = "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11"
VERSION = "10.0.20348.1"

# Actions of a deployment ([MS-WSUSSS] 3.1.4.10.3.5). What is only scanned for is told as not approved.
INSTALL, SCAN = 0, 2

CONTENT = r"D:\WSUS\WsusContent\23\14D19C27B28CC3990260D7191F6E0FF6C7483623.txt"

STARTED_BY_HAND, SUCCEEDED, CANCELLED, FAILED = 382, 384, 385, 386
# Phases of a synchronisation.
IDLE, UPDATES, APPROVALS, CATEGORIES = 0, 1, 2, 3


class Refused(Exception):
    """What the service answers with a fault."""


def invalid(text):
    return Refused(f"System.InvalidOperationException: {text}")


class Update:
    """An update that can be approved, in its newest revision."""

    def __init__(self, number, newest, arrived):
        self.id = newest.id
        self.number = 4000 + number
        self.revision_id = 5000 + number
        self.arrived = arrived
        self.is_declined = False
        self.licence_accepted = newest.licence is None
        self.become(newest)

    def become(self, newest):
        self.revision_number = newest.revision_number
        self.title = newest.title
        self.licence = newest.licence


class Deployment:
    """What is to be done with an update on the computers of a group."""

    def __init__(self, guid, update, revision_number, group, action, deadline, who, made):
        self.guid = guid
        self.update = update
        self.revision_number = revision_number
        self.group = group
        self.action = action
        self.deadline = deadline
        self.who = who
        self.made = made
        # When it came to this server, by which servers below ask.
        self.changed = made


class Server:
    """A server below, as it tells of itself ([MS-WSUSSS] 3.1.4.14.3.2)."""

    def __init__(self, server_id, name, parent, is_replica, version, last_sync, last_rollup):
        self.id = server_id
        self.name = name
        self.parent = parent
        self.is_replica = is_replica
        self.version = version
        self.last_sync = last_sync
        self.last_rollup = last_rollup


class Wsus:
    def __init__(self, options):
        self.lock = threading.Lock()
        self.id = options.id
        self.name = options.name
        self.role = options.role
        self.is_replica = options.replica
        self.upstream = options.upstream
        self.client_targeting = options.client_targeting
        self.update_columns = options.columns
        self.fail_sync = options.fail_sync
        self.contact = options.contact
        self.subscription = options.subscribe
        self.seconds = 0
        self.groups = {
            ALL_COMPUTERS: ("Tous les ordinateurs", None),
            UNASSIGNED: ("Ordinateurs non attribu\u00e9s", ALL_COMPUTERS),
            DOWNSTREAM_SERVERS: ("Serveurs en aval", None),
        }
        self.memberships = {f"00000000-0000-0000-0000-{number:012}": set() for number in options.computers}
        # The newest document of each id, and when it came.
        self.documents = {}
        self.updates = []
        self.numbers = 0
        self.published = 0
        self.deployments = {}
        # Deployments that are no more, and since when.
        self.dead = {}
        # Servers below, what they go by, and their computers.
        self.servers = {}
        self.accounts = {}
        self.cookies = {}
        self.computers_below = {}
        self.rollup_numbers = {}
        self.events = []
        self.last_sync = NEVER
        self.anchor = None
        self.run = None
        if options.below:
            time = datetime.datetime(2026, 11, 1, 8)
            lower = "11111111-aaff-470c-8fc3-7a94cb3a4293"
            self.servers[lower] = Server(lower, options.below, self.id, True, VERSION, time, NEVER)
        if self.upstream is None:
            self.groups["059ab167-8a19-4bab-befc-daaab5b1d82b"] = ("Servers & more", ALL_COMPUTERS)
            self.categories = [
                document.category(0x101, "Product", "Windows 11"),
                document.category(0x102, "UpdateClassification", "Security Updates"),
            ]
            for it in [*self.categories, document.category(0x103, "Product", "Office")]:
                self.take(it)
            self.publish("Security Update <1>")
            self.publish("Update with a licence", LICENCE)
            self.publish("Another update")

    def terms(self, culture):
        """Files as they lie there: one in UTF-16 with a mark, one in a code page, one that was lost."""
        if culture == "ja":
            raise invalid(f"LicenseAgreement file does not exist: {CONTENT}")
        if culture == "pl":
            return "Postanowienia licencyjne\r\nProsz\u0119 przeczyta\u0107.\r\n".encode("cp1250")
        return "\ufeffLicence terms \u2013 please read.\r\n".encode("utf-16-le")

    def now(self):
        """One second after the other: tests do not hang on a clock."""
        self.seconds += 1
        return datetime.datetime(2026, 11, 1) + datetime.timedelta(seconds=self.seconds)

    def subscribed(self):
        """The categories of which it takes updates: all, if none was chosen."""
        categories = [it for it, _ in self.documents.values() if it.category_type]
        return [it for it in categories if not self.subscription or it.id in self.subscription]

    def categories_of(self, update):
        """Those that the newest document names; those above them are not told."""
        document, _ = self.documents[update.id]
        return [self.documents[it][0] for it in document.categories if it in self.documents]

    def publish(self, title, licence=None):
        """As if it came from Microsoft."""
        self.published += 1
        self.take(document.software(self.published, title, licence, [it.id for it in self.categories]))

    def take(self, new):
        """A document that is new here. What nobody approved yet is scanned for on all computers."""
        self.documents[new.id] = (new, self.now())
        if new.is_configuration or not new.is_deployable:
            return
        known = next((it for it in self.updates if it.id == new.id), None)
        if known:
            known.become(new)
            return
        self.numbers += 1
        update = Update(self.numbers, new, self.now())
        self.updates.append(update)
        if not self.is_replica:
            self.put(update, ALL_COMPUTERS, SCAN, NO_DEADLINE, "WUS Server")

    def put(self, update, group, action, deadline, who):
        """A deployment takes the place of the one before."""
        self.end(lambda it: (it.update, it.group) == (update.id, group))
        guid = str(uuid.uuid4())
        new = Deployment(guid, update.id, update.revision_number, group, action, deadline, who, self.now())
        self.deployments[guid] = new
        return new

    def end(self, which):
        for guid in [guid for guid, it in self.deployments.items() if which(it)]:
            del self.deployments[guid]
            self.dead[guid] = self.now()

    def approvals(self):
        return [it for it in self.deployments.values() if it.action != SCAN]

    def may_write(self):
        if self.role != 2:
            raise Refused("System.Security.SecurityException: Request for principal permission failed.")

    def fail_if_replica(self):
        if self.is_replica:
            raise invalid("This operation is not allowed on a replica server.")

    def create_group(self, name, parent, given=None):
        self.may_write()
        self.fail_if_replica()
        if not name or len(name) > 255 or FORBIDDEN & set(name):
            raise Refused("System.ArgumentException: The group name is not valid.")
        if any(known.lower() == name.lower() for known, _ in self.groups.values()):
            raise invalid("A group with this name already exists.")
        self.group(parent)
        group = given or str(uuid.uuid4())
        if group in self.groups:
            raise invalid("A group with this id already exists.")
        self.groups[group] = (name, parent)
        return group

    def delete_group(self, group):
        self.group(group)
        if self.is_built_in(group):
            raise invalid("A built-in group cannot be deleted.")
        self.forget_group(group)

    def forget_group(self, group):
        del self.groups[group]
        for groups in self.memberships.values():
            groups.discard(group)
        self.end(lambda it: it.group == group)

    def is_built_in(self, group):
        return group in BUILT_IN

    def group(self, group):
        if group not in self.groups:
            raise invalid("There is no such group.")
        return self.groups[group]

    def move(self, group, computer, change):
        self.may_write()
        self.group(group)
        if self.is_built_in(group):
            raise invalid("Computers cannot be put into built-in groups or taken out of them.")
        if computer not in self.memberships:
            raise invalid("There is no such computer.")
        if not self.client_targeting:
            getattr(self.memberships[computer], change)(group)

    def delete_computer(self, computer):
        self.may_write()
        if self.memberships.pop(computer, None) is None:
            raise invalid("There is no such computer.")

    def delete_server(self, server):
        """With the computers that report to it. Whether a WSUS forgets those below it too is not known."""
        self.may_write()
        if self.servers.pop(server, None) is None:
            raise invalid("There is no such downstream server.")
        self.computers_below = {it: at for it, at in self.computers_below.items() if at != server}

    def groups_of(self, computer):
        return [ALL_COMPUTERS, *(self.memberships[computer] or [UNASSIGNED])]

    def contact_of(self, computer):
        return self.contact + datetime.timedelta(minutes=int(computer[-12:]), milliseconds=500)

    def update(self, update_id):
        for update in self.updates:
            if update.id == update_id:
                return update
        raise invalid("There is no such update.")

    def deploy(self, update_id, revision_number, action, group, deadline, who):
        self.may_write()
        # Nobody has told what a replica does with it, so that it must not come to this.
        self.fail_if_replica()
        update = self.update(update_id)
        self.group(group)
        if update.revision_number != revision_number:
            raise invalid("There is no such revision.")
        if action == INSTALL and not update.licence_accepted:
            raise invalid("The license agreement has not been accepted.")
        if action != SCAN and update.is_declined:
            raise invalid("The update is declined.")
        if action == SCAN and group == ALL_COMPUTERS:
            update.is_declined = False
        return self.put(update, group, action, deadline, who)

    def decline(self, update_id):
        self.may_write()
        self.update(update_id).is_declined = True
        self.end(lambda it: it.update == update_id)

    def delete(self, number):
        self.may_write()
        deleted = next((update for update in self.updates if update.number == number), None)
        if deleted is None:
            raise invalid("There is no such update.")
        self.updates.remove(deleted)
        del self.documents[deleted.id]
        self.end(lambda it: it.update == deleted.id)

    def start(self, new_run):
        self.may_write()
        self.note(STARTED_BY_HAND)
        self.run = new_run(self)

    def stop(self):
        self.may_write()
        if self.run:
            self.run = None
            self.note(CANCELLED)

    def succeed(self):
        self.run = None
        self.last_sync = self.note(SUCCEEDED)

    def fail(self, hresult):
        self.run = None
        self.note(FAILED, hresult)

    def note(self, event, hresult=0):
        time = self.now()
        self.events.append((str(uuid.uuid4()), event, time, hresult))
        return time

    def progress(self):
        """The phase, how much there is of it, and how much is done."""
        return self.run.progress() if self.run else (IDLE, 0, 0)


class MadeUpRun:
    """A synchronisation with nobody: each time that somebody asks, the next phase."""

    def __init__(self, wsus):
        self.wsus = wsus
        self.phases = [CATEGORIES, UPDATES, APPROVALS]

    def progress(self):
        if self.phases:
            return self.phases.pop(0), 40, 7
        if self.wsus.fail_sync is not None:
            self.wsus.fail(self.wsus.fail_sync)
        else:
            self.wsus.succeed()
            self.wsus.publish("One that has arrived")
        return IDLE, 0, 0
