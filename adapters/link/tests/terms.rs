//! The terms of certificates, in handshakes over sockets.

use headwater_link::{Authority, Dial, DialError, Identity, Key, Party, Term, Watch, paired_server};
use headwater_model::{LinkageId, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const LINKAGE: Party = Party::Linkage(LinkageId::from_u128(1));
const DAY: i64 = 86_400;

fn day(number: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(number * DAY)
}

fn watch(at: Timestamp) -> Watch {
    Watch::new(move || at)
}

fn certified(authority: &Authority, party: Party, term: Term) -> Identity {
    let key = Key::generate().expect("a key");
    Identity {
        certificate: authority.certify(party, &key.public(), term).expect("a certificate"),
        key: key.secret(),
        authority: authority.certificate.clone(),
    }
}

/// What the managing server hears from a Linkage, by the clocks and the certificates of both.
async fn ask(manager: (&Identity, Timestamp), linkage: (&Identity, Timestamp)) -> Result<bool, DialError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}/linkage", listener.local_addr().expect("an address"));
    let config = paired_server(linkage.0, &watch(linkage.1)).expect("a configuration");
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await else { return };
        let mut asked = [0; 1024];
        if stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue";
            stream.write_all(answer).await.expect("writes");
        }
    });
    let dial = Dial::linkage(url.parse().expect("a URL"), LINKAGE, manager.0, &watch(manager.1));
    let answer = dial.expect("dials").get("/linkage", std::time::Duration::from_secs(10)).await;
    server.await.expect("ends");
    answer
}

#[tokio::test]
async fn a_certificate_that_ran_out_is_taken_until_the_grace_is_over() {
    let authority = Authority::generate(day(1_000)).expect("an authority");
    let new = |party, on| certified(&authority, party, Term::of_party(day(on)));
    let (manager, linkage) = (new(Party::Manager, 1_000), new(LINKAGE, 1_000));
    // The clock of one is hours behind the moment at which they were certified.
    for on in [1_000, 1_089, 1_091, 1_179] {
        let hours_ago = day(on).plus_seconds(-5 * 3_600);
        assert!(ask((&manager, day(on)), (&linkage, day(on))).await.expect("answers"), "day {on}");
        assert!(ask((&manager, day(on)), (&linkage, hours_ago)).await.expect("answers"), "day {on}");
        assert!(ask((&manager, hours_ago), (&linkage, day(on))).await.expect("answers"), "day {on}");
    }
    let after = day(1_181);
    for (manager, linkage) in [(&new(Party::Manager, 1_181), &linkage), (&manager, &new(LINKAGE, 1_181))] {
        let refused = ask((manager, after), (linkage, after)).await.expect_err("is refused");
        assert!(matches!(refused, DialError::RanOut { .. }), "{refused:?}");
        assert!(refused.to_string().contains("`headwater linkage unpair`"), "{refused}");
    }
}

#[tokio::test]
async fn a_certificate_without_an_end_is_taken() {
    let authority = Authority::generate(day(1_000)).expect("an authority");
    let endless = Term { from: day(1_826), until: day(776_000) };
    let (manager, linkage) =
        (certified(&authority, Party::Manager, endless), certified(&authority, LINKAGE, endless));
    assert!(ask((&manager, day(5_000)), (&linkage, day(5_000))).await.expect("answers"));
}

#[tokio::test]
async fn a_renewed_authority_of_the_same_key_is_the_same_to_those_who_know_the_old_one() {
    let old = Authority::generate(day(1_000)).expect("an authority");
    let manager = certified(&old, Party::Manager, Term::of_party(day(6_000)));
    let key = Key::from_secret(&old.key.secret()).expect("a key");
    let renewed = Authority::of(key, day(6_000)).expect("an authority");
    assert_ne!(renewed.certificate, old.certificate);
    let linkage = certified(&renewed, LINKAGE, Term::of_party(day(6_000)));
    assert!(ask((&manager, day(6_000)), (&linkage, day(6_000))).await.expect("answers"));

    let stranger = Authority::generate(day(1_000)).expect("an authority");
    let stranger = certified(&stranger, LINKAGE, Term::of_party(day(6_000)));
    let refused = ask((&manager, day(6_000)), (&stranger, day(6_000))).await;
    assert!(matches!(refused, Err(DialError::Stranger { .. })), "of another authority: {refused:?}");
    let other = certified(&renewed, Party::Linkage(LinkageId::from_u128(2)), Term::of_party(day(6_000)));
    let refused = ask((&manager, day(6_000)), (&other, day(6_000))).await;
    assert!(matches!(refused, Err(DialError::Stranger { .. })), "another Linkage: {refused:?}");
}
