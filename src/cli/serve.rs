//! `confcall serve`: runs the built-in service or bot alone, for other programs.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::completions::candidates;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::tls::{self, Tls};
use super::usage::UsageError;
use crate::config::values;
use crate::emulator::bot;
use crate::emulator::bot::{
    BotMutant, BotOptions, BuiltInBot, REQUEST_MUTANTS, REQUEST_VARIANTS, Verification, VoiceMenu,
};
use crate::emulator::service::{
    BuiltInService, Edition, OPERATION_MUTANTS, OPERATION_VARIANTS, ServiceMutant, ServiceOptions,
};
use crate::extract;
use crate::http::Client;
use crate::runner::self_check::GIVEN_PATH;
use tokio_util::sync::CancellationToken;

pub(crate) const EXAMPLES: &str = concat!(
    "\
confcall prints `listening URL`, then the addresses that a run needs, and serves until ",
    end_request!(),
    ".

Examples:
  confcall serve --edition 2019-05 --listen 127.0.0.1:8080
  confcall run --service http://127.0.0.1:8080 --given http://127.0.0.1:8080/control/given
  confcall serve --bot
  confcall serve --bot --voice-menu --service http://127.0.0.1:8080/v1.0
  confcall serve --tls --listen 127.0.0.1:8443"
);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Serve the bot instead of the service
    #[arg(long)]
    bot: bool,
    /// Follow the newest text of each page up to this month, such as 2021-02 [default: the newest]
    #[arg(long, value_name = "EDITION", conflicts_with = "bot")]
    edition: Option<String>,
    /// Listen on this address [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen)]
    listen: Option<SocketAddr>,
    /// The bearer token to require and to send [default: any token is accepted]
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// With --bot: accept only notifications that are signed by a key of this OpenID configuration
    #[arg(long, value_name = "URL", value_parser = values::url, requires_all = ["bot", "application"])]
    verify: Option<Url>,
    /// With --verify: accept only notifications whose token is for this application id
    #[arg(long, value_name = "ID", requires = "verify")]
    application: Option<String>,
    #[command(flatten)]
    menu: MenuOptions,
    /// Give the built-in party this deliberate fault (`confcall selftest` lists the names)
    #[arg(long, value_name = "NAME", add = candidates::mutants())]
    mutant: Option<String>,
    #[command(flatten)]
    tls: Tls,
}

/// The options of a bot that acts without triggers.
#[derive(Debug, Args)]
struct MenuOptions {
    /// With --bot: answer incoming calls without a trigger, and play a voice menu (1 transfers, 2 invites, 9 and # hang up)
    #[arg(long, requires_all = ["bot", "service"])]
    voice_menu: bool,
    /// The service to which the voice menu sends requests; URL is the part in front of `/communications`
    #[arg(long, value_name = "URL", value_parser = values::base, requires = "voice_menu")]
    service: Option<Url>,
    /// With --bot: the callback URL to give to the service [default: that of the bot's listener]
    #[arg(long, value_name = "URL", value_parser = values::url, requires = "bot")]
    callback_url: Option<Url>,
    /// The id of the user for transfers and invitations of the voice menu
    #[arg(long, value_name = "ID", default_value = bot::USER, requires = "voice_menu")]
    user: String,
    /// The audio file that the voice menu plays
    #[arg(long, value_name = "URL", default_value = bot::PROMPT, value_parser = values::url, requires = "voice_menu")]
    prompt: Url,
    /// How often the voice menu sends `keepAlive`
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = values::duration, requires = "voice_menu")]
    keep_alive: Duration,
}

impl MenuOptions {
    fn voice_menu(&self) -> Option<VoiceMenu> {
        let service = self.service.as_ref().filter(|_| self.voice_menu)?;
        Some(VoiceMenu {
            service: service.as_str().trim_end_matches('/').to_owned(),
            user: self.user.clone(),
            prompt: self.prompt.to_string(),
            keep_alive: self.keep_alive,
        })
    }
}

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let shutdown = CancellationToken::new();
    super::runtime()?.block_on(async {
        super::interrupt_on_signals(&shutdown);
        if arguments.bot {
            serve_bot(arguments, output, shutdown).await?;
        } else {
            serve_service(arguments, output, shutdown).await?;
        }
        Ok(Exit::Success)
    })
}

