//! The whole default run in this process: every built-in scenario, in fast injection too, both roles,
//! over real sockets.

use confcall::api::party::Party;
use confcall::cli::run::setup;
use confcall::inject::{Kind, with_injected};
use confcall::judge;
use confcall::judge::verdict::Verdict;
use confcall::runner::pair;
use confcall::runner::pair::PairOptions;
use confcall::scenario::store;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio_util::sync::CancellationToken;

fn run(bench: &mut Criterion) {
    let scenarios = store::built_in().expect("scenarios");
    let fast: Vec<Kind> = Kind::ALL.into_iter().filter(|it| it.is_fast()).collect();
    let cases = judge::cases(&scenarios, &with_injected(&scenarios, &fast));
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    bench.bench_function("run/default", |timer| {
        timer.iter(|| {
            let setup = setup(cases.clone(), CancellationToken::new());
            let roles = [Party::Service, Party::Bot];
            let results = runtime
                .block_on(pair::play(&setup, &roles, PairOptions::default()))
                .expect("sockets");
            assert!(results.iter().all(|result| result.verdict == Verdict::Pass));
        });
    });
}

criterion_group!(benches, run);
criterion_main!(benches);
