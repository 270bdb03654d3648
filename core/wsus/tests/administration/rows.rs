//! What stands in which column, and times.

use super::*;

#[test]
fn an_update_of_37_columns() {
    let update = UpdateRow::read(&one(&UPDATE_CELLS)).expect("an update");
    assert_eq!(update.update_id, UPDATE.parse().expect("a GUID"));
    assert_eq!((update.revision_number, update.revision_id, update.local_update_id), (201, 5021, Some(4711)));
    assert_eq!((update.installation_supported, update.installation_reboot_behavior), (Some(true), Some(2)));
    assert_eq!((update.update_type.as_deref(), update.update_state), (Some("Software"), Some(5)));
    assert_eq!(update.creation_date, Time(Some(time("2026-09-08T17:00:00Z"))));
    assert_eq!(update.arrival_date, Time(Some(time("2026-09-08T18:03:11.596666Z"))));
    assert_eq!((update.is_latest_revision, update.has_superseded_updates), (Some(true), Some(true)));
    assert_eq!((update.msrc_severity.as_deref(), update.legacy_name), (Some("Critical"), None));
    assert_eq!(update.title.as_deref(), Some("A <cumulative> update"));
    assert_eq!((update.release_notes.as_deref(), update.has_earlier_revision), (Some(""), Some(false)));
    assert_eq!((update.is_superseded, update.update_source), (Some(false), Some(0)));
}

#[test]
fn an_update_of_33_columns_has_no_texts() {
    let mut expected = UpdateRow::read(&one(&UPDATE_CELLS)).expect("an update");
    let row = one(&narrow());
    let mut update = UpdateRow::read(&row).expect("an update");
    (expected.local_update_id, expected.title) = (None, None);
    (expected.description, expected.release_notes) = (None, None);
    assert_eq!(update, expected);

    let mut same = row.clone();
    update.is_superseded = Some(true);
    update.write_into(&mut same).expect("an update");
    assert_eq!(same.cells[30], value(CellType::Boolean, "true"));
    assert_eq!((&same.cells[..30], &same.cells[31..]), (&row.cells[..30], &row.cells[31..]));
    update.title = Some("x".to_owned());
    let error = update.write_into(&mut same.clone()).expect_err("an error").to_string();
    assert_eq!(error, "a row of an update with 33 columns has none for title");
}

/// Reads rows with this many nil cells and expects the error to name both counts.
#[track_caller]
fn check_counts<K: RowKind>(known: &[usize], expected: &str) {
    for found in (0..=COLUMNS_MAX).filter(|found| !known.contains(found)) {
        let row = GenericReadableRow { cells: vec![Cell::Nil; found] };
        let error = K::read(&row).err().expect("an error").to_string();
        assert_eq!(error, format!("a row of {} has {found} columns, expected {expected}", K::KIND));
    }
    for count in known {
        let row = GenericReadableRow { cells: vec![Cell::Nil; *count] };
        assert!(!matches!(K::read(&row), Err(RowError::Columns { .. })));
    }
}

#[test]
fn other_counts_of_columns_are_refused() {
    check_counts::<UpdateRow>(&[37, 33], "37 or 33");
    check_counts::<CategoryTitleRow>(&[3], "3");
    check_counts::<UpdateTextRow>(&[2], "2");
    check_counts::<DeploymentRow>(&[11], "11");
    check_counts::<TargetGroupRow>(&[6], "6");
    check_counts::<ComputerRow>(&[32], "32");
    check_counts::<RequestedGroupRow>(&[2], "2");
    check_counts::<MembershipRow>(&[2], "2");
    check_counts::<SummaryRow>(&[6], "6");
    check_counts::<InstallationInfoRow>(&[5], "5");
    check_counts::<DownstreamServerRow>(&[7], "7");
    check_counts::<CategoryRow>(&[12], "12");
    check_counts::<SyncProgressRow>(&[3], "3");
}

