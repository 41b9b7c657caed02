//! The ends of operations and calls in change notifications. Two ends of one operation or call exclude each other.

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::Resource;

use super::conversation::{has_word, resource_of};
use super::json::property;
use super::people;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The end of a comms operation.
    Operation {
        /// The name of its type; none for the general type, which may replace any type.
        of_type: Option<String>,
        has_failed: bool,
    },
    Call {
        /// In normal form.
        call: String,
        state: CallEnd,
    },
}

/// What a call comes to in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallEnd {
    Terminated,
    /// It goes on, because something failed.
    Continued,
    /// It is established, as it may be at any time before its end.
    Established,
}

impl End {
    pub(super) fn of(item: &Value) -> Option<Self> {
        let data = property(item, "resourceData");
        if let Some(has_failed) = has_failed(item) {
            let of_type = people::type_name(data).filter(|name| *name != "commsOperation");
            return Some(Self::Operation {
                of_type: of_type.map(str::to_owned),
                has_failed,
            });
        }
        let Some(Resource::Call(call)) = resource_of(item) else {
            return None;
        };
        let is_deleted = has_word(item, "changeType", "deleted");
        let state = if is_deleted || has_word(data, "state", "terminated") {
            CallEnd::Terminated
        } else if !has_word(data, "state", "established") {
            return None;
        } else if is_error(property(property(data, "resultInfo"), "code")) {
            CallEnd::Continued
        } else {
            CallEnd::Established
        };
        let call = identifier::normal(&call);
        Some(Self::Call { call, state })
    }

    /// True if the other end cannot follow this one.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Operation {
                    of_type,
                    has_failed,
                },
                Self::Operation {
                    of_type: other_type,
                    has_failed: other_failed,
                },
            ) => {
                let is_same = of_type.is_none() || other_type.is_none() || of_type == other_type;
                is_same && has_failed != other_failed
            }
            (
                Self::Call { call, state },
                Self::Call {
                    call: other,
                    state: next,
                },
            ) => {
                call == other
                    && match state {
                        CallEnd::Terminated => *next != CallEnd::Terminated,
                        CallEnd::Continued => *next == CallEnd::Terminated,
                        CallEnd::Established => false,
                    }
            }
            _ => false,
        }
    }

    /// True if something did not succeed.
    pub(super) const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Operation {
                has_failed: true,
                ..
            } | Self::Call {
                state: CallEnd::Continued,
                ..
            }
        )
    }

    /// True if nothing but another end can follow.
    pub(super) const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Call {
                state: CallEnd::Established,
                ..
            }
        )
    }
}

/// Whether the operation of a change notification has failed; none if it has not ended.
fn has_failed(item: &Value) -> Option<bool> {
    if !has_word(item, "changeType", "deleted") {
        return None;
    }
    let data = property(item, "resourceData");
    if has_word(data, "status", "failed") {
        return Some(true);
    }
    has_word(data, "status", "completed").then_some(false)
}

/// True for the code of a result that is no success, as a number or a text.
fn is_error(code: &Value) -> bool {
    let code = code.as_i64().or_else(|| code.as_str()?.parse().ok());
    code.is_some_and(|code| code >= 400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(state: &str, code: u64) -> End {
        let change = if state == "terminated" {
            "deleted"
        } else {
            "updated"
        };
        let item = json!({
            "changeType": change, "resource": "/app/calls/1",
            "resourceData": {"state": state, "resultInfo": {"code": code}},
        });
        End::of(&item).unwrap()
    }

    fn operation(name: &str, status: &str) -> End {
        let item = json!({
            "changeType": "deleted", "resource": "/app/calls/1/operations/2",
            "resourceData": {"@odata.type": name, "status": status},
        });
        End::of(&item).unwrap()
    }

    #[test]
    fn a_call_that_has_ended_does_not_go_on() {
        let (terminated, failed) = (call("terminated", 0), call("established", 500));
        let established = call("established", 0);
        assert!(terminated.excludes(&failed) && failed.excludes(&terminated));
        assert!(terminated.excludes(&established) && !established.excludes(&terminated));
        assert!(!terminated.excludes(&terminated) && !failed.excludes(&failed));
        assert!(failed.is_failure() && !terminated.is_failure());
    }

    #[test]
    fn an_operation_ends_once() {
        let record = operation("#microsoft.graph.recordOperation", "completed");
        let failed = operation("microsoft.graph.recordOperation", "Failed");
        assert!(record.excludes(&failed) && failed.excludes(&record));
        assert!(!record.excludes(&record));
        let cancelled = operation("#microsoft.graph.playPromptOperation", "failed");
        assert!(!record.excludes(&cancelled));
        let general = operation("#microsoft.graph.commsOperation", "failed");
        assert!(record.excludes(&general));
        assert_eq!(
            End::of(&json!({"changeType": "updated", "resource": "/app/calls/1"})),
            None
        );
    }
}
