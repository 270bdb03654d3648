//! What a cell and a generic row may be.

use super::*;

#[test]
fn cells_keep_their_type_and_text() {
    let cells = [
        ("boolean", "1"),
        ("byte", "-128"),
        ("unsignedByte", "255"),
        ("short", "-32768"),
        ("unsignedShort", "65535"),
        ("int", "-2147483648"),
        ("unsignedInt", "4294967295"),
        ("long", "-9223372036854775808"),
        ("unsignedLong", "18446744073709551615"),
        ("string", " a &amp;\n b "),
        ("string", ""),
        ("dateTime", "2026-09-08T18:03:11.5966667"),
        ("dateTime", "9999-12-31T23:59:59.9999999-08:00"),
        ("dateTime", "0001-01-01T00:00:00+01:00"),
        ("base64Binary", "AQID"),
        ("guid", "A0A08746-4dbe-4a37-9adf-9e7652c0b421"),
        ("nil", ""),
    ];
    let answer: Groups = check(&format!("<{RESULT}>{}</{RESULT}>", row(&cells)));
    assert_eq!(answer.result[0].cells[2], value(CellType::UnsignedByte, "255"));
    assert_eq!(answer.result[0].cells[9], value(CellType::String, " a &\n b "));
    assert_eq!(answer.result[0].cells[16], Cell::Nil);
    assert_eq!(
        try_cells("<anyType xsi:type=' xsd:int '> 7\n</anyType>"),
        Ok(vec![value(CellType::Int, "7")])
    );
    let written_apart = "<anyType xsi:type='xsd:base64Binary'>AQ\r\nID</anyType>";
    assert_eq!(try_cells(written_apart), Ok(vec![value(CellType::Base64Binary, "AQID")]));
}

#[test]
fn a_text_must_be_of_its_type() {
    for (kind, text) in [
        ("boolean", "yes"),
        ("byte", "128"),
        ("unsignedByte", "256"),
        ("unsignedByte", "-1"),
        ("short", "32768"),
        ("unsignedShort", "65536"),
        ("int", "2147483648"),
        ("int", "1.0"),
        ("int", ""),
        ("unsignedInt", "4294967296"),
        ("long", "9223372036854775808"),
        ("unsignedLong", "18446744073709551616"),
        ("dateTime", "2026-10-04"),
        ("dateTime", "9999-12-32T00:00:00"),
        ("dateTime", "9999-12-31T00:00:00x"),
        ("base64Binary", "A?"),
        ("guid", "a0a08746"),
    ] {
        let error = try_cells(&cell(kind, text)).expect_err(kind).to_string();
        let begin =
            format!("the parameter `{RESULT}.Values.anyType[0]` is not valid: the value `{text}` of `");
        assert!(error.starts_with(&begin), "{kind}: {error}");
    }
}

/// A whole answer in which everything has another prefix than ours.
fn foreign(declared_outside: &str, cells: &str) -> Result<Vec<Cell>, Error> {
    let namespace = ADMINISTRATION.namespace;
    let text = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" {declared_outside}><e:Body>\
         <w:ExecuteSPGetAllTargetGroupsResponse xmlns:w=\"{namespace}\"><w:{RESULT}><w:GenericReadableRow><w:Values>\
         {cells}</w:Values></w:GenericReadableRow></w:{RESULT}></w:ExecuteSPGetAllTargetGroupsResponse></e:Body>\
         </e:Envelope>"
    );
    decode::<Groups>(&text).map(|mut answer| answer.result.pop().expect("a row").cells)
}

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
const MICROSOFT: &str = "http://microsoft.com/wsdl/types/";

