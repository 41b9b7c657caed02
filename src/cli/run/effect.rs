//! Settings of `[target]` that would be without effect: refused, as the command line does.

use super::project::wrong;
use crate::api::party::Party;
use crate::cli::failure::Failure;
use crate::config::target::Target;

/// Refuses what would be without effect.
///
/// # Errors
///
/// The first such setting, with the remedy.
pub(super) fn check(target: &Target) -> Result<(), Failure> {
    let other = match target.role {
        Party::Bot => vec![
            ("given", target.given.is_some()),
            ("callback-listen", target.callback_listen.is_some()),
            ("callback-url", target.callback_url.is_some()),
        ],
        Party::Service => vec![
            ("trigger", target.trigger.is_some()),
            ("acts-by-itself", target.acts_by_itself),
            ("application", target.application.is_some()),
            ("listen", target.listen.is_some()),
            ("public-url", target.public_url.is_some()),
            ("intercept", !target.intercept.is_empty()),
        ],
    };
    if let Some((key, _)) = other.into_iter().find(|(_, is_there)| *is_there) {
        let role = target.role;
        let said =
            format!("a {role} has no such setting\n  = help: leave it out, or look at `role`");
        return Err(wrong(key, said));
    }
    if target.application.as_ref().is_some_and(String::is_empty) {
        return Err(wrong(
            "application",
            "it is empty\n  = help: leave it out where notifications are not signed",
        ));
    }
    if target.public_url.is_some() && !target.intercept.is_empty() {
        let said = "with `intercept` the bot is told the service's own address\n  = help: leave one of the two out";
        return Err(wrong("public-url", said));
    }
    let is_started = target.command.is_some() || target.port.is_some();
    if target.url.contains("{port}") && !is_started {
        let said = "`{port}` is a free port, and nothing is started that could take it\n  = help: give the port where the target listens, or `[target.command]`";
        return Err(wrong("url", said));
    }
    let command = target.command.as_ref();
    if command
        .and_then(|it| it.ready.as_ref())
        .is_some_and(String::is_empty)
    {
        let said = "an empty text would be waited for in vain\n  = help: leave it out where the target is ready when it takes connections";
        return Err(wrong("command.ready", said));
    }
    Ok(())
}