#[test]
fn the_other_kinds_of_rows() {
    let approval = DeploymentRow::read(&one(&DEPLOYMENT_CELLS)).expect("an approval");
    assert_eq!(approval.deployment_time, Time(Some(time("2026-10-04T15:37:08.887Z"))));
    assert_eq!((approval.action, approval.deadline, approval.is_assigned), (0, Deadline(None), Some(true)));
    assert_eq!((approval.admin_name.as_deref(), approval.revision_number), (Some("EXAMPLE\\anna"), 201));
    assert_eq!(approval.target_group_id, GROUP.parse().expect("a GUID"));

    let group = TargetGroupRow::read(&one(&GROUP_CELLS)).expect("a group");
    assert_eq!(
        (group.name.as_str(), group.order_value, group.group_priority),
        ("Servers & more", Some(3), Some(100))
    );
    assert_eq!(group.parent_group_id, Some(GROUP.parse().expect("a GUID")));

    let computer = ComputerRow::read(&one(&COMPUTER_CELLS)).expect("a computer");
    assert_eq!((computer.os_build_number, computer.last_sync_result), (Some(26100), Some(1)));
    assert_eq!(computer.last_reported_status_time, Time(None));
    assert_eq!(computer.old_product_type, value(CellType::UnsignedByte, "1"));
    assert_eq!(computer.os_description.as_deref(), Some("Windows 11"));

    let summary = SummaryRow::read(&one(&SUMMARY_CELLS)).expect("a summary");
    assert_eq!((summary.update_id, summary.computer_id.as_deref()), (None, Some("d07a4d51")));
    assert_eq!((summary.state, summary.count), (4, 917));

    let installed = InstallationInfoRow::read(&one(&INSTALLATION_CELLS)).expect("installation information");
    assert_eq!((installed.state, installed.effective_action), (4, None));

    let server = DownstreamServerRow::read(&one(&SERVER_CELLS)).expect("a server");
    assert_eq!((server.server_id, server.is_replica), (SERVER.parse().expect("a GUID"), true));

    let category = CategoryRow::read(&one(&CATEGORY_CELLS)).expect("a category");
    assert_eq!((category.id, category.title.as_deref()), (UPDATE.parse().expect("a GUID"), Some("Windows")));
    assert_eq!(category.category_type.as_deref(), Some("ProductFamily"));

    let progress =
        SyncProgressRow::read(&one(&[("int", "1"), ("long", "90"), ("int", "17")])).expect("progress");
    assert_eq!(progress, SyncProgressRow { phase: 1, total: 90, processed: 17 });
}

#[test]
fn a_cell_of_another_type_is_named_with_its_column() {
    let check = |column: usize, cell: (&'static str, &'static str), expected: &str| {
        let mut cells = GROUP_CELLS;
        cells[column] = cell;
        let error = TargetGroupRow::read(&one(&cells)).expect_err("an error").to_string();
        assert_eq!(error, expected);
    };
    check(1, ("int", "5"), "column 1, name, of a row of a group is int, expected string");
    check(1, ("nil", ""), "column 1, name, of a row of a group is nil, expected string");
    check(2, ("string", GROUP), "column 2, id, of a row of a group is string, expected guid");
    check(
        3,
        ("long", "2147483648"),
        "column 3, order_value, of a row of a group is long, expected an integer that fits int",
    );
    check(
        3,
        ("boolean", "1"),
        "column 3, order_value, of a row of a group is boolean, expected an integer that fits int",
    );
    let mut cells = narrow();
    cells[30] = ("int", "2");
    let error = UpdateRow::read(&one(&cells)).expect_err("an error").to_string();
    assert_eq!(error, "column 30, is_superseded, of a row of an update is int, expected boolean");
    cells[30] = ("unsignedByte", "1");
    assert_eq!(UpdateRow::read(&one(&cells)).expect("an update").is_superseded, Some(true));
    cells[21] = ("string", "2026-10-04T15:37:08");
    assert!(UpdateRow::read(&one(&cells)).is_err());
}

