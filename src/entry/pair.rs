//! The built-in pair under the judge.
use crate::io::player::{PlayError, Setup};
use crate::logic::verdict::{Role, ScenarioResult};

/// Plays both.
///
/// # Errors
///
/// Sockets.
pub async fn play(_setup: &Setup, _roles: &[Role]) -> Result<Vec<ScenarioResult>, PlayError> {
    Ok(Vec::new())
}
