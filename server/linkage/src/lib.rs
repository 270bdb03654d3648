//! WSUS Linkage: a component on every WSUS server of a tree.
//!
//! It has a key of its own and, once it is paired, a certificate of the managing server's authority. It
//! carries out the managing server's orders on its WSUS ([`Wsus`]) and hands on those for the Linkages
//! below it, which dial it and hold the connection ([`relay`]). It dials the Linkage above, if there is
//! one ([`follow_parent`]). Nothing is believed for the place where it came from: orders are checked by
//! their signature where they are carried out.

mod execute;
mod join;
mod kept;
mod parent;
mod relay;
mod run;
mod state;
mod taken;
mod trust;
mod wsus;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use headwater_api::linkage::{
    About, Handed, Hold, Introduction, Join, PROTOCOL, Pairing, PairingAnswer, Signed,
};
use headwater_app::Clock;
use headwater_link::{
    Code, Identity, LinkageSide, Party, PublicKey, TlsError, Watch, anonymous_server, is_party, paired_server,
};
use headwater_model::{LinkageId, Timestamp};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;

pub use kept::keep_memberships;
pub use parent::follow_parent;
pub use run::{AskError, ask_own_linkage};
pub use state::{StateError, must_have_run, shown_code, shown_identity};
pub use wsus::{Microsoft, Wsus};

use join::Joiners;
use kept::Kept;
use relay::Relay;
use run::OwnRun;
use state::State;
use taken::Taken;

/// Why a Linkage does not start, or not answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkageError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Pairing(#[from] headwater_link::PairingError),
    #[error("{0}")]
    Refused(String),
    #[error("only a party of this Linkage's managing server may ask that")]
    NotPermitted,
    #[error("the Linkage {0} is not connected with this one")]
    NotReached(LinkageId),
}

/// A code is given up after so many tries.
const TRIES_MAX: u32 = 5;
/// A managing server that ordered nothing so long after the pairing never heard of its end.
const UNCONFIRMED_MAX: Duration = Duration::from_secs(60);

/// What was revoked and asks again and again gets no quicker answers than this.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

/// Forgets the managing server of a Linkage that does not run, and what it ordered. Another key takes the
/// place of the one that was known there, for that may have been revoked.
pub fn forget_manager(folder: &Path) -> Result<(), StateError> {
    kept::forget_in(folder)?;
    state::begin_anew(folder)
}

/// One Linkage.
pub struct Linkage {
    wsus: Wsus,
    clock: Clock,
    state: State,
    pairing: Mutex<PairingTry>,
    taken: Taken,
    relay: Relay,
    kept: Kept,
    joiners: Joiners,
    own_run: OwnRun,
    tls: Arc<ArcSwap<ServerConfig>>,
    /// Tells those that follow it that it was paired or unpaired.
    paired: watch::Sender<bool>,
    /// When it was paired, until the first order.
    unconfirmed: Mutex<Option<Instant>>,
    /// Revoked Linkages that dialled since the start, and when they last did.
    refused: Mutex<HashMap<LinkageId, Timestamp>>,
}

/// The code that a person carries, and how far a try with it is.
struct PairingTry {
    code: Code,
    tries: u32,
    side: Option<LinkageSide>,
}

impl Linkage {
    /// Reads its key from the folder, or makes one.
    pub fn open(folder: &Path, wsus: Wsus, clock: Clock) -> Result<Arc<Self>, LinkageError> {
        let state = State::open(folder)?;
        let code = Code::generate()?;
        state.show_code(state.paired().is_none().then_some(&code))?;
        let tls = server_config(&state, &clock)?;
        let paired = watch::Sender::new(state.paired().is_some());
        Ok(Arc::new(Self {
            wsus,
            clock,
            tls: Arc::new(ArcSwap::new(tls)),
            pairing: Mutex::new(PairingTry { code, tries: 0, side: None }),
            taken: Taken::open(folder)?,
            relay: Relay::default(),
            kept: Kept::open(folder)?,
            joiners: Joiners::default(),
            own_run: OwnRun::default(),
            paired,
            unconfirmed: Mutex::new(None),
            refused: Mutex::default(),
            state,
        }))
    }

    /// By which others know it; another one after it was revoked.
    pub fn id(&self) -> LinkageId {
        self.state.id()
    }

    /// What its listener serves with, which changes when it is paired and with every certificate.
    pub fn tls(&self) -> Arc<ArcSwap<ServerConfig>> {
        self.tls.clone()
    }

    /// For people to compare with what the managing server shows.
    pub fn fingerprint(&self) -> String {
        self.state.key().public().fingerprint()
    }

    /// What a person carries to the managing server; nothing once it has one.
    pub fn code(&self) -> Option<String> {
        self.state.paired().is_none().then(|| self.pairing().code.shown())
    }

    /// The name of its managing server.
    pub fn manager(&self) -> Option<String> {
        self.state.paired().map(|paired| paired.manager)
    }

