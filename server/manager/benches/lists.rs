//! A page of 1,000 rows out of 150,000 computers, as the console and the API ask for it.

// A bench stops at the first thing that goes wrong, as a test does.
#![allow(clippy::unwrap_used)]

use headwater_api::{ComputerQuery, ComputerSummary, GroupRef, ServerRef, UpdateCounts};
use headwater_manager::{ComputerOrder, Computers, Direction, TreeView};
use headwater_model::{GroupId, ServerId, Timestamp};

const COMPUTERS: u32 = 150_000;

fn main() {
    divan::main();
}

fn computers() -> Computers {
    let computer = |number: u32| ComputerSummary {
        id: format!("{number:08x}-0000-4000-8000-000000000000").parse().unwrap(),
        name: format!(
            "PC{:06}.branch{:03}.corp.example",
            number.wrapping_mul(7_919) % COMPUTERS,
            number % 300
        ),
        server: Some(ServerRef {
            id: ServerId::from_u128(u128::from(number % 300)),
            name: format!("wsus{:03}", number % 300),
        }),
        address: Some(format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255)),
        groups: vec![GroupRef {
            id: GroupId::from_u128(u128::from(number % 50)),
            name: "Workstations".to_owned(),
        }],
        os: Some("Windows 11 Pro".to_owned()),
        os_version: Some("10.0.26200.6584".to_owned()),
        architecture: None,
        agent_version: None,
        manufacturer: None,
        model: None,
        last_contact_at: Timestamp::EPOCH.plus_seconds(i64::from(number)),
        last_report_at: None,
        note: None,
        silent: false,
        status: UpdateCounts { needed: u64::from(number % 40), ..UpdateCounts::default() },
    };
    (0..COMPUTERS).map(computer).collect()
}

fn page(bencher: divan::Bencher<'_, '_>, query: &ComputerQuery, order: ComputerOrder) {
    let (computers, tree) = (computers(), TreeView::default());
    bencher.bench(|| {
        let page = computers.find(query, &tree, Timestamp::EPOCH, order, Direction::Usual);
        serde_json::to_vec(&page).unwrap()
    });
}

#[divan::bench]
fn first_page(bencher: divan::Bencher<'_, '_>) {
    let query = ComputerQuery { limit: Some(1_000), ..ComputerQuery::default() };
    page(bencher, &query, ComputerOrder::Name);
}

#[divan::bench]
fn search(bencher: divan::Bencher<'_, '_>) {
    let query =
        ComputerQuery { search: Some("branch17".to_owned()), limit: Some(1_000), ..ComputerQuery::default() };
    page(bencher, &query, ComputerOrder::Name);
}

#[divan::bench]
fn by_need(bencher: divan::Bencher<'_, '_>) {
    let query = ComputerQuery { limit: Some(1_000), ..ComputerQuery::default() };
    page(bencher, &query, ComputerOrder::Needed);
}
