"""Update documents ([MS-WSUSSS] 3.1.1.1): what a server reads out of them, and small ones of its own."""

import uuid

from lxml import etree

MSUS = "http://schemas.microsoft.com/msus/2002/12/"
UPDATE = f"{MSUS}Update"
CATEGORY = f"{MSUS}UpdateHandlers/Category"
RULES = f"{MSUS}LogicalApplicabilityRules"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"upd": UPDATE, "cat": CATEGORY, "lar": RULES}

# What comes before the updates that need it, and is listed by no console.
CONFIGURATION = ("Category", "Detectoid")


class Document:
    def __init__(self, text):
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
        identity = root.find("upd:UpdateIdentity", PREFIXES)
        properties = root.find("upd:Properties", PREFIXES)
        self.text = text
        self.id = identity.get("UpdateID").lower()
        self.revision_number = int(identity.get("RevisionNumber"))
        self.kind = properties.get("UpdateType")
        self.licence = properties.get("EulaID")
        # Parts of bundles are not.
        self.is_deployable = properties.get("ExplicitlyDeployable") == "true"
        texts = root.findall("upd:LocalizedPropertiesCollection/upd:LocalizedProperties", PREFIXES)
        english = (it for it in texts if it.findtext("upd:Language", None, PREFIXES) == "en")
        self.title = next(english, texts[0]).findtext("upd:Title", None, PREFIXES)
        category = root.find("upd:HandlerSpecificData/cat:CategoryInformation", PREFIXES)
        self.category_type = None if category is None else category.get("CategoryType")
        belongs = root.iterfind("upd:Relationships/upd:Prerequisites/upd:AtLeastOne[@IsCategory]", PREFIXES)
        self.categories = [it.get("UpdateID").lower() for clause in belongs for it in clause]
        self.digests = [it.get("Digest") for it in root.iterfind("upd:Files/upd:File", PREFIXES)]

    @property
    def is_classification(self):
        return self.category_type == "UpdateClassification"

    @property
    def is_configuration(self):
        return self.kind in CONFIGURATION


def own_id(number):
    return str(uuid.UUID(int=0x5EED0000 + number))


def category(number, kind, title):
    def handler(root):
        data = element(root, "HandlerSpecificData", {f"{{{INSTANCE}}}type": "cat:Category"})
        etree.SubElement(data, f"{{{CATEGORY}}}CategoryInformation", CategoryType=kind, ProhibitsSubcategories="false")

    return write(own_id(number), 100, title, {"UpdateType": "Category", "Handler": CATEGORY}, [], handler)


def software(number, title, licence, categories):
    properties = {"UpdateType": "Software", "ExplicitlyDeployable": "true"}
    if licence:
        properties["EulaID"] = licence
    return write(own_id(number), 200 + number, title, properties, categories, lambda _root: None)


def write(update_id, revision, title, properties, categories, handler):
    root = etree.Element(f"{{{UPDATE}}}Update", nsmap=PREFIXES)
    element(root, "UpdateIdentity", {"UpdateID": update_id, "RevisionNumber": str(revision)})
    published = {"PublicationState": "Published", "CreationDate": "2026-09-08T17:00:00.000Z"}
    published["PublisherID"] = "395392a0-19c0-48b7-a927-f7c15066d905"
    element(root, "Properties", {"DefaultPropertiesLanguage": "en", **properties, **published})
    texts = element(element(root, "LocalizedPropertiesCollection"), "LocalizedProperties")
    element(texts, "Language").text = "en"
    element(texts, "Title").text = title
    if categories:
        prerequisites = element(element(root, "Relationships"), "Prerequisites")
        for category_id in categories:
            clause = element(prerequisites, "AtLeastOne", {"IsCategory": "true"})
            element(clause, "UpdateIdentity", {"UpdateID": category_id})
    rules = element(root, "ApplicabilityRules")
    for name in ("IsInstalled", "IsInstallable") if categories else ("IsInstalled",):
        etree.SubElement(element(rules, name), f"{{{RULES}}}True")
    handler(root)
    return Document(etree.tostring(root, encoding="unicode"))


def element(parent, name, attributes=None):
    return etree.SubElement(parent, f"{{{UPDATE}}}{name}", attributes or {})
