//! Imports: the body goes to a file in the data folder, the answer tells the progress.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use headwater_api::{ImportEvent, ImportProgress, ImportQuery, ImportSummary, Quarantined, RefusedFile};
use headwater_app::admin::import as use_case;
use headwater_app::{App, Operator};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::{Administrator, Query, Shared};
use crate::json::lines;
use crate::problem::Refusal;

/// The largest package, in bytes. A whole catalogue with its content is larger: bring the content
/// in parts.
const PACKAGE_BYTES_MAX: u64 = 64 << 30;
/// The quarantined documents that an answer names, and the refused files.
const QUARANTINED_MAX: usize = 1_000;

pub(super) async fn import(
    State(console): Shared,
    Query(query): Query<ImportQuery>,
    Administrator(operator): Administrator,
    request: Request,
) -> Result<Response, Refusal> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let extension = match media_type {
        Some(ImportQuery::CABINET) => "cab",
        Some(ImportQuery::TAR) => "tar",
        _ => {
            let detail =
                format!("send a cabinet as {} or a folder as {}", ImportQuery::CABINET, ImportQuery::TAR);
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown kind of package", detail));
        }
    };
    let package = console.app.import_file(extension)?;
    if let Err(error) = receive(request.into_body(), &package).await {
        discard(&package).await;
        return Err(error);
    }
    let (events, received) = mpsc::unbounded_channel();
    tokio::spawn(run(console.app.clone(), operator, query.name, package, events));
    Ok(lines(received))
}

/// Runs to its end even if the client hangs up.
async fn run(
    app: Arc<App>,
    operator: Operator,
    name: String,
    package: PathBuf,
    events: mpsc::UnboundedSender<ImportEvent>,
) {
    let progress = events.clone();
    let result = app
        .import(&operator, &name, package.clone(), move |so_far| {
            // A client that hung up does not want to know.
            let _ = progress.send(ImportEvent::Progress(ImportProgress {
                documents: so_far.documents,
                documents_total: so_far.documents_total,
                files: so_far.files,
            }));
        })
        .await;
    discard(&package).await;
    let last = match result {
        Ok(done) => ImportEvent::Finished { summary: summary(done) },
        Err(error) => ImportEvent::Failed { problem: Refusal::from(error).0 },
    };
    let _ = events.send(last);
}

async fn receive(body: Body, package: &PathBuf) -> Result<(), Refusal> {
    let failed = |error: std::io::Error| {
        let detail = format!("the package cannot be written to {}: {error}", package.display());
        Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "the package cannot be kept", detail)
    };
    let mut file = tokio::fs::File::create(package).await.map_err(failed)?;
    let mut chunks = body.into_data_stream();
    let mut received = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::invalid("the package was cut off"))?;
        received += chunk.len() as u64;
        if received > PACKAGE_BYTES_MAX {
            let detail = format!("a package has at most {} GiB", PACKAGE_BYTES_MAX >> 30);
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the package is too large", detail));
        }
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)
}

async fn discard(package: &PathBuf) {
    if let Err(error) = tokio::fs::remove_file(package).await {
        tracing::warn!(file = %package.display(), %error, "an imported package could not be removed");
    }
}

fn summary(done: use_case::ImportSummary) -> ImportSummary {
    let quarantined = done.quarantined.into_iter().take(QUARANTINED_MAX);
    let files_unknown = done.files_refused.len() as u64;
    let refused = done.files_refused.into_iter().take(QUARANTINED_MAX);
    ImportSummary {
        documents: done.documents,
        added: done.added,
        unchanged: done.unchanged,
        categories: done.categories,
        detectoids: done.detectoids,
        software: done.software,
        drivers: done.drivers,
        incomplete: done.incomplete,
        quarantined: quarantined
            .map(|refused| Quarantined {
                name: refused.name,
                update_id: refused.update,
                reason: refused.reason,
            })
            .collect(),
        files_added: done.files_added,
        files_unknown,
        files_refused: refused.map(|file| RefusedFile { name: file.name, reason: file.reason }).collect(),
        duration_ms: done.duration_ms,
    }
}
