//! Exit codes. They are a stable part of the interface.

use std::process::ExitCode;

use crate::judge::verdict::Run;

/// The exit of confcall. If several apply, the first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 130: interrupted.
    Interrupted,
    /// 70: a defect of confcall.
    Defect,
    /// 2: bad usage or bad input.
    Usage,
    /// 3: the environment failed.
    Environment,
    /// 1: the target breaks the contract, or something could not be judged, or nothing passed or is known.
    Failed,
    /// 0: something passed, or failed only as listed, and nothing else is wrong.
    Success,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Defect => 70,
            Self::Interrupted => 130,
        }
    }

    /// The exit with this number.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        let all = [
            Self::Interrupted,
            Self::Defect,
            Self::Usage,
            Self::Environment,
            Self::Failed,
            Self::Success,
        ];
        all.into_iter().find(|it| it.code() == code)
    }

    /// The exit of a run that was played to its end.
    pub const fn of_run(run: &Run) -> Self {
        let summary = &run.summary;
        if summary.error > 0 {
            Self::Defect
        } else if summary.fail > 0
            || summary.inconclusive > 0
            || summary.pass + summary.known == 0
            || !run.errors.is_empty()
        {
            Self::Failed
        } else {
            Self::Success
        }
    }

    /// The more severe of two exits.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::{JudgedTarget, Summary};

    fn exit(summary: Summary) -> u8 {
        let target = JudgedTarget {
            role: None,
            url: None,
        };
        let mut run = Run::new(target, Vec::new());
        run.summary = summary;
        Exit::of_run(&run).code()
    }

    #[test]
    fn a_pass_or_a_known_failure_and_nothing_wrong_is_success() {
        let none = Summary::default();
        assert_eq!(exit(none), 1);
        assert_eq!(exit(Summary { skip: 3, ..none }), 1);
        assert_eq!(exit(Summary { known: 3, ..none }), 0);
        let pass = Summary { pass: 1, ..none };
        assert_eq!(
            exit(Summary {
                skip: 1,
                known: 1,
                ..pass
            }),
            0
        );
        assert_eq!(exit(Summary { fail: 1, ..pass }), 1);
        assert_eq!(
            exit(Summary {
                inconclusive: 1,
                ..pass
            }),
            1
        );
        assert_eq!(
            exit(Summary {
                error: 1,
                fail: 1,
                ..pass
            }),
            70
        );
    }

    #[test]
    fn the_first_of_70_2_3_1_0_counts() {
        let order = [
            Exit::Defect,
            Exit::Usage,
            Exit::Environment,
            Exit::Failed,
            Exit::Success,
        ];
        assert_eq!(order.map(Exit::code), [70, 2, 3, 1, 0]);
        for pair in order.windows(2) {
            assert_eq!(pair[1].worse(pair[0]), pair[0]);
            assert_eq!(pair[0].worse(pair[1]), pair[0]);
        }
    }
}
