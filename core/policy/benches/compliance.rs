//! Status at the scale of a large fleet: 100,000 computers with 300 rows each.

use std::sync::LazyLock;

use headwater_model::{Timestamp, UpdateId};
use headwater_policy::compliance::{
    ComputerStatus, Event, Inventory, State, StatusIndex, UpdateNumber, UpdateNumbers, apply,
};
use roaring::RoaringBitmap;

const COMPUTERS: u32 = 100_000;
const UPDATES: u32 = 1_500;

#[expect(clippy::print_stdout, reason = "sizes are figures too")]
fn main() {
    let fleet = &*FLEET;
    println!(
        "{} rows: {} bytes packed, {} bytes of bitmaps",
        fleet.rows,
        fleet.packed_bytes,
        fleet.index.bitmap_bytes()
    );
    divan::main();
}

struct Fleet {
    index: StatusIndex,
    members: RoaringBitmap,
    rows: usize,
    packed_bytes: usize,
}

static FLEET: LazyLock<Fleet> = LazyLock::new(fleet);

fn fleet() -> Fleet {
    let numbers = numbers();
    let mut index = StatusIndex::default();
    let (mut rows, mut packed_bytes) = (0, 0);
    for computer in 0..COMPUTERS {
        let (status, _) = apply(&ComputerStatus::default(), &[inventory(computer)], &numbers);
        rows += status.rows().len();
        packed_bytes += status.to_bytes().len();
        index.replace(computer, &ComputerStatus::default(), &status);
    }
    let members = (0..COMPUTERS).filter(|computer| computer % 3 != 0).collect();
    Fleet { index, members, rows, packed_bytes }
}

fn numbers() -> UpdateNumbers {
    (1..=UPDATES).map(|number| (UpdateNumber(number), UpdateId::from_u128(u128::from(number)))).collect()
}

/// Every fifth product with 30 updates is on a computer, which needs a few of them.
fn inventory(computer: u32) -> Event {
    let listed = (1..=UPDATES).filter(|update| (update / 30 + computer).is_multiple_of(5));
    let states = listed.map(|update| {
        let needed = (update * 7 + computer).is_multiple_of(50);
        let state = if needed { State::NotInstalled } else { State::Installed };
        (UpdateId::from_u128(u128::from(update)), state)
    });
    Event {
        at: Timestamp::EPOCH.plus_seconds(1_791_126_216),
        id: 156,
        update: None,
        hresult: 0,
        inventory: Some(Inventory { states: states.collect(), rejected: 0 }),
    }
}

#[divan::bench]
fn apply_an_inventory(bencher: divan::Bencher<'_, '_>) {
    let (numbers, event) = (numbers(), [inventory(7)]);
    bencher.bench(|| apply(&ComputerStatus::default(), &event, &numbers));
}

#[divan::bench]
fn unpack_a_row(bencher: divan::Bencher<'_, '_>) {
    let bytes = apply(&ComputerStatus::default(), &[inventory(7)], &numbers()).0.to_bytes();
    bencher.bench(|| ComputerStatus::from_bytes(&bytes));
}

#[divan::bench]
fn judge_all_computers() -> impl Sized {
    FLEET.index.verdict((1..=UPDATES).map(UpdateNumber), &FLEET.members)
}

#[divan::bench]
fn count_the_rows_of_all_updates() -> u64 {
    (1..=UPDATES).map(|update| FLEET.index.rows(UpdateNumber(update), &FLEET.members).needed()).sum()
}

#[divan::bench]
fn count_all_states_of_one_update() -> impl Sized {
    FLEET.index.counts(UpdateNumber(1), Timestamp::EPOCH, &FLEET.members)
}

/// As when the record of a server is deleted to which half of them report.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn forget_half_of_all_computers(bencher: divan::Bencher<'_, '_>) {
    let half = (0..COMPUTERS / 2).collect();
    bencher.with_inputs(fleet).bench_refs(|fleet| fleet.index.remove(&half));
}