#[test]
fn types_are_known_by_their_namespace() {
    let both = format!("xmlns:i=\"{INSTANCE}\" xmlns:s=\"{SCHEMA}\"");
    let cells = format!(
        "<w:anyType i:type=\"s:int\">5</w:anyType><w:anyType i:nil=\"1\"/>\
         <w:anyType xmlns:d=\"{MICROSOFT}\" i:type=\"d:guid\">{GROUP}</w:anyType>\
         <w:anyType xmlns=\"{SCHEMA}\" i:type=\"string\">x</w:anyType>\
         <w:anyType xmlns:n='{INSTANCE}' xmlns:i='urn:other' i:nil='true' n:type='s:short'>6</w:anyType>\
         <w:anyType i:type=\"s:long\">7</w:anyType>"
    );
    let expected = vec![
        value(CellType::Int, "5"),
        Cell::Nil,
        value(CellType::Guid, GROUP),
        value(CellType::String, "x"),
        value(CellType::Short, "6"),
        value(CellType::Long, "7"),
    ];
    assert_eq!(foreign(&both, &cells), Ok(expected));
    // Our own prefixes, with other meanings.
    let crossed = format!("xmlns:xsd=\"{INSTANCE}\" xmlns:xsi=\"{SCHEMA}\"");
    let cells = "<w:anyType xsd:type=\"xsi:int\" xsi:type=\"xsd:string\">5</w:anyType>";
    assert_eq!(foreign(&crossed, cells), Ok(vec![value(CellType::Int, "5")]));
}

#[test]
fn an_unknown_type_is_named() {
    let both = format!("xmlns:i=\"{INSTANCE}\" xmlns:s=\"{SCHEMA}\"");
    let check = |cell: &str, expected: &str| {
        let error = foreign(&both, cell).expect_err("an error").to_string();
        assert_eq!(error, format!("the parameter `{RESULT}.Values.anyType[0]` is not valid: {expected}"));
    };
    let unknown = |name: &str, of: &str| {
        format!("the value `{name}` of `xsi:type` is not valid: a cell has no such type of `{of}`")
    };
    check("<w:anyType i:type='s:gYear'>2026</w:anyType>", &unknown("s:gYear", SCHEMA));
    check("<w:anyType i:type='s:guid'>x</w:anyType>", &unknown("s:guid", SCHEMA));
    check("<w:anyType i:type='w:ArrayOfString'/>", &unknown("w:ArrayOfString", ADMINISTRATION.namespace));
    check("<w:anyType i:type='int'>5</w:anyType>", &unknown("int", ""));
    check(
        "<w:anyType xmlns:s='http://www.w3.org/1999/XMLSchema' i:type='s:int'>5</w:anyType>",
        &unknown("s:int", "http://www.w3.org/1999/XMLSchema"),
    );
    check("<w:anyType i:type='z:int'>5</w:anyType>", "the namespace prefix `z` is not declared");
    let untyped = "the value `` of `anyType` is not valid: it has no xsi:type";
    check("<w:anyType>5</w:anyType>", untyped);
    check("<w:anyType type='s:int'>5</w:anyType>", untyped);
    check("<w:anyType></w:anyType>", untyped);
}

