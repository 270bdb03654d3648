//! Answers as the description of the service has them.

use super::server::{Asked, Reaction, http};

pub const UPDATE: &str = "4b62aa32-52f6-4c15-b739-1c8e696eb33e";
pub const LICENCE: &str = "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11";
pub const GROUP: &str = "059ab167-8a19-4bab-befc-daaab5b1d82b";
pub const ALL: &str = "a0a08746-4dbe-4a37-9adf-9e7652c0b421";
pub const SERVER: &str = "050cee4a-aaff-470c-8fc3-7a94cb3a4293";
pub const COMPUTER: &str = "d07a4d51-7cb2-46d1-ad86-91195cb4325a";

pub const CATEGORY_CELLS: [(&str, &str); 12] = [
    ("int", "211"),
    ("guid", UPDATE),
    ("string", "ProductFamily"),
    ("boolean", "false"),
    ("boolean", "true"),
    ("int", "0"),
    ("int", "7"),
    ("string", "Windows"),
    ("string", ""),
    ("nil", ""),
    ("dateTime", "2026-10-04T15:37:08"),
    ("int", "0"),
];

pub type Cells<'a> = &'a [(&'a str, &'a str)];

/// A response in an envelope with prefixes that we do not write.
pub fn envelope(operation: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<e:Envelope \
         xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:x=\"http://www.w3.org/2001/XMLSchema\"><e:Header/><e:Body><a:{operation}Response \
         xmlns:a=\"http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService\" \
         xmlns=\"http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService\">{content}\
         </a:{operation}Response></e:Body></e:Envelope>"
    )
}

pub fn answer(operation: &str, content: &str) -> Vec<u8> {
    let headers = "Content-Type: text/xml; charset=utf-8\r\n";
    http("200 OK", headers, envelope(operation, content).as_bytes())
}

/// An answer whose result has this content.
pub fn result(operation: &str, content: &str) -> Vec<u8> {
    answer(operation, &format!("<{operation}Result>{content}</{operation}Result>"))
}

pub fn fault(text: &str) -> Vec<u8> {
    let text = text.replace('>', "&gt;");
    let body = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault>\
         <faultcode>soap:Server</faultcode><faultstring>{text}</faultstring><detail />\
         </soap:Fault></soap:Body></soap:Envelope>"
    );
    http("500 Internal Server Error", "Content-Type: text/xml; charset=utf-8\r\n", body.as_bytes())
}

fn values(cells: Cells<'_>) -> String {
    let cell = |(kind, text): &(&str, &str)| match *kind {
        "nil" => "<anyType i:nil=\"true\"/>".to_owned(),
        "guid" => {
            format!(
                "<anyType xmlns:m=\"http://microsoft.com/wsdl/types/\" i:type=\"m:guid\">{text}</anyType>"
            )
        }
        kind => format!("<anyType i:type=\"x:{kind}\">{text}</anyType>"),
    };
    format!("<Values>{}</Values>", cells.iter().map(cell).collect::<String>())
}

/// A row in a set.
pub fn row(cells: Cells<'_>) -> String {
    format!("<GenericReadableRow>{}</GenericReadableRow>", values(cells))
}

/// A row that is a result by itself.
pub fn single(cells: Cells<'_>) -> String {
    values(cells)
}

pub fn sets(sets: &[&[String]]) -> String {
    let set = |rows: &&[String]| {
        format!("<ArrayOfGenericReadableRow>{}</ArrayOfGenericReadableRow>", rows.concat())
    };
    sets.iter().map(set).collect()
}

/// The settings of a top server, with these in place of its own.
pub fn settings(other: &[(&str, &str)]) -> String {
    let usual = [
        ("ServerId", SERVER),
        ("ServerTargeting", "true"),
        ("SyncToMU", "true"),
        ("UpstreamServerName", ""),
        ("UpstreamServerUseSsl", "false"),
        ("ReplicaMode", "false"),
    ];
    let text = |(name, text): &(&str, &str)| {
        let text = other.iter().find(|(other, _)| other == name).map_or(*text, |(_, text)| text);
        if text == "-" { String::new() } else { format!("<{name}>{text}</{name}>") }
    };
    format!("<Configuration>{}</Configuration>", usual.iter().map(text).collect::<String>())
}

