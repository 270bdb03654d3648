"""A WSUS in memory: what there is, and what it refuses."""

import datetime
import threading
import uuid

ALL_COMPUTERS = "a0a08746-4dbe-4a37-9adf-9e7652c0b421"
UNASSIGNED = "b73ca6ed-5727-47f3-84de-015e03f6a88a"
DOWNSTREAM_SERVERS = "d374f42a-9be2-4163-a0fa-3c86a401b7a7"
BUILT_IN = (ALL_COMPUTERS, UNASSIGNED, DOWNSTREAM_SERVERS)
FORBIDDEN = set("~!@#$^&*()=+[]\\{}|;:'\"<>/.")
NO_DEADLINE = datetime.datetime(9999, 12, 31, 23, 59, 59, 997000)
LICENCE = "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11"

CONTENT = r"D:\WSUS\WsusContent\23\14D19C27B28CC3990260D7191F6E0FF6C7483623.txt"

STARTED_BY_HAND, SUCCEEDED, CANCELLED, FAILED = 382, 384, 385, 386
# Categories, updates, approvals, and the end.
PHASES = [3, 1, 2, 0]


class Refused(Exception):
    """What the service answers with a fault."""


def invalid(text):
    return Refused(f"System.InvalidOperationException: {text}")


class Update:
    def __init__(self, number, title, licence=None):
        self.id = str(uuid.UUID(int=0x5EED0000 + number))
        self.revision_number = 200 + number
        self.revision_id = 5000 + number
        self.number = 4000 + number
        self.title = title
        self.licence = licence
        self.licence_accepted = licence is None
        self.is_declined = False
        self.arrived = datetime.datetime(2026, 10, 1, 12, 0, number)


class Wsus:
    def __init__(self, role, is_replica, client_targeting, update_columns, fail_sync):
        self.lock = threading.Lock()
        self.id = "050cee4a-aaff-470c-8fc3-7a94cb3a4293"
        self.role = role
        self.is_replica = is_replica
        self.client_targeting = client_targeting
        self.update_columns = update_columns
        self.fail_sync = fail_sync
        self.groups = {
            ALL_COMPUTERS: ("Tous les ordinateurs", None),
            UNASSIGNED: ("Ordinateurs non attribu\u00e9s", ALL_COMPUTERS),
            DOWNSTREAM_SERVERS: ("Serveurs en aval", None),
            "059ab167-8a19-4bab-befc-daaab5b1d82b": ("Servers & more", ALL_COMPUTERS),
        }
        self.memberships = {f"00000000-0000-0000-0000-00000000000{number}": set() for number in range(1, 4)}
        self.updates = [
            Update(1, "Security Update <1>"),
            Update(2, "Update with a licence", LICENCE),
            Update(3, "Another update"),
        ]
        self.approvals = {}
        self.events = []
        self.phases = []
        self.last_sync = datetime.datetime(1753, 1, 1)
        self.seconds = 0

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
        if group in BUILT_IN:
            raise invalid("A built-in group cannot be deleted.")
        del self.groups[group]
        for groups in self.memberships.values():
            groups.discard(group)
        self.approvals = {key: it for key, it in self.approvals.items() if key[1] != group}

    def group(self, group):
        if group not in self.groups:
            raise invalid("There is no such group.")
        return self.groups[group]

    def move(self, group, computer, change):
        self.may_write()
        self.group(group)
        if group in BUILT_IN:
            raise invalid("Computers cannot be put into built-in groups or taken out of them.")
        if computer not in self.memberships:
            raise invalid("There is no such computer.")
        if not self.client_targeting:
            getattr(self.memberships[computer], change)(group)

    def delete_computer(self, computer):
        self.may_write()
        if self.memberships.pop(computer, None) is None:
            raise invalid("There is no such computer.")

    def groups_of(self, computer):
        return [ALL_COMPUTERS, *(self.memberships[computer] or [UNASSIGNED])]

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
        if action == 0 and not update.licence_accepted:
            raise invalid("The license agreement has not been accepted.")
        approval = (str(uuid.uuid4()), action, deadline, who, self.now())
        if action == 2:
            self.approvals.pop((update_id, group), None)
            if group == ALL_COMPUTERS:
                update.is_declined = False
        else:
            if update.is_declined:
                raise invalid("The update is declined.")
            self.approvals[update_id, group] = approval
        return approval

    def decline(self, update_id):
        self.may_write()
        self.update(update_id).is_declined = True
        self.approvals = {key: it for key, it in self.approvals.items() if key[0] != update_id}

    def delete(self, number):
        self.may_write()
        if all(update.number != number for update in self.updates):
            raise invalid("There is no such update.")
        self.updates = [update for update in self.updates if update.number != number]

    def start(self):
        self.may_write()
        self.events.append((str(uuid.uuid4()), STARTED_BY_HAND, self.now()))
        self.phases = list(PHASES)

    def stop(self):
        self.may_write()
        if self.phases:
            self.events.append((str(uuid.uuid4()), CANCELLED, self.now()))
            self.phases = []

    def progress(self):
        """The phase; each time that somebody asks, the next one."""
        if not self.phases:
            return 0
        phase = self.phases.pop(0)
        if phase == 0 and self.fail_sync is not None:
            self.events.append((str(uuid.uuid4()), FAILED, self.now()))
        elif phase == 0:
            self.last_sync = self.now()
            self.events.append((str(uuid.uuid4()), SUCCEEDED, self.last_sync))
            self.updates.append(Update(len(self.updates) + 1, "One that has arrived"))
        return phase