    /// The managing server that revoked this Linkage, until it is paired again.
    pub fn revoked_by(&self) -> Option<String> {
        self.state.revoked_by()
    }

    /// Who it is to the others of its authority.
    pub(crate) fn identity(&self) -> Option<Identity> {
        identity(&self.state)
    }

    pub(crate) fn watch(&self) -> Watch {
        watch(&self.clock)
    }

    pub(crate) fn manager_key(&self) -> Option<PublicKey> {
        self.state.paired().map(|paired| paired.manager_key)
    }

    fn pairing(&self) -> MutexGuard<'_, PairingTry> {
        self.pairing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn about(&self) -> About {
        self.give_up_unconfirmed();
        About {
            product: About::PRODUCT.to_owned(),
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            linkage: self.id(),
            paired: self.state.paired().is_some(),
        }
    }

    /// One step of pairing. Five tries that come to nothing make a new code.
    pub fn pair(&self, step: &Pairing) -> PairingAnswer {
        match self.pair_step(step) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "a pairing was refused");
                PairingAnswer::Refused { reason: error.to_string() }
            }
        }
    }

    fn pair_step(&self, step: &Pairing) -> Result<PairingAnswer, LinkageError> {
        self.give_up_unconfirmed();
        if let Some(paired) = self.state.paired() {
            return Err(LinkageError::Refused(format!(
                "it has a managing server already, {}; unlink it there, or run `headwater linkage unpair` on its \
                 machine",
                paired.manager
            )));
        }
        let mut pairing = self.pairing();
        match step {
            Pairing::Begin { message } => {
                pairing.tries += 1;
                if pairing.tries > TRIES_MAX {
                    *pairing = PairingTry { code: Code::generate()?, tries: 0, side: None };
                    self.state.show_code(Some(&pairing.code))?;
                    tracing::warn!("too many tries with one pairing code: there is a new one");
                    return Err(LinkageError::Refused(
                        "too many tries: it shows a new code on its machine".to_owned(),
                    ));
                }
                let (side, answer) =
                    LinkageSide::begin(&pairing.code, message, self.id(), &self.state.key())?;
                pairing.side = Some(side);
                Ok(answer)
            }
            Pairing::Finish { .. } => {
                let side = pairing.side.take().ok_or(headwater_link::PairingError::Message)?;
                let paired = side.finish(step)?;
                tracing::info!(manager = paired.manager, "paired");
                self.state.pair(paired)?;
                *self.unconfirmed() = Some(Instant::now());
                self.serve_anew()?;
                self.paired.send_replace(true);
                Ok(PairingAnswer::Finished)
            }
        }
    }

    fn unconfirmed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.unconfirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The managing server's first order says that it knows of the pairing. Where none comes, the last
    /// answer was lost, and both begin anew.
    pub(crate) fn give_up_unconfirmed(&self) {
        let is_lost = self.unconfirmed().is_some_and(|since| since.elapsed() > UNCONFIRMED_MAX);
        if is_lost && let Err(error) = self.unpair() {
            tracing::error!(%error, "a pairing that was never confirmed could not be given up");
        }
    }

    /// Forgets the managing server. What it brought to the WSUS stays.
    pub(crate) fn unpair(&self) -> Result<(), LinkageError> {
        self.kept.forget()?;
        self.state.unpair()?;
        self.wait_for_a_manager()?;
        tracing::info!("the managing server unlinked this Linkage");
        Ok(())
    }

    /// Shows a code, for the managing server is gone.
    fn wait_for_a_manager(&self) -> Result<(), LinkageError> {
        *self.unconfirmed() = None;
        {
            let mut pairing = self.pairing();
            *pairing = PairingTry { code: Code::generate()?, tries: 0, side: None };
            self.state.show_code(Some(&pairing.code))?;
        }
        self.serve_anew()?;
        self.paired.send_replace(false);
        Ok(())
    }

    /// New connections see who it is now.
    fn serve_anew(&self) -> Result<(), TlsError> {
        self.tls.store(server_config(&self.state, &self.clock)?);
        Ok(())
    }

    /// Refuses who showed no certificate of this party.
    fn admit(peer: Option<&CertificateDer<'_>>, party: Party) -> Result<(), LinkageError> {
        let peer = peer.ok_or(LinkageError::NotPermitted)?;
        is_party(peer, party).map_err(|_| LinkageError::NotPermitted)
    }

    /// The managing server asks for an order to be carried out, here or below.
    pub async fn take_order(
        self: &Arc<Self>,
        order: Signed,
        peer: Option<&CertificateDer<'_>>,
    ) -> Result<Signed, LinkageError> {
        Self::admit(peer, Party::Manager)?;
        if order.linkage != self.id() {
            return self.order(order).await;
        }
        // What was begun goes on to its end, though the managing server may hang up.
        let linkage = self.clone();
        let carried_out = tokio::spawn(async move { linkage.carry_out(&order).await }).await;
        carried_out.unwrap_or_else(|error| {
            tracing::error!(%error, "an order broke off");
            Err(LinkageError::Refused("the order broke off; the Linkage's log says why".to_owned()))
        })
    }

    /// Carries out an order, or hands it on to the Linkage that it is for.
    pub(crate) async fn order(&self, order: Signed) -> Result<Signed, LinkageError> {
        if order.linkage == self.id() {
            self.carry_out(&order).await
        } else {
            self.relay.hand_on(order).await
        }
    }

    /// A Linkage below brings reports and waits for orders.
    pub async fn hold(&self, hold: Hold, peer: Option<&CertificateDer<'_>>) -> Result<Handed, LinkageError> {
        Self::admit(peer, Party::Linkage(hold.linkage))?;
        let child = hold.linkage;
        if let Some(refused) = self.refuse_revoked(child) {
            tokio::time::sleep(REFUSED_PAUSE).await;
            return Ok(refused);
        }
        let handed = self.relay.hold(hold, self.clock.now()).await?;
        // It may have been revoked while it held.
        Ok(self.refuse_revoked(child).unwrap_or(handed))
    }

    /// A Linkage without a managing server waits for one.
    pub async fn join(&self, join: Join) -> Result<Introduction, LinkageError> {
        self.joiners.join(join, self.clock.now()).await
    }
}