/// What a top server answers to an administrator who connects; `None` to anything else.
pub fn good(operation: &str) -> Option<Vec<u8>> {
    let content = match operation {
        "GetServerVersion" => "10.0.26100.1".to_owned(),
        "GetServerProtocolVersion" => "1.20".to_owned(),
        "GetCurrentUserRole" => "2".to_owned(),
        "ExecuteSPGetConfiguration" => settings(&[]),
        _ => return None,
    };
    Some(result(operation, &content))
}

/// A script that answers to one operation in its way, and well to those of connecting.
pub fn one(
    operation: &'static str,
    reaction: impl Fn(&Asked) -> Reaction + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Reaction + Send + Sync + 'static {
    move |asked| {
        if asked.operation == operation {
            return reaction(asked);
        }
        Reaction::Answer(good(&asked.operation).unwrap_or_else(|| panic!("{} was asked", asked.operation)))
    }
}

pub const UPDATE_CELLS: [(&str, &str); 37] = [
    ("guid", UPDATE),
    ("int", "201"),
    ("int", "5021"),
    ("int", "4711"),
    ("boolean", "true"),
    ("boolean", "true"),
    ("int", "0"),
    ("int", "2"),
    ("boolean", "false"),
    ("boolean", "false"),
    ("boolean", "true"),
    ("int", "0"),
    ("int", "2"),
    ("boolean", "false"),
    ("boolean", "false"),
    ("string", "Software"),
    ("int", "0"),
    ("dateTime", "2026-09-08T17:00:00"),
    ("boolean", "false"),
    ("unsignedByte", "4"),
    ("guid", LICENCE),
    ("boolean", "true"),
    ("boolean", "true"),
    ("boolean", "false"),
    ("boolean", "true"),
    ("dateTime", "2026-09-08T18:03:11.5966667"),
    ("boolean", "true"),
    ("nil", ""),
    ("string", "Critical"),
    ("string", "A &lt;cumulative&gt; update"),
    ("string", "It repairs."),
    ("string", ""),
    ("boolean", "false"),
    ("long", "-9"),
    ("boolean", "false"),
    ("int", "0"),
    ("int", "0"),
];

pub const COMPUTER_CELLS: [(&str, &str); 32] = [
    ("string", "D07A4D51-7cb2-46d1-ad86-91195cb4325a"),
    ("dateTime", "2026-10-04T15:03:36.1"),
    ("dateTime", "1753-01-01T00:00:00"),
    ("string", "192.0.2.7"),
    ("string", "pc.example"),
    ("int", "10"),
    ("int", "0"),
    ("int", "26100"),
    ("int", "0"),
    ("int", "0"),
    ("string", "en-US"),
    ("string", "Contoso"),
    ("string", "C7"),
    ("string", "v01.03"),
    ("string", "Default"),
    ("dateTime", "2005-05-18T00:00:00"),
    ("string", "AMD64"),
    ("string", "Berlin;Servers"),
    ("nil", ""),
    ("nil", ""),
    ("int", "1"),
    ("int", "272"),
    ("unsignedByte", "1"),
    ("int", "48"),
    ("int", "0"),
    ("string", "10.0.26100.1"),
    ("string", "Windows"),
    ("string", "Windows 11"),
    ("nil", ""),
    ("nil", ""),
    ("nil", ""),
    ("nil", ""),
];

pub const DEPLOYMENT_CELLS: [(&str, &str); 11] = [
    ("dateTime", "2026-10-04T15:37:08.887"),
    ("int", "1"),
    ("int", "0"),
    ("dateTime", "2026-10-04T15:37:08.887"),
    ("dateTime", "9999-12-31T23:59:59.997"),
    ("string", "EXAMPLE\\anna"),
    ("guid", "c2f2ca62-5413-419a-bdee-275a23087758"),
    ("boolean", "true"),
    ("guid", UPDATE),
    ("int", "201"),
    ("guid", GROUP),
];

pub const GROUP_CELLS: [(&str, &str); 6] = [
    ("string", "Computers"),
    ("string", "Servers &amp; more"),
    ("guid", GROUP),
    ("int", "3"),
    ("int", "100"),
    ("guid", ALL),
];

pub const ALL_CELLS: [(&str, &str); 6] = [
    ("string", "Computers"),
    ("string", "Alle Computer"),
    ("guid", ALL),
    ("int", "1"),
    ("int", "100"),
    ("nil", ""),
];
