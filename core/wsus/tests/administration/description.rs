//! The description of the service, which lies outside the project.

use std::collections::HashMap;

use headwater_xml::{Event, Limits, Reader};

use headwater_wsus::wsusar::TableRow;

use super::{captures, examples};

/// The elements in each type of the description, by its name, and in each message, by `<` and its
/// name: their names and types in their order.
fn description() -> Option<HashMap<String, Vec<(String, String)>>> {
    let text = captures::read("../wsdl/apiremoting30.wsdl")?;
    let mut reader = Reader::new(&text, Limits::DOCUMENT);
    let mut sequences: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut open: Vec<(String, String)> = Vec::new();
    loop {
        match reader.next().expect("a description") {
            Event::Start(element) => {
                let attribute = |name| element.attribute(name).expect("attributes").unwrap_or_default();
                let (kind, name) = (element.local_name().to_owned(), attribute("name"));
                if kind == "element"
                    && let Some(around) = open.iter().rev().find(|(_, name)| !name.is_empty())
                {
                    let key = if around.0 == "element" { format!("<{}", around.1) } else { around.1.clone() };
                    sequences.entry(key).or_default().push((name.clone(), attribute("type")));
                } else if kind == "element" {
                    sequences.entry(format!("<{name}")).or_default();
                }
                let names = matches!(kind.as_str(), "element" | "complexType");
                open.push((kind, if names { name } else { String::new() }));
            }
            Event::End => drop(open.pop()),
            Event::Text(_) => {}
            Event::Eof => return Some(sequences),
        }
    }
}

/// Of these types the examples do not have all that the description has.
const IN_PART: &[&str] = &["ConfigurationTableRow", "SubscriptionTableRow", "EventHistoryFilter"];

/// Goes through the children of an open element and compares their names with those of its type.
fn compare(key: &str, described: &HashMap<String, Vec<(String, String)>>, reader: &mut Reader<'_>) {
    let sequence = &described.get(key).unwrap_or_else(|| panic!("`{key}` is not described"));
    let mut place = 0;
    let mut found: Vec<String> = Vec::new();
    while let Some(element) = reader.next_child().expect("our own text") {
        let name = element.local_name();
        if found.last().is_none_or(|last| last != name) {
            let ahead = sequence[place..].iter().position(|(known, _)| known == name);
            place += ahead.unwrap_or_else(|| panic!("`{name}` is not at this place of `{key}`")) + 1;
            found.push(name.to_owned());
        }
        match sequence[place - 1].1.strip_prefix("tns:") {
            Some(of_type) => compare(of_type, described, reader),
            None => reader.skip().expect("our own text"),
        }
    }
    let is_array = key.starts_with("ArrayOf");
    if !is_array && !IN_PART.contains(&key) {
        let all: Vec<&String> = sequence.iter().map(|(name, _)| name).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), all, "{key}");
    }
}

#[test]
fn examples_are_as_the_description_has_them() {
    let Some(described) = description() else { return };
    for (name, children) in examples::examples() {
        let text = format!("<{name} xmlns:xsi='i' xmlns:xsd='d'>{children}</{name}>");
        let mut reader = Reader::new(&text, Limits::MESSAGE);
        reader.next_child().expect("our own text");
        compare(&format!("<{name}"), &described, &mut reader);
    }
}

/// A server has to answer with all settings in their order: clients read them into fixed types.
#[test]
fn whole_rows_of_settings_are_as_the_description_has_them() {
    let Some(described) = description() else { return };
    let known = TableRow::default();
    for (kind, row) in [
        ("ConfigurationTableRow", TableRow::configuration(&known)),
        ("SubscriptionTableRow", TableRow::subscription(&known)),
    ] {
        // What is a text or bytes may be absent; the rest may not.
        let always = |of_type: &str| !matches!(of_type, "s:string" | "s:base64Binary");
        let columns = described[kind].iter().filter(|(_, of_type)| always(of_type));
        let expected: Vec<(&str, &str)> = columns
            .map(|(name, of_type)| {
                let nothing = match of_type.as_str() {
                    "s:boolean" => "false",
                    "s:dateTime" => "1753-01-01T00:00:00",
                    "s1:guid" => "00000000-0000-0000-0000-000000000000",
                    _ => "0",
                };
                (name.as_str(), nothing)
            })
            .collect();
        let found: Vec<(&str, &str)> =
            row.names().map(|name| (name, row.text(name).unwrap_or_default())).collect();
        assert_eq!(found, expected, "{kind}");
    }
}

/// A text that is known stands in its place, not at the end.
#[test]
fn known_settings_stand_in_their_places() {
    let mut known = TableRow::default();
    known.set("UpstreamServerName", Some(&"top.example".to_owned()));
    known.set("ReplicaMode", Some(&true));
    let row = TableRow::configuration(&known);
    let names: Vec<&str> = row.names().collect();
    let place = names.iter().position(|name| *name == "UpstreamServerName").expect("is there");
    assert_eq!((names[place - 1], names[place + 1]), ("SyncToMU", "RedirectorChangeNumber"));
    assert_eq!(row.value("ReplicaMode"), Ok(Some(true)));
}
