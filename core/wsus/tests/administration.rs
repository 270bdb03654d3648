//! The messages of the administration service, of which there is no capture: built from its
//! description, and what a row may and may not be.

use headwater_model::{GroupId, Timestamp};
use headwater_wsus::oracle;
use headwater_wsus::soap::{
    Dialect, Error, Fault, Message, Request, SoapVersion, decode, decode_response, encode_request,
};
use headwater_wsus::wsusar::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

mod captures;
#[path = "administration/cells.rs"]
mod cells;
#[path = "administration/description.rs"]
mod description;
#[path = "administration/examples.rs"]
mod examples;
#[path = "administration/rows.rs"]
mod rows;
#[path = "administration/settings.rs"]
mod settings;

use examples::*;

type Groups = ExecuteSPGetAllTargetGroupsResponse;
const RESULT: &str = "ExecuteSPGetAllTargetGroupsResult";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The rows of an answer with this content, in the envelope that we write.
fn try_rows(rows: &str) -> Result<Vec<GenericReadableRow>, Error> {
    decode::<Groups>(&text::<Groups>(&format!("<{RESULT}>{rows}</{RESULT}>"))).map(|answer| answer.result)
}

#[track_caller]
fn one(cells: &[(&str, &str)]) -> GenericReadableRow {
    try_rows(&row(cells)).expect("rows").pop().expect("a row")
}

/// The cells of a row with this content.
fn try_cells(cells: &str) -> Result<Vec<Cell>, Error> {
    let row = format!("<GenericReadableRow><Values>{cells}</Values></GenericReadableRow>");
    try_rows(&row).map(|mut rows| rows.pop().expect("a row").cells)
}

/// Expects a row with this content to be refused, with its path from the cell on.
#[track_caller]
fn refused(cells: &str, expected: &str) {
    let error = try_cells(cells).expect_err("an error").to_string();
    assert_eq!(error, format!("the parameter `{RESULT}.Values{expected}"));
}

fn value(kind: CellType, text: &str) -> Cell {
    Cell::Value(kind, text.into())
}

/// The row of 37 columns without those that 33 do not have.
fn narrow() -> Vec<(&'static str, &'static str)> {
    let kept = |index: &usize| !matches!(index, 3 | 29..=31);
    (0..37).filter(kept).map(|index| UPDATE_CELLS[index]).collect()
}

#[test]
fn every_operation_has_an_example_that_is_read_and_written() {
    let names: Vec<&str> = examples().iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), 2 * 42);
    for pair in names.chunks(2) {
        assert_eq!(format!("{}Response", pair[0]), pair[1]);
    }
}

#[test]
fn requests_name_their_action() {
    assert_eq!(
        ExecuteSPDeployUpdate1::action(),
        "http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService/ExecuteSPDeployUpdate1"
    );
    assert_eq!(
        encode_request(&GetServerVersion {}),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
         <soap:Body><GetServerVersion \
         xmlns=\"http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService\" /></soap:Body>\
         </soap:Envelope>"
    );
}

#[test]
fn what_may_be_left_out_is_left_out() {
    let request: ExecuteSPSearchUpdates = check("<publicationState>0</publicationState>");
    assert_eq!((request.update_scope_xml, request.publication_state), (None, PUBLISHED));
    let request: ExecuteSPSearchEventHistory = check("");
    assert_eq!(request.event_history_filter, None);
    let answer: ExecuteSPGetTargetGroupByIdResponse = check("");
    assert_eq!(answer.result, None);
    let nil = "<ExecuteSPGetTargetGroupByIdResult xsi:nil=\"true\" />";
    let answer: ExecuteSPGetTargetGroupByIdResponse =
        decode(&text::<ExecuteSPGetTargetGroupByIdResponse>(nil)).expect("a message");
    assert_eq!(answer.result, None);
    let error = decode::<ExecuteSPDeclineUpdate>(&text::<ExecuteSPDeclineUpdate>("")).expect_err("an error");
    assert_eq!(error.parameter(), Some("updateId"));
}

#[test]
fn the_reason_of_a_refusal_is_the_innermost() {
    let fault = |message: &str| {
        let text = format!(
            "{}<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{message}</faultstring><detail /></soap:Fault>{}",
            Dialect::Asmx.head(SoapVersion::V11),
            Dialect::Asmx.tail()
        );
        decode_response::<StopSubscription>(&text).expect("a message").expect_err("a fault")
    };
    let check = |message: &str, expected: &str| assert_eq!(reason(&fault(message)), expected);
    check(
        "Server was unable to process request. ---&gt; System.Exception: outer ---&gt; \
         System.Security.SecurityException: Request for principal permission failed.\r\n   at A.B()\n   at C.D()",
        "System.Security.SecurityException: Request for principal permission failed.",
    );
    check(
        "Server did not recognize the value of HTTP Header SOAPAction",
        "Server did not recognize the value of HTTP Header SOAPAction",
    );
    check("", "");
    check("---&gt; ", "");
    let long = Fault { message: "é".repeat(1_000), ..fault("") };
    assert_eq!(reason(&long).len(), 1_024);
}

const PIECES: &[&str] = &[
    "",
    "<",
    "&#11;",
    "\u{b}",
    "\u{c}",
    " xsi:nil=\"1\"",
    " xmlns:xsd=\"x\"",
    "xsd:",
    "int",
    "dateTime",
    "9999-12-31T23:59:59-08:00",
    "0",
    "-",
    "é",
    "]]>",
    "<anyType/>",
    "</anyType>",
    "<a>",
    "\"",
];

/// The example messages, and one answer with rows of every kind.
fn seeds() -> Vec<String> {
    let kinds: [&[(&str, &str)]; 11] = [
        &UPDATE_CELLS,
        &narrow(),
        &COMPUTER_CELLS,
        &DEPLOYMENT_CELLS,
        &GROUP_CELLS,
        &SUMMARY_CELLS,
        &INSTALLATION_CELLS,
        &SERVER_CELLS,
        &CATEGORY_CELLS,
        &[("int", "1"), ("string", "Product"), ("string", "x")],
        &[("string", "1"), ("guid", GROUP)],
    ];
    let each = kinds.map(|cells| format!("<{RESULT}>{}</{RESULT}>", row(cells)));
    let groups = each.into_iter().map(|children| (Groups::NAME, children));
    let bodies = examples().into_iter().chain(groups);
    bodies
        .map(|(name, children)| format!("<{name} xmlns=\"{}\">{children}</{name}>", ADMINISTRATION.namespace))
        .collect()
}

proptest! {
    #[test]
    fn edited_messages_keep_the_oracle(
        seed in select(seeds()),
        edits in prop::collection::vec((any::<Index>(), 0_usize..4, select(PIECES)), 0..3),
    ) {
        let mut body: Vec<char> = seed.chars().collect();
        for (place, removed, inserted) in edits {
            let start = place.index(body.len() + 1);
            let end = (start + removed).min(body.len());
            body.splice(start..end, inserted.chars());
        }
        let body: String = body.into_iter().collect();
        let text = format!("{}{body}{}", Dialect::Asmx.head(SoapVersion::V11), Dialect::Asmx.tail());
        oracle::fuzz_administration(text.as_bytes());
    }

    #[test]
    fn no_bytes_make_reading_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
        oracle::fuzz_administration(&data);
    }
}