async fn serve_bot(
    arguments: Arguments,
    output: Output,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let authority = arguments.tls.authority()?;
    let mutant = arguments.mutant.as_deref();
    let mut rows = REQUEST_MUTANTS.iter().chain(REQUEST_VARIANTS);
    let altered = rows.find(|row| mutant == Some(row.name));
    let mutant = mutant.filter(|_| altered.is_none());
    let voice_menu = arguments.menu.voice_menu();
    let options = BotOptions {
        token: arguments.token.filter(|token| !token.is_empty()),
        callback_url: arguments.menu.callback_url.map(Url::into),
        mutant: named(mutant, BotMutant::ALL, BotMutant::name, "mutant")?,
        variant: None,
        altered,
        voice_menu,
        verification: verification(arguments.verify, arguments.application),
        client: Client::trusting(arguments.tls.trust()?),
    };
    let listener = tls::listen(arguments.listen, authority.as_deref()).await?;
    let bot = BuiltInBot::start(listener, options, shutdown);
    let (url, callback, trigger) = (bot.url(), bot.callback_url(), bot.trigger_url());
    output.print(&format!(
        "listening {url}\ncallback {callback}\ntrigger {trigger}\n"
    ))?;
    bot.ended().await;
    Ok(())
}

async fn serve_service(
    arguments: Arguments,
    output: Output,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let authority = arguments.tls.authority()?;
    let (edition, mutant) = (arguments.edition.as_deref(), arguments.mutant.as_deref());
    let mut rows = OPERATION_MUTANTS.iter().chain(OPERATION_VARIANTS);
    let altered = rows.find(|row| mutant == Some(row.name));
    let mutant = mutant.filter(|_| altered.is_none());
    let options = ServiceOptions {
        edition: up_to(edition)?,
        token: arguments.token.filter(|token| !token.is_empty()),
        public_url: None,
        mutant: named(mutant, ServiceMutant::ALL, ServiceMutant::name, "mutant")?,
        variant: None,
        altered,
        acknowledged_within: None,
        client: Client::trusting(arguments.tls.trust()?),
    };
    let listener = tls::listen(arguments.listen, authority.as_deref()).await?;
    let service = BuiltInService::start(listener, options, shutdown);
    let url = service.url();
    output.print(&format!("listening {url}\ngiven {url}{GIVEN_PATH}\n"))?;
    service.ended().await;
    Ok(())
}

fn verification(configuration: Option<Url>, application: Option<String>) -> Option<Verification> {
    Some(Verification {
        configuration: configuration?.into(),
        application: application?,
    })
}

/// The newest edition of the built-in service up to a month; the newest of all without one.
pub(super) fn up_to(month: Option<&str>) -> Result<Edition, UsageError> {
    let Some(month) = month else {
        return Ok(Edition::default());
    };
    let is_month = month.parse::<extract::Edition>().is_ok();
    let mut newest_first = Edition::ALL.iter().rev();
    let newest = newest_first.find(|it| is_month && it.name() <= month);
    newest.copied().ok_or_else(|| UsageError::UnknownName {
        kind: "edition",
        name: month.to_owned(),
        names: Edition::ALL.iter().map(|it| it.name()).collect(),
    })
}

fn named<T: Copy>(
    wanted: Option<&str>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
    kind: &'static str,
) -> Result<Option<T>, UsageError> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    if let Some(found) = all.iter().copied().find(|one| name(*one) == wanted) {
        return Ok(Some(found));
    }
    Err(UsageError::UnknownName {
        kind,
        name: wanted.to_owned(),
        names: all.iter().map(|one| name(*one)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_is_the_newest_up_to_a_month() {
        for (month, edition) in [
            (None, Some("2021-02")),
            (Some("2022-04"), Some("2021-02")),
            (Some("2021-02"), Some("2021-02")),
            (Some("2020-05"), Some("2019-09")),
            (Some("2019-05"), Some("2019-05")),
            (Some("2019-04"), None),
            (Some("2022"), None),
            (Some("2022-13"), None),
            (Some("newest"), None),
        ] {
            let found = up_to(month).ok().map(Edition::name);
            assert_eq!(found, edition, "{month:?}");
        }
    }
}
