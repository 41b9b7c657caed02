//! The faults that are injected into monitored traffic.

use std::collections::BTreeMap;

use clap::Args;

use crate::cli::scenarios::injection_words;
use crate::cli::usage::UsageError;
use crate::inject::traffic::{KINDS, Rate, TrafficInjection};
use crate::inject::{InjectionChoice, InjectionKind};
use crate::runner::options::SEED;

#[derive(Debug, Args)]
pub(super) struct Faults {
    /// Inject faults of these kinds into the traffic
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        value_parser = injection_words(),
        help_heading = "Fault injection"
    )]
    inject: Vec<InjectionChoice>,
    /// Inject a fault into this percentage of the messages
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "10",
        requires = "inject",
        help_heading = "Fault injection"
    )]
    inject_rate: Rate,
    /// The seed of the random choice of messages and faults
    #[arg(long, value_name = "NUMBER", default_value_t = SEED, help_heading = "Fault injection")]
    seed: u64,
}

impl Faults {
    /// None if no kind is chosen.
    /// Errors: a kind needs a plan.
    pub(super) fn injection(&self) -> Result<Option<TrafficInjection>, UsageError> {
        for choice in &self.inject {
            if let InjectionChoice::Kind(kind) = choice
                && !KINDS.contains(kind)
            {
                let names = KINDS.map(InjectionKind::name).to_vec();
                let kind = kind.name();
                return Err(UsageError::InjectionNeedsPlan { kind, names });
            }
        }
        let is_chosen = |kind: &InjectionKind| self.inject.iter().any(|it| it.includes(*kind));
        let kinds: Vec<InjectionKind> = KINDS.into_iter().filter(is_chosen).collect();
        let injection = || TrafficInjection::new(kinds.clone(), self.inject_rate, self.seed);
        Ok((!kinds.is_empty()).then(injection))
    }

    /// The faults that were injected, as a sentence; none without fault injection.
    pub(super) fn summary(&self, injected: &BTreeMap<InjectionKind, usize>) -> Option<String> {
        let injection = self.injection().ok()??;
        let counts = injected.iter();
        let counts: Vec<String> = counts
            .map(|(kind, it)| format!("{} {it}", kind.name()))
            .collect();
        let counts = if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        };
        Some(format!("fault injection ({injection}): {counts}"))
    }
}