#[test]
fn what_is_not_known_of_a_row_survives_a_change() {
    let row = one(&UPDATE_CELLS);
    let mut update = UpdateRow::read(&row).expect("an update");
    let mut same = row.clone();
    update.write_into(&mut same).expect("an update");
    assert_eq!(same, row, "nothing is written anew, not even times that have more digits than ours");

    update.is_declined = Some(true);
    update.update_state = Some(7);
    update.legacy_name = Some("old".to_owned());
    update.title = None;
    update.write_into(&mut same).expect("an update");
    let changed: Vec<usize> = (0..37).filter(|index| same.cells[*index] != row.cells[*index]).collect();
    assert_eq!(changed, [19, 22, 27, 29]);
    assert_eq!((&same.cells[19], &same.cells[29]), (&value(CellType::Int, "7"), &Cell::Nil));
    assert_eq!(same.cells[33], value(CellType::Long, "-9"));
    assert_eq!(UpdateRow::read(&same), Ok(update.clone()));

    let mut other = one(&GROUP_CELLS);
    let error = update.write_into(&mut other).expect_err("an error").to_string();
    assert_eq!(error, "a row of an update has 6 columns, expected 37 or 33");
    assert_eq!(other, one(&GROUP_CELLS));
    assert_eq!(update.to_row().cells[33], Cell::Nil);
    assert_eq!(UpdateRow::read(&update.to_row()), Ok(update));
}

#[test]
fn a_row_that_cannot_be_changed_whole_is_not_changed() {
    let mut row = one(&narrow());
    let before = row.clone();
    let mut update = UpdateRow::read(&row).expect("an update");
    (update.is_declined, update.title) = (Some(true), Some("x".to_owned()));
    assert!(update.write_into(&mut row).is_err());
    assert_eq!(row, before);
}

#[test]
fn new_rows_are_written_with_the_types_of_a_real_server() {
    let group: GroupId = GROUP.parse().expect("a GUID");
    let row = TargetGroupRow {
        type_name: Some("Computers".to_owned()),
        name: "Servers".to_owned(),
        id: group,
        order_value: Some(1),
        group_priority: None,
        parent_group_id: Some(group),
    }
    .to_row();
    let cells = [
        ("string", "Computers"),
        ("string", "Servers"),
        ("guid", GROUP),
        ("int", "1"),
        ("nil", ""),
        ("guid", GROUP),
    ];
    assert_eq!(row, one(&cells));
    let times = one(&DEPLOYMENT_CELLS);
    assert_eq!(DeploymentRow::read(&times).expect("an approval").to_row(), times);
}

#[test]
fn dates_that_mean_none() {
    let read = |text: &str| {
        let mut cells = DEPLOYMENT_CELLS;
        (cells[3], cells[4]) = (("dateTime", text), ("dateTime", text));
        let row = DeploymentRow::read(&one(&cells)).expect("an approval");
        assert_eq!(row.go_live_time.0, row.deadline.0);
        row.deadline.0
    };
    for none in [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "1753-01-01T00:00:00",
        "9999-12-31T23:59:59.9999999",
        "9999-12-31T23:59:59.997-08:00",
        "1752-12-31T23:00:00-05:00",
    ] {
        assert_eq!(read(none), None, "{none}");
    }
    assert_eq!(read("2026-10-05T03:00:00"), Some(time("2026-10-05T03:00:00Z")));
    assert_eq!(read("2026-10-05T03:00:00-02:00"), Some(time("2026-10-05T05:00:00Z")));
}

#[test]
fn callers_write_deadlines_with_their_zone_and_servers_without() {
    let revision = format!("<UpdateId>{UPDATE}</UpdateId><RevisionNumber>201</RevisionNumber>");
    let request: ExecuteSPDeployUpdate1 = check(&format!(
        "<updateId>{revision}</updateId><deploymentAction>0</deploymentAction><targetGroupId>{GROUP}\
         </targetGroupId><deadline>2026-10-05T03:00:00Z</deadline><isAssigned>true</isAssigned>"
    ));
    let mut row = DeploymentRow::read(&one(&DEPLOYMENT_CELLS)).expect("an approval");
    row.deadline = request.deadline;
    assert_eq!(row.to_row().cells[4], value(CellType::DateTime, "2026-10-05T03:00:00"));
}