fn server_config(state: &State, clock: &Clock) -> Result<Arc<ServerConfig>, TlsError> {
    match identity(state) {
        None => anonymous_server(&state.key(), clock.now()),
        Some(identity) => paired_server(&identity, &watch(clock)),
    }
}

fn identity(state: &State) -> Option<Identity> {
    let paired = state.paired()?;
    Some(Identity { key: state.key().secret(), certificate: paired.certificate, authority: paired.authority })
}

fn watch(clock: &Clock) -> Watch {
    let clock = clock.clone();
    Watch::new(move || clock.now())
}

#[cfg(test)]
mod tests {
    use headwater_link::{Authority, ManagerSide, Term};
    use tempfile::TempDir;

    use super::*;

    /// A Linkage of a WSUS that nobody asks.
    fn linkage() -> (TempDir, Arc<Linkage>) {
        let folder = tempfile::tempdir().expect("a folder");
        let linkage = Linkage::open(folder.path(), wsus::nobodys(), Clock::system()).expect("opens");
        (folder, linkage)
    }

    /// A managing server's try with this code; whether it came to an end.
    fn try_pairing(linkage: &Linkage, code: &str) -> bool {
        let authority = Authority::generate(Timestamp::EPOCH).expect("an authority");
        let (side, begin) = ManagerSide::begin(&Code::parse(code).expect("a code"));
        match side.finish(linkage.pair(&begin), &authority, "hq", Timestamp::EPOCH) {
            Ok((_, _, finish)) => linkage.pair(&finish) == PairingAnswer::Finished,
            Err(_) => false,
        }
    }

    #[test]
    fn the_code_pairs_once_and_five_wrong_tries_make_a_new_one() {
        let (_folder, linkage) = linkage();
        let code = linkage.code().expect("a code");
        let wrong = if code == "1234-5678" { "1234-5679" } else { "1234-5678" };
        for _ in 0..=TRIES_MAX {
            assert!(!try_pairing(&linkage, wrong));
        }
        let fresh = linkage.code().expect("a code");
        assert_ne!(fresh, code);
        assert!(!try_pairing(&linkage, &code), "the old code is worth nothing");
        assert!(try_pairing(&linkage, &fresh));
        assert_eq!((linkage.code(), linkage.manager().as_deref()), (None, Some("hq")));
        assert!(!try_pairing(&linkage, &fresh), "it has a managing server");
    }

    #[test]
    fn a_pairing_that_nobody_confirms_is_given_up() {
        let (_folder, linkage) = linkage();
        assert!(try_pairing(&linkage, &linkage.code().expect("a code")));
        assert!(linkage.about().paired);
        *linkage.unconfirmed() = Instant::now().checked_sub(UNCONFIRMED_MAX * 2);
        assert!(!linkage.about().paired);
        assert!(try_pairing(&linkage, &linkage.code().expect("a new code")));
    }

    #[test]
    fn who_shows_no_certificate_orders_nothing() {
        let refused = Linkage::admit(None, Party::Manager);
        assert!(matches!(refused, Err(LinkageError::NotPermitted)));
        let authority = Authority::generate(Timestamp::EPOCH).expect("an authority");
        let key = headwater_link::Key::generate().expect("a key").public();
        let other = Party::Linkage(LinkageId::from_u128(1));
        let certificate = CertificateDer::from(
            authority.certify(other, &key, Term::of_party(Timestamp::EPOCH)).expect("a certificate"),
        );
        assert!(matches!(
            Linkage::admit(Some(&certificate), Party::Manager),
            Err(LinkageError::NotPermitted)
        ));
        assert!(Linkage::admit(Some(&certificate), other).is_ok());
    }
}
