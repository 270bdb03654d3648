//! Rules that decide which hosts are in a host group, by what the WSUS servers say of their computers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::computer::{Computer, Products, folded};

/// The most conditions of one rule.
pub const CONDITIONS_MAX: usize = 32;
/// The longest condition, in bytes.
pub const CONDITION_BYTES_MAX: usize = 512;

/// All of these hold for a host of the group. Written as one condition on each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    conditions: Vec<Condition>,
}

/// What holds for a computer, or does not: `name=pc-*`, `os!=Windows 10*`, `address=10.1.0.0/16`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    text: String,
    negated: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// Patterns match whole texts without regard to case; `*` stands for anything.
    Name(String),
    Text(Field, String),
    /// A title that one of the products has. Where these are not known, neither it nor its opposite holds.
    Product(String),
    /// An address, or a network with the length of its prefix.
    Address(IpAddr, u8),
}

/// What WSUS tells of a computer in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Os,
    OsVersion,
    Architecture,
    AgentVersion,
    Manufacturer,
    Model,
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        match name {
            "os" => Some(Self::Os),
            "os_version" => Some(Self::OsVersion),
            "architecture" => Some(Self::Architecture),
            "agent_version" => Some(Self::AgentVersion),
            "manufacturer" => Some(Self::Manufacturer),
            "model" => Some(Self::Model),
            _ => None,
        }
    }

    fn of(self, seen: Seen<'_>) -> &str {
        match self {
            Self::Os => seen.os,
            Self::OsVersion => seen.os_version,
            Self::Architecture => seen.architecture,
            Self::AgentVersion => seen.agent_version,
            Self::Manufacturer => seen.manufacturer,
            Self::Model => seen.model,
        }
    }
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error(
        "a rule has between 1 and {CONDITIONS_MAX} conditions, of at most {CONDITION_BYTES_MAX} bytes each"
    )]
    Size,
    #[error(
        "`{0}` is no condition: write `name=pc-*`, `os=Windows 11*`, `address=10.1.0.0/16`, \
         `manufacturer=Dell*`, `model=Latitude*`, `os_version=10.0.26200*`, `architecture=AMD64`, \
         `agent_version=1507*` or `product=Office 2016`; `!=` for not"
    )]
    Form(String),
    #[error(
        "`{0}` is no condition of a rule: WSUS groups are made from host groups, so a rule over WSUS groups or over \
         last contact would feed on itself. Search by these with `headwater computer list --group`, \
         `--silent-days` or `--contact-days`"
    )]
    FeedsOnItself(String),
    #[error("`{0}` is neither an address nor a network such as `10.1.0.0/16`")]
    Address(String),
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub name: &'a str,
    pub address: &'a str,
    pub os: &'a str,
    pub os_version: &'a str,
    pub architecture: &'a str,
    pub agent_version: &'a str,
    pub manufacturer: &'a str,
    pub model: &'a str,
    /// `None` where that is not known.
    pub products: Option<&'a Products>,
}

impl<'a> From<&'a Computer> for Seen<'a> {
    fn from(computer: &'a Computer) -> Self {
        Self {
            name: &computer.name,
            address: &computer.address,
            os: &computer.os,
            os_version: &computer.os_version,
            architecture: &computer.architecture,
            agent_version: &computer.agent_version,
            manufacturer: &computer.manufacturer,
            model: &computer.model,
            products: computer.products.as_ref(),
        }
    }
}

impl Rule {
    pub fn new(conditions: &[String]) -> Result<Self, RuleError> {
        let fits = |text: &String| text.len() <= CONDITION_BYTES_MAX;
        if !(1..=CONDITIONS_MAX).contains(&conditions.len()) || !conditions.iter().all(fits) {
            return Err(RuleError::Size);
        }
        let conditions = conditions.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        Ok(Self { conditions })
    }

    pub fn matches<'a>(&self, seen: impl Into<Seen<'a>>) -> bool {
        self.holds(seen) == Some(true)
    }

    /// Whether all conditions hold; nothing where that is not known, for what they look at is not.
    pub fn holds<'a>(&self, seen: impl Into<Seen<'a>>) -> Option<bool> {
        let seen = seen.into();
        let mut all = Some(true);
        for condition in &self.conditions {
            match condition.what.matches(seen) {
                Some(matches) if matches == condition.negated => return Some(false),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }

    /// Whether it looks at what products a computer has.
    pub fn looks_at_products(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition.what, What::Product(_)))
    }

    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.text.as_str())
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::new(&text.lines().map(str::to_owned).collect::<Vec<String>>())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.conditions().collect::<Vec<&str>>().join("\n"))
    }
}