#[test]
fn nils() {
    assert_eq!(
        try_cells("<anyType xsi:nil='1'/><anyType xsi:nil='true'> </anyType>"),
        Ok(vec![Cell::Nil; 2])
    );
    assert_eq!(
        try_cells(
            "<anyType xsi:nil='true' xsi:type='xsd:gYear'/><anyType xsi:nil='false' xsi:type='xsd:int'>1</anyType>"
        ),
        Ok(vec![Cell::Nil, value(CellType::Int, "1")])
    );
    refused(
        "<anyType xsi:type='xsd:int'>1</anyType><anyType xsi:nil='true'>1</anyType>",
        ".anyType[1]` is not valid: the value `1` of `anyType` is not valid: it is nil and has a value",
    );
    refused(
        "<anyType nil='true'/>",
        ".anyType[0]` is not valid: the value `` of `anyType` is not valid: it has no xsi:type",
    );
    let empty = GenericReadableRow::default();
    for row in [
        "<GenericReadableRow/>",
        "<GenericReadableRow></GenericReadableRow>",
        "<GenericReadableRow><Values/></GenericReadableRow>",
        "<GenericReadableRow><Values xsi:nil='true'/></GenericReadableRow>",
    ] {
        assert_eq!(try_rows(row), Ok(vec![empty.clone()]), "{row}");
    }
    let error = try_rows("<GenericReadableRow xsi:nil='true'/>").expect_err("an error").to_string();
    assert_eq!(
        error,
        format!(
            "the parameter `{RESULT}` is not valid: the value `nil` of `GenericReadableRow` is not valid: there is no row"
        )
    );
    // A set without rows has its place all the same.
    let sets = format!(
        "<ExecuteSPSearchComputersResult><ArrayOfGenericReadableRow xsi:nil='true'/><ArrayOfGenericReadableRow>{}\
         </ArrayOfGenericReadableRow></ExecuteSPSearchComputersResult>",
        row(&[("int", "1")])
    );
    let answer: ExecuteSPSearchComputersResponse =
        decode(&text::<ExecuteSPSearchComputersResponse>(&sets)).expect("a message");
    assert_eq!(answer.result.iter().map(|set| set.0.len()).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn rows_have_limits() {
    let cells = |count: usize| cell("nil", "").repeat(count);
    assert_eq!(try_cells(&cells(COLUMNS_MAX)).map(|cells| cells.len()), Ok(64));
    refused(&cells(COLUMNS_MAX + 1), "` is not valid: `Values` has more than 64 entries");

    let texts = |bytes: &[usize]| -> String {
        bytes.iter().map(|bytes| cell("string", &"x".repeat(*bytes))).collect()
    };
    assert!(try_cells(&texts(&[ROW_BYTES_MAX - 7, 7])).is_ok());
    refused(&texts(&[ROW_BYTES_MAX - 7, 8]), ".anyType[1]` is not valid: a text is longer than 7 bytes");
    refused(&texts(&[ROW_BYTES_MAX + 1]), ".anyType[0]` is not valid: a text is longer than 1048576 bytes");

    let groups = |count: usize| try_rows(&"<GenericReadableRow/>".repeat(count));
    assert_eq!(groups(100_000).map(|rows| rows.len()), Ok(100_000));
    let error = groups(100_001).expect_err("an error").to_string();
    assert_eq!(
        error,
        format!("the parameter `{RESULT}` is not valid: `{RESULT}` has more than 100000 entries")
    );

    let sets = |count: usize| {
        let sets = "<ArrayOfGenericReadableRow/>".repeat(count);
        let children = format!("<ExecuteSPSearchComputersResult>{sets}</ExecuteSPSearchComputersResult>");
        decode::<ExecuteSPSearchComputersResponse>(&text::<ExecuteSPSearchComputersResponse>(&children))
    };
    assert!(sets(SETS_MAX).is_ok());
    assert_eq!(sets(SETS_MAX + 1).expect_err("an error").parameter(), Some("ExecuteSPSearchComputersResult"));
}

#[test]
fn hostile_rows_are_refused() {
    refused(
        "<anyType xsi:type='xsd:string'>a<b/>c</anyType>",
        ".anyType[0]` is not valid: the value `b` of `anyType` is not valid: an element in a cell",
    );
    refused(
        "<anyType xsi:nil='true'><GenericReadableRow/></anyType>",
        ".anyType[0]` is not valid: the value `GenericReadableRow` of `anyType` is not valid: an element in a cell",
    );
    refused("<anyType xsi:nil='true'/><any/>", "` is not valid: expected the element `anyType`, found `any`");
    refused(
        "<anyType xsi:type='xsd:string'>&x;</anyType>",
        ".anyType[0]` is not valid: the entity `&x;` is not defined",
    );
    let twice =
        try_rows("<GenericReadableRow><Values/><Values/></GenericReadableRow>").expect_err("an error");
    assert_eq!(
        twice.to_string(),
        format!("the parameter `{RESULT}` is not valid: `Values` has more than 1 entries")
    );
    let deep = "<GenericReadableRow><Values>".repeat(40);
    assert!(try_rows(&deep).is_err());
    let declared: String = (0..60).map(|n| format!(" xmlns:p{n}='u'")).collect();
    let many: String = (0..6).map(|_| format!("<x{declared}>")).collect();
    let error = try_rows(&many).expect_err("an error").to_string();
    assert!(error.ends_with("`xmlns` has more than 256 entries"), "{error}");
    let document_type = "<!DOCTYPE a [<!ENTITY b 'c'>]>".to_owned() + &text::<Groups>("");
    assert!(decode::<Groups>(&document_type).is_err());
}
