//! The whole default run in this process: every built-in scenario, in fast injection too, both roles,
//! over real sockets.

use std::num::NonZeroUsize;
use std::sync::Arc;

use confcall::api::party::Party;
use confcall::inject::{Kind, with_injected};
use confcall::judge;
use confcall::judge::verdict::Verdict;
use confcall::runner::self_check::{self, PairOptions};
use confcall::runner::{Options, Stop};
use confcall::scenario::store;
use criterion::{Criterion, criterion_group, criterion_main};

fn run(bench: &mut Criterion) {
    let scenarios = store::built_in().expect("scenarios");
    let fast: Vec<Kind> = Kind::ALL.into_iter().filter(|it| it.is_fast()).collect();
    let cases = judge::cases(&scenarios, &with_injected(&scenarios, &fast));
    let options = Arc::new(Options {
        jobs: NonZeroUsize::new(16),
        ..Options::default()
    });
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    bench.bench_function("run/default", |timer| {
        timer.iter(|| {
            let parties = [Party::Service, Party::Bot];
            let (pair, stop) = (PairOptions::default(), Stop::default());
            let played = self_check::play(&options, &cases, &parties, pair, &stop);
            let results = runtime.block_on(played).expect("sockets");
            assert!(results.iter().all(|result| result.verdict == Verdict::Pass));
        });
    });
}

criterion_group!(benches, run);
criterion_main!(benches);