impl FromStr for Condition {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::Form(text.to_owned());
        if text.chars().any(char::is_control) {
            return Err(wrong());
        }
        let (field, value) = text.split_once('=').ok_or_else(wrong)?;
        let (field, negated) = field.strip_suffix('!').map_or((field, false), |field| (field, true));
        let value = value.trim();
        if value.is_empty() {
            return Err(wrong());
        }
        let what = match field.trim().to_lowercase().as_str() {
            "name" => What::Name(value.to_lowercase()),
            "product" => What::Product(value.to_lowercase()),
            "address" => network(value).ok_or_else(|| RuleError::Address(value.to_owned()))?,
            "group" | "silent_days" | "contact_days" | "last_contact_at" => {
                return Err(RuleError::FeedsOnItself(text.to_owned()));
            }
            field => What::Text(Field::named(field).ok_or_else(wrong)?, value.to_lowercase()),
        };
        Ok(Self { text: text.trim().to_owned(), negated, what })
    }
}

fn network(text: &str) -> Option<What> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(at, prefix)| (at, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Ok(bits), str::parse).ok()?;
    (prefix <= bits).then_some(What::Address(address, prefix))
}

impl What {
    /// A name matches in full, or without its domain. Nothing where that cannot be said.
    fn matches(&self, seen: Seen) -> Option<bool> {
        Some(match self {
            Self::Name(pattern) => {
                let name = folded(seen.name);
                let short = name.split('.').next().unwrap_or_default();
                is_like(&name, pattern) || is_like(short, pattern)
            }
            Self::Text(field, pattern) => is_like(&folded(field.of(seen)), pattern),
            Self::Address(network, prefix) => {
                seen.address.parse().is_ok_and(|address| is_within(address, *network, *prefix))
            }
            Self::Product(pattern) => seen.products?.folded().any(|title| is_like(title, pattern)),
        })
    }
}

fn is_within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let same = |a: u128, b: u128, bits: u32| (a ^ b).checked_shr(128 - bits).unwrap_or(0) == 0;
    match (address.to_canonical(), network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            same(u128::from(u32::from(a)), u128::from(u32::from(b)), u32::from(prefix) + 96)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.into(), b.into(), u32::from(prefix)),
        _ => false,
    }
}

