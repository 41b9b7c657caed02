//! `[monitor]` of `confcall.toml`: the environment of the tests that `confcall monitor` starts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[monitor]`: the environment of the command of `confcall monitor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Monitor")]
pub(crate) struct MonitorSection {
    /// Environment variables in addition to `CONFCALL_SERVICE` and `CONFCALL_CONTROL`. The value says which address the
    /// variable gets.
    pub env: BTreeMap<String, MonitorAddress>,
}

/// An address of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MonitorAddress {
    /// The URL of the service, without a trailing slash.
    Service,
    /// The host and the port of the service, such as `127.0.0.1:8080`.
    ServiceHost,
    /// The port of the service.
    ServicePort,
    /// The URL of the control interface of the built-in service. The variable is not set with `--service`.
    Control,
}