/// Whether a text is as the pattern says: each part between `*` in turn, the first time it comes.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn computer(name: &str, address: &str, os: &str) -> Computer {
        Computer { address: address.into(), os: os.into(), ..sample::computer(1, 1, name, (0, 1)) }
    }

    #[test]
    fn all_conditions_hold() {
        let check = |rule: &str, expected: &[&str]| {
            let rule: Rule = rule.parse().expect(rule);
            let computers = [
                computer("PC-1.Berlin.example", "10.1.2.3", "Windows 11 Pro"),
                computer("pc-2.munich.example", "10.2.0.1", "Windows 10 Enterprise"),
                computer("srv-1", "fd00::1:5", "Windows Server 2022"),
                computer("kiosk", "", ""),
            ];
            let found = computers.iter().filter(|computer| rule.matches(*computer));
            assert_eq!(
                found.map(|computer| computer.name.as_str()).collect::<Vec<_>>(),
                expected,
                "{rule:?}"
            );
        };
        check("name=pc-*", &["PC-1.Berlin.example", "pc-2.munich.example"]);
        check("name = PC-1", &["PC-1.Berlin.example"]);
        check("name=*.berlin.*", &["PC-1.Berlin.example"]);
        check("name=*", &["PC-1.Berlin.example", "pc-2.munich.example", "srv-1", "kiosk"]);
        check("name=p*1", &["PC-1.Berlin.example"]);
        check("os=windows 1*\nos!=Windows 10*", &["PC-1.Berlin.example"]);
        check("os!=*server*", &["PC-1.Berlin.example", "pc-2.munich.example", "kiosk"]);
        check("address=10.1.0.0/16", &["PC-1.Berlin.example"]);
        check("address=10.0.0.0/8\nname!=pc-1", &["pc-2.munich.example"]);
        check("address=10.2.0.1", &["pc-2.munich.example"]);
        check("address=fd00::1:0/112", &["srv-1"]);
        check("address=0.0.0.0/0", &["PC-1.Berlin.example", "pc-2.munich.example"]);
        check("address=::/0", &["srv-1"]);
    }

    #[test]
    fn a_machine_is_found_by_what_its_firmware_says() {
        let machine = |manufacturer: &str, model: &str| Computer {
            manufacturer: manufacturer.into(),
            model: model.into(),
            ..computer("pc", "", "")
        };
        let rule: Rule = "manufacturer=dell*\nmodel!=*5440".parse().expect("a rule");
        let found =
            [("Dell Inc.", "Latitude 7450"), ("Dell Inc.", "Latitude 5440"), ("LENOVO", "21CB"), ("", "")]
                .map(|(manufacturer, model)| rule.matches(&machine(manufacturer, model)));
        assert_eq!(found, [true, false, false, false]);
    }

    #[test]
    fn a_system_is_found_by_its_versions() {
        let system = |os_version: &str, architecture: &str, agent_version: &str| Computer {
            os_version: os_version.into(),
            architecture: architecture.into(),
            agent_version: agent_version.into(),
            ..computer("pc", "", "Windows 11 Pro")
        };
        let systems = [
            system("10.0.26200.6584", "AMD64", "1507.2601.30012.0"),
            system("10.0.26200.1", "ARM64", "1507.2601.30012.0"),
            system("10.0.22631.1", "AMD64", ""),
        ];
        let check = |rule: &str, expected: [bool; 3]| {
            let rule: Rule = rule.parse().expect("a rule");
            assert_eq!([0, 1, 2].map(|at| rule.matches(&systems[at])), expected, "{rule}");
        };
        check("os_version=10.0.26200.*", [true, true, false]);
        check("architecture=amd64", [true, false, true]);
        check("architecture!=arm64\nagent_version=1507.*", [true, false, false]);
    }

    #[test]
    fn a_rule_that_cannot_be_decided_is_not_refused() {
        let unknown = Computer { products: None, ..computer("pc", "", "") };
        let holds = |rule: &str| rule.parse::<Rule>().expect("a rule").holds(&unknown);
        assert_eq!(["product=Office", "product!=Office"].map(holds), [None, None]);
        assert_eq!(["product=Office\nname=other", "name=other\nproduct=Office"].map(holds), [Some(false); 2]);
        assert_eq!((holds("product=Office\nname=pc"), holds("name=pc")), (None, Some(true)));
    }

    #[test]
    fn a_computer_is_found_by_its_products() {
        let with = |products: Option<&[&str]>| Computer {
            products: products.map(|titles| Products::new(titles.iter().copied())),
            ..computer("pc", "", "")
        };
        let computers = [
            with(Some(&["Windows Server 2019", "Office 2016"])),
            with(Some(&["Windows 10, version 1903 and later"])),
            with(Some(&[])),
            with(None),
        ];
        let check = |rule: &str, expected: [bool; 4]| {
            let rule: Rule = rule.parse().expect("a rule");
            assert!(rule.looks_at_products());
            assert_eq!([0, 1, 2, 3].map(|at| rule.matches(&computers[at])), expected, "{rule}");
        };
        check("product=windows server 2019*", [true, false, false, false]);
        check("product=Office 2016\nproduct=windows*", [true, false, false, false]);
        check("product=Office", [false; 4]);
        check("product=*, version 1903 and later", [false, true, false, false]);
        // Of one that told none it is known that it has none; of one that told nothing nothing is.
        check("product=*", [true, true, false, false]);
        check("product!=office*", [false, true, true, false]);
        check("product!=*", [false, false, true, false]);
        assert!(!"os=Windows*".parse::<Rule>().expect("a rule").looks_at_products());
    }

    #[test]
    fn a_pattern_never_uses_a_character_twice() {
        assert!(is_like("aba", "ab*a") && !is_like("aba", "ab*ba") && !is_like("a", "a*a"));
        assert!(is_like("axxb", "a*x*b") && !is_like("ab", "a*x*b") && is_like("", "*"));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let check = |rule: &str, error: &str| {
            let found = rule.parse::<Rule>().expect_err(rule).to_string();
            assert!(found.contains(error), "{found}");
        };
        check("", "between 1 and 32");
        check(&vec!["name=x"; 33].join("\n"), "between 1 and 32");
        check(&format!("name={}", "x".repeat(512)), "512 bytes");
        check("pc-*", "`pc-*` is no condition");
        check("colour=red", "is no condition");
        check("name=", "is no condition");
        check("name=a\tb", "is no condition");
        for of_wsus in ["group=Pilot", "silent_days!=30", "Contact_Days=1", "last_contact_at=2026*"] {
            check(
                of_wsus,
                &format!("`{of_wsus}` is no condition of a rule: WSUS groups are made from host groups"),
            );
        }
        check("address=10.1", "neither an address");
        check("address=10.1.0.0/33", "neither an address");
    }

    #[test]
    fn a_rule_is_written_as_it_was_read() {
        let text = "name=pc-*\nos!=Windows 10*";
        assert_eq!(text.parse::<Rule>().expect("a rule").to_string(), text);
    }
}
